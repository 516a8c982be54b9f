import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/clock.ts';
import type { Trace } from '../core/trace.ts';
import { OtlpExporter } from './otlp-exporter.ts';

const trace = (requestId: string): Trace => ({ requestId, principalId: 'k', plane: 'standalone', dialect: 'openai-chat', stream: false, requestedModel: 'm', receivedAt: 0, queueMs: 0, totalMs: 1, usage: {}, attempts: [], rewrites: [], outcome: 'succeeded', status: 200 });

function bed(answer: () => number | Error) {
  const clock = new FakeClock();
  const sent: string[][] = [];
  const told: string[] = [];
  const exporter = new OtlpExporter({
    clock,
    log: { warn: (_fields, message) => void told.push(message), info: (_fields, message) => void told.push(message) },
    service: { name: 'oar', version: '1', node: 'n' },
    random: (digits) => 'a'.repeat(digits),
    post(body) {
      const status = answer();
      if (status instanceof Error) return Promise.reject(status);
      sent.push([...body.matchAll(/"oar.request.id","value":\{"stringValue":"(\w+)"/g)].map(([, id = '']) => id));
      return Promise.resolve(status);
    },
  });
  return { clock, sent, told, exporter };
}

test('requests are sent together after two seconds, and at once when there are many', async () => {
  const { clock, sent, exporter } = bed(() => 200);
  exporter.record(trace('a'));
  exporter.record(trace('b'));
  expect(sent).toEqual([]);
  await clock.advanceAsync(2000);
  expect(sent).toEqual([['a', 'b']]);
  for (let count = 0; count < 256; count += 1) exporter.record(trace(`c${count}`));
  await clock.advanceAsync(0);
  expect(sent[1]).toHaveLength(256);
});

test('a collector that is away is told of once, gets the spans when it is back, and nothing twice', async () => {
  let answer: number | Error = new Error('connect ECONNREFUSED');
  const { clock, sent, told, exporter } = bed(() => answer);
  exporter.record(trace('a'));
  await clock.advanceAsync(2000);
  exporter.record(trace('b'));
  await clock.advanceAsync(2000);
  answer = 200;
  await clock.advanceAsync(60_000);
  expect(sent).toEqual([['a', 'b']]);
  expect(told).toEqual(['spans cannot be sent to the collector of telemetry.otlp.endpoint', 'spans are sent again']);
});

test('a collector that refuses them is not asked again with the same', async () => {
  const { clock, sent, exporter } = bed(() => 400);
  exporter.record(trace('a'));
  await clock.advanceAsync(120_000);
  expect(sent).toEqual([['a']]);
});

test('while it is away only the newest are kept', async () => {
  let answer = 503;
  const { clock, sent, exporter } = bed(() => answer);
  for (let count = 0; count < 6000; count += 1) exporter.record(trace(`r${count}`));
  await clock.advanceAsync(2000);
  answer = 200;
  sent.length = 0;
  await clock.advanceAsync(300_000);
  const ids = sent.flat();
  expect(ids.length).toBeLessThanOrEqual(4096 + 256);
  expect(ids.at(-1)).toBe('r5999');
  expect(new Set(ids).size).toBe(ids.length);
});

test('stop sends what is left, and does not wait for a collector that is away', async () => {
  const here = bed(() => 200);
  here.exporter.record(trace('a'));
  await here.exporter.stop();
  expect(here.sent).toEqual([['a']]);
  const away = bed(() => new Error('away'));
  away.exporter.record(trace('a'));
  await away.exporter.stop();
  expect(away.clock.pending).toBe(0);
});
