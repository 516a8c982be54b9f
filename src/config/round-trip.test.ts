/** Whatever is valid, written as YAML and read again, is the same configuration. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { taskTypes } from '../core/request.ts';
import type { Config } from './config.ts';
import { interpret } from './interpret.ts';

const name = fc.stringMatching(/^[a-z][a-z0-9.-]{0,8}$/);
// Everything that YAML could take for something else: quotes, colons, hashes, numbers, booleans, other scripts.
const anyText = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => !text.includes('${'));
const positive = fc.integer({ min: 1, max: 1_000_000 });
const count = fc.nat(1_000_000);
const size = fc.oneof(positive, fc.tuple(positive, fc.constantFrom('kb', 'mb', 'b')).map(([number, unit]) => `${number}${unit}`));
const url = fc.webUrl().filter((address) => !address.includes('${'));
const maybe = { requiredKeys: [] as never[] };

const model = fc.record(
  { sizeGb: fc.double({ min: 0.1, max: 1000, noNaN: true }), purpose: fc.array(fc.constantFrom(...taskTypes)), tags: fc.array(anyText), priority: fc.integer(), maxContext: positive, timeoutMs: positive, costClass: fc.constantFrom('low', 'medium', 'high'), allowWhenBusy: fc.boolean() },
  maybe,
);
const models = fc.uniqueArray(name, { maxLength: 4 }).chain((names) => fc.tuple(...names.map((each) => model.map((rest) => ({ name: each, ...rest })))));
const backend = fc.record({ apiKey: anyText, headers: fc.dictionary(name, anyText), maxConcurrent: positive, priority: fc.integer(), tags: fc.array(anyText), models: fc.array(anyText), timeouts: fc.record({ connectMs: count, firstByteMs: count, idleMs: count, totalMs: count }, maybe) }, maybe);
const backends = fc.uniqueArray(name, { maxLength: 3 }).chain((ids) => fc.tuple(...ids.map((id) => fc.tuple(fc.constantFrom('ollama', 'openai'), url, backend).map(([kind, address, rest]) => ({ id, kind, url: address, ...rest })))));

const sections = fc.record(
  {
    server: fc.record({ nodeId: name, host: anyText, port: fc.integer({ min: 0, max: 65535 }), basePath: name, requestBodyLimit: size, holdHeadMs: count }, maybe),
    ollama: fc.record({ baseUrl: url, keepAlive: fc.oneof(fc.integer(), fc.constantFrom('5m', '1h30m', '-1', '250ms')), requestTimeoutMs: positive }, maybe),
    backends,
    aliases: fc.dictionary(fc.stringMatching(/^alias-[a-z0-9]{1,6}\*?$/), name),
    router: fc.record({ defaultMode: fc.constantFrom('auto', 'sync', 'async'), placement: fc.constantFrom('adaptive', 'least-busy'), holdMs: count, retries: count, classification: fc.record({ optionalClassifierModel: anyText, classifierTimeoutMs: positive }, maybe) }, maybe),
    queue: fc.record({ globalMaxConcurrent: positive, globalMaxQueued: count, perUserMaxQueued: count, defaultPriority: fc.constantFrom('low', 'normal', 'high'), timeoutMs: positive }, maybe),
    jobs: fc.record({ store: fc.constantFrom('memory', 'sqlite'), path: anyText, resultTtlSeconds: positive, maxRetainedBytes: size }, maybe),
    store: fc.record({ kind: fc.constantFrom('memory', 'sqlite'), path: anyText }, maybe),
    gpu: fc.record({ provider: fc.constantFrom('none', 'nvidia'), name: anyText, vramTotalMb: count, maxGpuUtilizationPct: fc.integer({ min: 1, max: 100 }), requireGpuOnlyByDefault: fc.boolean() }, maybe),
    telemetry: fc.record({ logLevel: fc.constantFrom('debug', 'info', 'warn', 'error', 'silent') }, maybe),
  },
  maybe,
);

const written = fc.tuple(sections, models, fc.dictionary(fc.constantFrom(...taskTypes), fc.array(fc.nat(3)))).map(([rest, listed, routes]) => ({
  ...rest,
  models: listed,
  routes: Object.fromEntries(Object.entries(routes).map(([task, indexes]) => [task, indexes.flatMap((index) => listed[index]?.name ?? [])])),
}));

function read(value: unknown): Config {
  const { config, problems } = interpret({ file: 'f', written: stringify(value), env: {}, overrides: {} });
  expect(problems).toEqual([]);
  if (config === null) throw new Error('no configuration');
  return config;
}

test('any valid configuration round-trips through YAML', () => {
  fc.assert(
    fc.property(written, (value) => {
      const config = read(value);
      expect(read(config)).toEqual(config);
      expect(config.models.map((each) => each.name)).toEqual(value.models.map((each) => each.name));
    }),
    { numRuns: 150 },
  );
});
