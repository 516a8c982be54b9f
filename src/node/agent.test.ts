import { expect, test } from 'vitest';
import { FakeClock, settled } from '../../test/fakes/clock.ts';
import { fakeTools } from '../../test/fakes/machine.ts';
import type { BackendReport } from '../core/fleet.ts';
import { RouterError } from '../core/errors.ts';
import { NodeAgent, type AgentParts } from './agent.ts';
import { RouterFinder } from './find-router.ts';
import { MachineWatch } from './machine-watch.ts';
import type { LocalServer } from './node.ts';
import type { LinkAnswer, RouterLink } from './router-link.ts';
import type { NamedRouter, RouterTerms } from './router-trust.ts';
import { ServerDoors } from './server-doors.ts';

interface Sent {
  readonly at: number;
  readonly url: string;
  readonly body: Record<string, unknown>;
  readonly headers: Readonly<Record<string, string>>;
}

type Answer = Partial<LinkAnswer> | 'refused';

/** An agent on a clock, with one Ollama and one router that the test speaks for. */
class Bed {
  readonly clock = new FakeClock(0);
  readonly sent: Sent[] = [];
  readonly said: string[] = [];
  readonly orders: unknown[] = [];
  readonly overrides: unknown[] = [];
  readonly joined: string[] = [];
  readonly left: string[] = [];
  ollama: BackendReport | null = { models: [{ name: 'a' }], resident: [] };
  answer: Answer | Promise<Answer> = ok({});
  localAddress = '127.0.0.1';
  routers: { name: string; urls: string[] }[] = [];
  readonly #stop = { stop: () => {}, hurry: () => {} };

