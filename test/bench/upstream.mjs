// The backend of the benchmark: answers at once, as cheaply as Node can. Prints its port.
import { createServer } from 'node:http';

const chunksPerStream = Number(process.argv[2] ?? 200);
const whole = JSON.stringify({
  id: 'chatcmpl-bench', object: 'chat.completion', created: 1, model: 'bench',
  choices: [{ index: 0, message: { role: 'assistant', content: 'The quick brown fox jumps over the lazy dog, twice if need be.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 20, completion_tokens: 16, total_tokens: 36 },
});
const chunk = (delta, finish) => `data: ${JSON.stringify({ id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1, model: 'bench', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const word = chunk({ content: ' word' }, null);
const last = `${chunk({}, 'stop')}data: [DONE]\n\n`;
const models = JSON.stringify({ object: 'list', data: [{ id: 'bench', object: 'model', created: 1, owned_by: 'bench' }] });

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    response.writeHead(request.url === '/v1/models' ? 200 : 404, { 'content-type': 'application/json' });
    response.end(request.url === '/v1/models' ? models : '{}');
    return;
  }
  let body = '';
  request.on('data', (data) => {
    body += data;
  });
  request.on('end', () => {
    if (!body.includes('"stream":true')) {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(whole) });
      response.end(whole);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    // `slow` streams stay open, a chunk a second, for the test of many at once.
    const delay = body.includes('"slow":true') ? 1000 : 0;
    let sent = 0;
    const next = () => {
      if (response.destroyed) return;
      if (sent >= chunksPerStream) {
        response.end(last);
        return;
      }
      sent += 1;
      response.write(word);
      if (delay) setTimeout(next, delay);
      else setImmediate(next);
    };
    next();
  });
});
server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
