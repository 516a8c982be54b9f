// npm run bench: this router with everything on, a bare relay and a direct call, side by side in one run.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import { decisionMicros } from './decision.mjs';
import { cpuSeconds, end, median, residentMb, run, start } from './processes.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const quick = process.argv.includes('--quick');
const rounds = quick ? 3 : 5;
const chunksPerStream = 200;
const folder = mkdtempSync(join(tmpdir(), 'oar-bench-'));
const children = [];

async function startNode(args, options) {
  const started = await start(process.execPath, args, options);
  children.push(started.child);
  return started;
}

async function startRouter(upstreamUrl, name) {
  const config = join(folder, `${name}.yaml`);
  writeFileSync(config, `server: {port: 0}\nbackends:\n  - {id: bench, kind: openai, url: "${upstreamUrl}", maxConcurrent: 4000}\nqueue: {globalMaxQueued: 4000}\nstore: {kind: sqlite, path: ${join(folder, `${name}.db`)}}\n`);
  const { child, line } = await startNode([here('../../dist/main.js'), 'serve', '--config', config]);
  // The log must be read, or its pipe would fill.
  child.stdout.resume();
  return { child, url: JSON.parse(line).url };
}

async function measure(target, kind, requests, concurrency) {
  const before = target.child ? cpuSeconds(target.child.pid) : 0;
  const figures = JSON.parse(await run(process.execPath, [here('load.mjs'), target.url, kind, String(requests), String(concurrency)]));
  if (figures.failed > 0) throw new Error(`${figures.failed} of ${requests} requests failed at ${target.name}`);
  return { ...figures, cpuMicros: target.child ? ((cpuSeconds(target.child.pid) - before) * 1e6) / requests : 0 };
}

/** Each target in turn, several times: neighbours on the machine then weigh on all alike. */
async function inTurn(targets, kind, requests, concurrency) {
  const results = new Map(targets.map((target) => [target.name, []]));
  for (const target of targets) await measure(target, kind, Math.ceil(requests / 4), concurrency);
  for (let round = 0; round < rounds; round += 1) {
    for (const target of targets) results.get(target.name).push(await measure(target, kind, requests, concurrency));
  }
  return (name, figure) => median(results.get(name).map((one) => one[figure]));
}

/** Medians of the pairs' ratios: each router run against the relay run right before it. */
function row(label, values, bound, unit) {
  const text = Object.entries(values).map(([name, value]) => `${name} ${value.toFixed(value < 10 ? 2 : 1)}`).join('   ');
  console.log(`${label.padEnd(44)} ${text} ${unit}   ${bound}`);
}

async function manyStreams(router, count) {
  const pool = new Pool(router.url, { connections: count, headersTimeout: 0, bodyTimeout: 0 });
  const controllers = [];
  let begun = 0;
  const allBegun = new Promise((resolve) => {
    for (let index = 0; index < count; index += 1) {
      pool.dispatch(
        { path: '/v1/chat/completions', method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ model: 'bench', stream: true, slow: true, messages: [{ role: 'user', content: 'go' }] }) },
        {
          onRequestStart: (controller) => controllers.push(controller),
          onResponseStart() {},
          onResponseData() {
            begun += 1;
            if (begun >= count * 3) resolve();
          },
          onResponseEnd() {},
          onResponseError() {},
        },
      );
    }
  });
  await allBegun;
  const resident = residentMb(router.child.pid);
  for (const controller of controllers) controller.abort(new Error('enough'));
  await pool.destroy();
  return resident;
}

try {
  const upstream = await startNode([here('upstream.mjs'), String(chunksPerStream)]);
  const upstreamUrl = `http://127.0.0.1:${upstream.line}`;
  const relayChild = await startNode([here('relay.mjs'), upstreamUrl]);
  const direct = { name: 'direct', url: upstreamUrl };
  const relay = { name: 'relay', url: `http://127.0.0.1:${relayChild.line}`, child: relayChild.child };
  const router = { name: 'router', ...(await startRouter(upstreamUrl, 'first')) };

  const whole = await inTurn([relay, router], 'whole', quick ? 4000 : 12_000, 32);
  row('processor time a request', { relay: whole('relay', 'cpuMicros'), router: whole('router', 'cpuMicros'), ratio: whole('router', 'cpuMicros') / whole('relay', 'cpuMicros') }, '(at most 1.6 times)', 'µs');
  const streams = await inTurn([relay, router], 'stream', quick ? 150 : 500, 16);
  const perChunk = (name) => (streams(name, 'cpuMicros') - whole(name, 'cpuMicros')) / chunksPerStream;
  row('processor time a relayed chunk', { relay: perChunk('relay'), router: perChunk('router'), ratio: perChunk('router') / perChunk('relay') }, '(at most 1.3 times)', 'µs');
  const perTranslated = {};
  for (const caller of ['ollama', 'anthropic', 'responses']) {
    const figures = await inTurn([router], `${caller}-stream`, quick ? 100 : 300, 16);
    perTranslated[caller] = (figures('router', 'cpuMicros') - whole('router', 'cpuMicros')) / chunksPerStream;
  }
  row('processor time a translated chunk', perTranslated, '(at most 15)', 'µs');
  const decided = await decisionMicros();
  row('a decision, 50 backends x 200 models', { one: decided.single, many: decided.many, 'after a change': decided.afterChange }, '(at most 200)', 'µs');
  const single = await inTurn([direct, relay, router], 'whole', quick ? 500 : 2000, 1);
  row('median at one client', { direct: single('direct', 'p50'), relay: single('relay', 'p50'), router: single('router', 'p50'), added: single('router', 'p50') - single('direct', 'p50') }, '(at most 0.5 added)', 'ms');

  const fresh = { name: 'router', ...(await startRouter(upstreamUrl, 'fresh')) };
  const atStart = residentMb(fresh.child.pid);
  const marks = [];
  for (let part = 0; part < (quick ? 2 : 5); part += 1) {
    await measure(fresh, 'whole', quick ? 5000 : 20_000, 32);
    marks.push(residentMb(fresh.child.pid));
  }
  row(`memory over ${quick ? '10,000' : '100,000'} requests`, { start: atStart, ...Object.fromEntries(marks.map((mark, index) => [`part${index + 1}`, mark])) }, '(at most 160, flat)', 'MB');
  row('memory with 1,000 streams open', { resident: await manyStreams(fresh, 1000) }, '(at most 250)', 'MB');
} finally {
  await Promise.all(children.map(end));
  rmSync(folder, { recursive: true, force: true });
}
