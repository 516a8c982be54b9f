// The yardstick: the least a relay can do that still reads the model's name. node:http in, undici out, nothing else.
import { createServer } from 'node:http';
import { Pool } from 'undici';

const origin = process.argv[2];
const pool = new Pool(origin, { connections: 1024, headersTimeout: 0, bodyTimeout: 0 });

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks);
    if (typeof JSON.parse(body.toString()).model !== 'string') {
      response.writeHead(404).end();
      return;
    }
    let controller;
    response.on('close', () => {
      if (!response.writableFinished) controller?.abort(new Error('left'));
    });
    pool.dispatch(
      { path: request.url, method: 'POST', headers: { 'content-type': 'application/json' }, body },
      {
        onRequestStart(given) {
          controller = given;
        },
        onResponseStart(_, status, headers) {
          response.writeHead(status, { 'content-type': headers['content-type'] });
        },
        onResponseData(given, chunk) {
          if (response.write(chunk) === false) {
            given.pause();
            response.once('drain', () => given.resume());
          }
        },
        onResponseEnd() {
          response.end();
        },
        onResponseError() {
          response.destroy();
        },
      },
    );
  });
});
server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
