import { expect, test } from 'vitest';
import { valueAt } from './config-path.ts';
import { interpret } from './interpret.ts';

function read(written: string) {
  return interpret({ file: 'oar.yaml', written, env: {}, overrides: {} });
}

const model = 'models:\n  - name: m\n';

test.each([
  [`${model}routes:\n  triage:\n    candidates: [m]\n`, 'routes.triage', ['m']],
  [`${model}routes:\n  triage:\n    candidates:\n`, 'routes.triage', []],
  [`${model}    costClass: small\n`, 'models.0.costClass', 'low'],
  [`${model}    costClass: large\n`, 'models.0.costClass', 'high'],
  ['logging:\n  level: warning\n', 'telemetry.logLevel', 'warn'],
  ['logging:\n  level: trace\n', 'telemetry.logLevel', 'debug'],
  ['logging:\n  level: fatal\n', 'telemetry.logLevel', 'error'],
  ['jobs:\n  maxRetainedJobs: 7\n', 'jobs.maxRetainedJobs', 7],
])('an old form is read as what it means: %j', (written, path, value) => {
  const { config, problems, warnings } = read(written);
  expect(problems).toEqual([]);
  expect(warnings).toEqual([]);
  expect(valueAt(config, path.split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step)))).toEqual(value);
});

test.each([[0, 'low'], [10, 'low'], [29, 'low'], [31, 'normal'], [50, 'normal'], [69, 'normal'], [71, 'high'], [90, 'high'], [1000, 'high']])('the priority %d is the nearest of 10, 50 and 90: %s', (number, word) => {
  const { config, warnings } = read(`queue:\n  defaultPriority: ${number}\n`);
  expect(config?.queue.defaultPriority).toBe(word);
  expect(warnings).toEqual([expect.stringContaining(`oar.yaml:2:3: queue.defaultPriority ${number} is read as ${word}`)]);
});

test.each(['amd', 'apple', 'cpu', 'custom'])('the GPU provider %s is none for now, with a warning', (provider) => {
  const { config, warnings } = read(`gpu:\n  provider: ${provider}\n`);
  expect(config?.gpu.provider).toBe('none');
  expect(warnings).toEqual([expect.stringContaining(`gpu.provider ${provider} is read as none`)]);
});

test.each([
  ['server:\n  publicBaseUrl: http://h\n', 'oar.yaml:2:3: server.publicBaseUrl'],
  ['logging:\n  format: json\n', 'oar.yaml:2:3: logging.format'],
  ['logging:\n  level: loud\n', 'oar.yaml:2:3: logging.level is not a level'],
  ['telemetry:\n  prometheus:\n    enabled: false\n', 'oar.yaml:3:5: telemetry.prometheus.enabled'],
  ['telemetry:\n  prometheus: {path: /m}\n', 'oar.yaml:2:16: telemetry.prometheus.path'],
])('an old key without a meaning is a warning with its place: %j', (written, words) => {
  const { config, warnings } = read(written);
  expect(config).not.toBeNull();
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain(words);
});

test('the new key beats the old one', () => {
  const { config, warnings } = read('logging: {level: error}\ntelemetry: {logLevel: debug}\n');
  expect(config?.telemetry.logLevel).toBe('debug');
  expect(warnings).toHaveLength(1);
});

test('an unknown model in an old route is found where it stands', () => {
  expect(read(`${model}routes:\n  triage:\n    candidates: [m, x]\n`).problems[0]?.where).toBe('oar.yaml:5:21');
});

test('what is no old key beside an old key is still an error', () => {
  expect(read('logging: {level: info, colour: true}\n').problems).toHaveLength(1);
  expect(read(`${model}routes:\n  triage: {candidates: [m], weight: 1}\n`).problems).toHaveLength(1);
});
