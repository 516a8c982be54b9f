/** Somebody who announces himself as a router, passes on what the true one proves, says yes to every machine, and writes down all that he is told. */
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Bonjour } from 'bonjour-service';

const { FALSE_HOST = '127.0.0.1', FALSE_PORT = '0', FALSE_RECORD = '', TRUE_ROUTER = '' } = process.env;

/** Nobody there is as good as a router that knows no proofs. */
const prove = (body) => fetch(`${TRUE_ROUTER}/heartbeat/proof`, { method: 'POST', headers: { 'content-type': 'application/json' }, body }).then(async (answer) => [answer.status, await answer.text()]).catch(() => [404, '{}']);

const server = createServer(async (request, response) => {
  let body = '';
  for await (const piece of request) body += piece;
  appendFileSync(FALSE_RECORD, `${JSON.stringify({ path: request.url, headers: request.headers, body })}\n`);
  const [status, text] = request.url === '/heartbeat/proof' ? await prove(body) : [200, JSON.stringify({ status: 'ok', node_status: 'online', enrolment: 'enrolled' })];
  response.writeHead(status, { 'content-type': 'application/json' }).end(text);
});
server.listen(Number(FALSE_PORT), FALSE_HOST, () => {
  new Bonjour({ interface: FALSE_HOST, bind: '0.0.0.0' }).publish({ name: `Fleet Manager Router (false ${FALSE_PORT})`, type: 'fleet-manager', protocol: 'tcp', port: Number(FALSE_PORT), probe: false });
});