  start(parts: Partial<AgentParts> = {}, joinToken: string | null = null): { ended: Promise<string> } {
    const clock = this.clock;
    const terminal = { debug: () => {}, info: (line: string) => void this.said.push(line), warn: (line: string) => void this.said.push(line) };
    const link: RouterLink = {
      probe: async () => ((await this.answer) === 'refused' ? null : { status: 200, text: '', localAddress: this.localAddress }),
      post: async (url, _path, body, headers) => {
        this.sent.push({ at: clock.now(), url, body: JSON.parse(body) as Record<string, unknown>, headers });
        const answer = await this.answer;
        if (answer === 'refused') throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
        return { status: 200, text: '{}', localAddress: this.localAddress, ...answer };
      },
      close: () => {},
    };
    const browse = () => ({ found: () => this.routers, ask: () => {}, close: () => {} });
    const trust = {
      router: undefined,
      termsFor: () => Promise.resolve({ secret: 'secret', joinToken }),
      joined: (router: NamedRouter) => Promise.resolve(void this.joined.push(router.name ?? router.url)),
      left: ({ secret }: RouterTerms) => void this.left.push(secret),
    };
    const agent = new NodeAgent({
      clock,
      identity: { id: 'studio-1' },
      name: 'studio',
      version: '1.0.0',
      machine: new MachineWatch({ clock, collectors: [], tools: fakeTools({}) }),
      servers: [this.#server()],
      sources: [],
      doors: new ServerDoors({ clock, relayPort: 0, terminal }),
      capacity: { start: () => {}, stop: () => {}, now: () => ({ activity: 'idle' }), override: (command) => void this.overrides.push(command) },
      ollama: null,
      link,
      finder: new RouterFinder({ clock, url: this.routers.length > 0 ? null : 'http://127.0.0.1:1', link, browse, trust, terminal }),
      trust,
      heartbeatMs: 5000,
      drainMs: 60_000,
      terminal,
      restartOllama: (order) => Promise.resolve(void this.orders.push(order)),
      ...parts,
    });
    const stop = new Promise<void>((resolve) => (this.#stop.stop = resolve));
    const hurry = new Promise<void>((resolve) => (this.#stop.hurry = resolve));
    return { ended: agent.run(stop, hurry).then(() => 'ended', (thrown: Error) => thrown.message) };
  }

  stop(): void {
    this.#stop.stop();
  }

  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 100) {
      await this.clock.advanceAsync(Math.min(100, left));
      await settled();
    }
  }

  #server(): LocalServer {
    return {
      name: 'ollama',
      kind: 'ollama',
      url: 'http://127.0.0.1:11434',
      probe: () => (this.ollama === null ? Promise.reject(new RouterError('backend_unreachable', 'gone')) : Promise.resolve(this.ollama)),
      answersAt: () => Promise.resolve(true),
    };
  }
}

function ok(more: object): Partial<LinkAnswer> {
  return { status: 200, text: JSON.stringify({ status: 'ok', node_status: 'online', enrolment: 'enrolled', ...more }) };
}

const failure = (status: number, message: string, param?: string): Partial<LinkAnswer> => ({ status, text: JSON.stringify({ error: { message, param } }) });
const gaps = (sent: readonly Sent[]): number[] => sent.slice(1).map((one, index) => one.at - (sent[index]?.at ?? 0));
const serverIn = ({ body }: Sent) => (body['oar'] as { servers: { status: string; port: number }[] }).servers[0];

test('the whole state goes out every 5 s, or as the router says, with the secret of the machine', async () => {
  const bed = new Bed();
  bed.start();
  await bed.pass(21_000);
  expect(gaps(bed.sent)).toEqual([5000, 5000, 5000, 5000]);
  expect(bed.sent[0]).toMatchObject({ url: 'http://127.0.0.1:1', headers: { authorization: 'Bearer secret' }, body: { node_id: 'studio-1', lan_ip: '127.0.0.1', oar: { nodeId: 'studio-1', activity: 'idle', servers: [{ name: 'ollama', port: 11_434, status: 'up', models: [{ name: 'a' }] }] } } });
  bed.answer = ok({ heartbeat_ms: 2000 });
  await bed.pass(10_000);
  expect(gaps(bed.sent).slice(-3)).toEqual([2000, 2000, 2000]);
});

test('news go out at once, and at most one a second', async () => {
  const bed = new Bed();
  bed.start();
  await bed.pass(100);
  expect(bed.sent).toHaveLength(1);
  bed.ollama = { models: [{ name: 'a' }], resident: [{ name: 'a' }] };
  await bed.pass(2100);
  expect(bed.sent).toHaveLength(2);
  bed.ollama = null;
  await bed.pass(2000);
  expect(bed.sent).toHaveLength(3);
  expect(bed.sent.map((one) => serverIn(one)?.status)).toEqual(['up', 'up', 'down']);
  bed.ollama = { models: [{ name: 'a' }], resident: [] };
  await bed.pass(1500);
  expect(serverIn(bed.sent.at(-1)!)?.status).toBe('up');
  expect(Math.min(...gaps(bed.sent))).toBeGreaterThanOrEqual(1000);
});

test('there are never two heartbeats at once, however slow the router is', async () => {
  const bed = new Bed();
  let open: (answer: Answer) => void = () => {};
  bed.start();
  await bed.pass(100);
  bed.answer = new Promise<Answer>((resolve) => (open = resolve));
  bed.ollama = null;
  await bed.pass(30_000);
  expect(bed.sent).toHaveLength(2);
  open(ok({}));
  bed.answer = ok({});
  await bed.pass(5000);
  expect(bed.sent.length).toBeGreaterThan(2);
});

test('without a router the agent waits for ever (FL-D3: it does not give up after 30 s), and joins when one comes', async () => {
  const bed = new Bed();
  bed.answer = 'refused';
  bed.start();
  await bed.pass(120_000);
  expect(bed.sent).toEqual([]);
  bed.answer = ok({});
  await bed.pass(10_000);
  expect(bed.sent.length).toBeGreaterThan(0);
  expect(bed.said.filter((line) => line.includes('No router answers'))).toHaveLength(1);
});

test('a router that went away is followed to its new address; one lost answer is nothing', async () => {
  const bed = new Bed();
  bed.routers = [{ name: 'den', urls: ['http://10.0.0.1:1'] }];
  bed.start();
  await bed.pass(1000);
  expect(bed.joined).toEqual(['den']);
  bed.answer = 'refused';
  await bed.pass(4100);
  const lost = bed.sent.length;
  bed.answer = ok({});
  await bed.pass(400);
  expect(bed.sent.slice(lost).map(({ url }) => url)).toEqual(['http://10.0.0.1:1']);
  expect(bed.said.join()).not.toContain('does not answer');
  bed.answer = 'refused';
  await bed.pass(20_000);
  expect(bed.said.filter((line) => line.includes('does not answer'))).toHaveLength(1);
  bed.answer = ok({});
  bed.routers = [{ name: 'den', urls: ['http://10.0.0.9:7'] }];
  await bed.pass(11_000);
  expect(bed.sent.at(-1)?.url).toBe('http://10.0.0.9:7');
});

test('the token is shown until the machine is let in; while it waits, it says how to let it in, once', async () => {
  const bed = new Bed();
  bed.answer = ok({ enrolment: 'waiting' });
  bed.start({}, 'token');
  await bed.pass(9000);
  expect(bed.sent.map(({ headers }) => headers['x-oar-join-token'])).toEqual(['token', 'token', 'token', 'token', 'token']);
  expect(bed.said.filter((line) => line.includes('oar nodes approve studio-1'))).toHaveLength(1);
  bed.answer = ok({});
  await bed.pass(2000);
  const before = bed.sent.length;
  await bed.pass(5000);
  expect(bed.sent.slice(before).map(({ headers }) => headers['x-oar-join-token'])).toEqual([undefined]);
});

test('where it is let in, and where it is told to wait again, is remembered: once each time', async () => {
  const bed = new Bed();
  bed.start();
  await bed.pass(11_000);
  expect([bed.joined, bed.left]).toEqual([['http://127.0.0.1:1'], []]);
  bed.answer = ok({ enrolment: 'waiting' });
  await bed.pass(11_000);
  bed.answer = ok({});
  await bed.pass(11_000);
  expect([bed.joined.length, bed.left]).toEqual([2, ['secret']]);
});

test('a wrong token ends the agent with a sentence that says what to do', async () => {
  const bed = new Bed();
  bed.answer = failure(401, 'The join token is wrong.');
  const { ended } = bed.start({}, 'wrong');
  await bed.pass(1000);
  expect(await ended).toMatch(/refuses the join token.*The join token is wrong.*without --join/);
});

test('a machine that was let in before is not ended by a token that holds no more: it waits without it', async () => {
  const bed = new Bed();
  const { ended } = bed.start({}, 'of-yesterday');
  await bed.pass(1000);
  bed.answer = ok({ enrolment: 'waiting' });
  await bed.pass(5000);
  bed.answer = failure(401, 'The join token is not valid.');
  await bed.pass(1500);
  bed.answer = ok({ enrolment: 'waiting' });
  await bed.pass(5000);
  const shown = bed.sent.map(({ headers }) => headers['x-oar-join-token'] ?? null);
  expect(shown.slice(0, 3)).toEqual(['of-yesterday', null, 'of-yesterday']);
  expect(shown.length).toBeGreaterThan(4);
  expect(new Set(shown.slice(3))).toEqual(new Set([null]));
  expect(bed.said.filter((line) => /refuses the join token.*not valid.*waits there without it/.test(line))).toHaveLength(1);
  bed.stop();
  await bed.pass(2000);
  expect(await ended).toBe('ended');
});

test('that another has its id is not the fault of the token: the machine says so and tries again', async () => {
  const bed = new Bed();
  bed.answer = failure(401, 'Another machine has this node_id.', 'node_id');
  bed.start({}, 'right');
  await bed.pass(11_000);
  expect(gaps(bed.sent)).toEqual([10_000]);
  expect(bed.said.join('\n')).toMatch(/refuses this machine\. Another machine.*oar nodes remove studio-1/);
  expect(bed.said.join('\n')).not.toContain('join token');
  bed.answer = ok({});
  await bed.pass(10_000);
  expect(bed.said.join('\n')).toContain('belongs to the fleet');
});

test('a wrong secret does not end it: it says so once, and tries again every 10 s', async () => {
  const bed = new Bed();
  bed.answer = failure(401, 'Another machine has this id.');
  bed.start();
  await bed.pass(41_000);
  expect(gaps(bed.sent)).toEqual([10_000, 10_000, 10_000, 10_000]);
  expect(bed.said.filter((line) => line.includes('oar nodes remove studio-1'))).toHaveLength(1);
});

test('behind a translated address the machine does not tell its own', async () => {
  const bed = new Bed();
  bed.answer = failure(403, 'lan_ip names another host.');
  bed.start();
  await bed.pass(200);
  bed.answer = ok({});
  await bed.pass(2000);
  expect(bed.sent.map(({ body }) => 'lan_ip' in body)).toEqual([true, false]);
  expect(bed.said.join()).not.toContain('refuses');
});

test('what the router asks is done', async () => {
  const bed = new Bed();
  const commands = [{ type: 'restart_ollama', reason: 'it hangs' }, { type: 'capacity_override', mode: 'paused', until: null }];
  bed.answer = ok({ commands });
  bed.start();
  await bed.pass(1000);
  expect([bed.orders, bed.overrides]).toEqual([[commands[0]], [commands[1]]]);
});

test('told to stop, it first tells the router that it takes no more, then ends and leaves nothing behind', async () => {
  const bed = new Bed();
  const { ended } = bed.start();
  await bed.pass(500);
  bed.stop();
  await bed.pass(2000);
  expect(await ended).toBe('ended');
  expect(bed.sent.map(({ body }) => body['draining'])).toEqual([false, true]);
  await bed.pass(60_000);
  expect(bed.sent).toHaveLength(2);
  expect(bed.clock.pending).toBe(0);
});

test('told to stop while no router is there, it ends at once', async () => {
  const bed = new Bed();
  bed.answer = 'refused';
  const { ended } = bed.start();
  await bed.pass(5000);
  bed.stop();
  await bed.pass(500);
  expect(await ended).toBe('ended');
});
