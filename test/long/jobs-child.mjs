/** A router's job room alone, over the real store and a stand-in for the pipeline; spoken to in lines of JSON. */
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [dist, path, slots] = process.argv.slice(2);
/** @param {string} file */
const built = (file) => import(new URL(file, pathToFileURL(`${dist}/`)).href);
const { driver } = await built('store/sqlite/index.js');
const { createJobs } = await built('jobs/create-jobs.js');
const { systemClock } = await built('util/system-clock.js');

/** @param {object} message */
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const nothing = () => {};
const store = await driver.open({ path });

let free = Number(slots);
const waiting = [];
const runOnSlot = async (job, started) => {
  if (!(await started())) return { kind: 'succeeded', resultJson: '"must never be seen"', servedModel: 'nobody' };
  await new Promise((resolve) => setTimeout(resolve, 3 + Math.random() * 20));
  const resultJson = JSON.stringify({ echo: JSON.parse(job.requestJson).number, made: randomBytes(8).toString('hex') });
  return { kind: 'succeeded', resultJson, servedModel: 'served:1b' };
};

const jobs = createJobs({
  store: store.jobs,
  clock: systemClock,
  nodeId: 'crash',
  randomId: (length) => randomBytes(length).toString('hex').slice(0, length),
  run: async (job, _signal, started) => {
    if (free > 0) free -= 1;
    else await new Promise((resolve) => waiting.push(resolve));
    try {
      return await runOnSlot(job, started);
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  },
  policy: { maxAttempts: 3, resultTtlMs: 3_600_000, maxQueued: 100_000, jitter: Math.random },
  limits: { maxJobs: 1_000_000, maxBytes: 1e12, rememberMs: 3_600_000 },
  cleanupIntervalMs: 40,
  log: { debug: nothing, info: nothing, warn: nothing, error: (fields, message) => say({ kind: 'problem', message: `${message}: ${fields.err}` }), flush: () => Promise.resolve() },
  onChange: ({ id, status }) => say({ kind: 'change', id, status }),
});

const answers = {
  accept: async ({ number }) => {
    const { job } = await jobs.accept({ taskType: 'unknown', selectedModel: 'asked:1b', requestJson: JSON.stringify({ number }), dialect: 'native', priority: 'normal', principalId: 'p', user: 'u' });
    say({ kind: 'accepted', number, id: job.id });
  },
  counts: async () => say({ kind: 'counts', counts: await store.jobs.counts() }),
  get: async ({ id }) => say({ kind: 'job', id, job: await store.jobs.get(id) }),
  stop: async () => {
    await jobs.stop(1_000);
    await store.close();
    process.exit(0);
  },
};

createInterface({ input: process.stdin }).on('line', (line) => {
  const message = JSON.parse(line);
  answers[message.kind](message).catch((error) => say({ kind: 'problem', message: String(error) }));
});
say({ kind: 'ready', recovered: await jobs.recover() });
