/** Requests as OpenTelemetry spans, sent to a collector over HTTP. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { chat, fakeServer, openAi, routerOver } from '../support/flow-bed.ts';

interface Span {
  readonly traceId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
}

interface Export {
  readonly headers: IncomingHttpHeaders;
  readonly path: string;
  readonly text: string;
  readonly spans: readonly Span[];
}

/** A collector as the OTLP specification describes it. */
async function collector(): Promise<{ readonly url: string; readonly exports: readonly Export[] }> {
  const exports: Export[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => (text += part));
    request.on('end', () => {
      const body = JSON.parse(text) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] };
      exports.push({ headers: request.headers, path: request.url ?? '', text, spans: body.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)) });
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"partialSuccess":{}}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, exports };
}

test('a request reaches the collector as one trace, below the span of its caller, without a word of the prompt', async () => {
  const sink = await collector();
  const fake = await fakeServer({ models: ['a:1b'] });
  const router = await routerOver(fake, { telemetry: { otlp: { endpoint: sink.url, headers: { 'x-tenant': 'home' } } } });
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const response = await router.post(openAi, chat({ model: 'a:1b', messages: [{ role: 'user', content: 'marked words' }] }), { traceparent });
  await response.text();
  const id = response.headers.get('x-oar-request-id');
  // What is left is sent when the router stops.
  await router.stop();
  expect(sink.exports.map(({ path, headers }) => [path, headers['content-type'], headers['x-tenant']])).toEqual([['/v1/traces', 'application/json', 'home']]);
  const [sent] = sink.exports as [Export];
  const names = sent.spans.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['chat a:1b', expect.stringMatching(/^attempt /), 'stream']));
  expect(sent.spans[0]).toMatchObject({ traceId: '4bf92f3577b34da6a3ce929d0e0e4736', parentSpanId: '00f067aa0ba902b7' });
  expect(sent.spans[0]?.attributes).toContainEqual({ key: 'oar.request.id', value: { stringValue: id } });
  expect(sent.text).not.toContain('marked');
});

test('without an endpoint nothing is sent, and a collector that is away disturbs nobody', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const router = await routerOver(fake, { telemetry: { otlp: { endpoint: 'http://127.0.0.1:9' } } });
  expect((await router.post(openAi, chat({ model: 'a:1b' }))).status).toBe(200);
  const from = performance.now();
  await router.stop();
  expect(performance.now() - from).toBeLessThan(5000);
});
