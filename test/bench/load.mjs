// The client of the benchmark, in a process of its own: a bounded number of requests, then figures as JSON.
import { Pool } from 'undici';

const [origin, kind, total, concurrency] = [process.argv[2], process.argv[3], Number(process.argv[4]), Number(process.argv[5])];
const pool = new Pool(origin, { connections: concurrency, pipelining: 1, headersTimeout: 60_000, bodyTimeout: 60_000 });
const message = { role: 'user', content: 'Say something short about foxes and dogs, in the plainest words that you know. '.repeat(3) };

/** Which API the client speaks; the backend of the benchmark speaks OpenAI's chat API alone. */
const callers = {
  whole: ['/v1/chat/completions', { messages: [message] }],
  stream: ['/v1/chat/completions', { messages: [message], stream: true }],
  'ollama-stream': ['/api/chat', { messages: [message], stream: true }],
  'anthropic-stream': ['/v1/messages', { messages: [message], max_tokens: 1000, stream: true }],
  'responses-stream': ['/v1/responses', { input: message.content, store: false, stream: true }],
};
const [path, asked] = callers[kind];
const body = JSON.stringify({ model: 'bench', ...asked });

let started = 0;
let failed = 0;
let bytes = 0;
const times = [];

function once() {
  return new Promise((resolve) => {
    const at = performance.now();
    const done = (ok) => {
      times.push(performance.now() - at);
      if (!ok) failed += 1;
      resolve();
    };
    let status = 0;
    pool.dispatch(
      { path, method: 'POST', headers: { 'content-type': 'application/json' }, body },
      {
        onRequestStart() {},
        onResponseStart(_, code) {
          status = code;
        },
        onResponseData(_, chunk) {
          bytes += chunk.length;
        },
        onResponseEnd: () => done(status === 200),
        onResponseError: () => done(false),
      },
    );
  });
}

async function worker() {
  while (started < total) {
    started += 1;
    await once();
  }
}

const from = performance.now();
await Promise.all(Array.from({ length: concurrency }, worker));
times.sort((a, b) => a - b);
const at = (quantile) => times[Math.min(times.length - 1, Math.floor(quantile * times.length))];
console.log(JSON.stringify({ requests: total, failed, bytes, seconds: (performance.now() - from) / 1000, p50: at(0.5), p99: at(0.99) }));
await pool.close();
