import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/clock.ts';
import { announcedOf, browseMdns, type MdnsService } from './browse-mdns.ts';
import { type Announced, candidates, type FinderSettings, RouterFinder, routerUrl } from './find-router.ts';

const terms = { secret: 's', joinToken: null };
const answer = { status: 200, text: '{}', localAddress: '10.0.0.7' };

/** A network in which the test says what is announced and who answers. */
class Network {
  readonly clock = new FakeClock();
  readonly said: string[] = [];
  readonly probed: string[] = [];
  announced: Announced[] = [];
  answering = new Set<string>();
  browsers = 0;
  asked = 0;
  preferred: string | undefined;
  readonly strangers = new Set<string>();
  #heard: () => void = () => {};

  finder(url: string | null = null): RouterFinder {
    const settings: FinderSettings = {
      clock: this.clock,
      url,
      link: {
        probe: (address) => {
          this.probed.push(address);
          return Promise.resolve(this.answering.has(address) ? answer : null);
        },
      },
      browse: (heard) => {
        this.browsers += 1;
        this.#heard = heard;
        const ask = (): void => {
          this.asked += 1;
        };
        const close = (): void => {
          this.browsers -= 1;
        };
        return { found: () => this.announced, ask, close };
      },
      trust: {
        router: this.preferred,
        termsFor: ({ url: at }) => Promise.resolve(this.strangers.has(at) ? null : terms),
      },
      terminal: { debug: () => {}, info: (line) => void this.said.push(line), warn: (line) => void this.said.push(line) },
    };
    return new RouterFinder(settings);
  }

  announce(...announced: Announced[]): void {
    this.announced = announced;
    this.#heard();
  }
}

const never = new AbortController().signal;

test('a router that announces itself is taken at once, by the first of its addresses that answers', async () => {
  const network = new Network();
  network.answering.add('http://10.0.0.1:11435');
  const found = network.finder().find(never);
  await network.clock.advanceAsync(60);
  network.announce({ name: 'den', urls: ['http://172.17.0.1:11435', 'http://10.0.0.1:11435'] });
  await network.clock.advanceAsync(0);
  expect(await found).toEqual({ name: 'den', url: 'http://10.0.0.1:11435', localAddress: '10.0.0.7', terms });
  expect(network.probed).toEqual(['http://172.17.0.1:11435', 'http://10.0.0.1:11435']);
  expect([network.browsers, network.clock.pending]).toEqual([0, 0]);
});

test('nobody there: it looks for ever (a day), at least every 10 s, and says once what it waits for', async () => {
  const network = new Network();
  const found = network.finder().find(never);
  await network.clock.advanceAsync(86_400_000);
  expect(network.asked).toBeGreaterThan(8600);
  expect(network.said).toHaveLength(1);
  expect(network.said[0]).toMatch(/Looking for a router/);
  network.answering.add('http://10.0.0.1:1');
  network.announced = [{ name: 'den', urls: ['http://10.0.0.1:1'] }];
  await network.clock.advanceAsync(10_000);
  expect((await found)?.name).toBe('den');
});

test('a given address is asked again and again, with growing pauses of at most 10 s, and the network is left alone', async () => {
  const network = new Network();
  const found = network.finder('http://studio:11435').find(never);
  await network.clock.advanceAsync(1000);
  expect(network.probed.length).toBeGreaterThanOrEqual(3);
  await network.clock.advanceAsync(3_600_000);
  expect(network.probed.length).toBeLessThan(400);
  expect(network.said).toEqual(['No router answers at http://studio:11435 yet; trying until one does.']);
  network.answering.add('http://studio:11435');
  await network.clock.advanceAsync(10_000);
  expect(await found).toEqual({ url: 'http://studio:11435', localAddress: '10.0.0.7', terms });
  expect(network.browsers).toBe(0);
});

test('of several routers it takes the one that has let it in, also when that is heard a little later', async () => {
  const network = new Network();
  network.preferred = 'den';
  network.answering = new Set(['http://10.0.0.1:1', 'http://10.0.0.2:1']);
  const found = network.finder().find(never);
  network.announce({ name: 'attic', urls: ['http://10.0.0.2:1'] });
  await network.clock.advanceAsync(500);
  network.announce({ name: 'attic', urls: ['http://10.0.0.2:1'] }, { name: 'den', urls: ['http://10.0.0.1:1'] });
  await network.clock.advanceAsync(0);
  expect((await found)?.name).toBe('den');
});

test('one that it may tell nothing is passed over, and asked again', async () => {
  const network = new Network();
  network.answering = new Set(['http://10.0.0.1:1', 'http://10.0.0.2:1']);
  network.strangers.add('http://10.0.0.1:1').add('http://10.0.0.2:1');
  network.announced = [{ name: 'liar', urls: ['http://10.0.0.1:1'] }, { name: 'den', urls: ['http://10.0.0.2:1'] }];
  const found = network.finder().find(never);
  await network.clock.advanceAsync(30_000);
  network.strangers.delete('http://10.0.0.2:1');
  await network.clock.advanceAsync(10_000);
  expect((await found)?.name).toBe('den');
});

test('when the one that has let it in is gone, another will do after a moment', async () => {
  const network = new Network();
  network.preferred = 'den';
  network.answering.add('http://10.0.0.2:1');
  const found = network.finder().find(never);
  network.announce({ name: 'attic', urls: ['http://10.0.0.2:1'] });
  await network.clock.advanceAsync(4000);
  expect((await found)?.name).toBe('attic');
});

test('a router is followed to its new address, and found at the old one when it has only stopped announcing', async () => {
  const network = new Network();
  network.answering.add('http://10.0.0.1:1');
  const finder = network.finder();
  network.announced = [{ name: 'den', urls: ['http://10.0.0.1:1'] }];
  await finder.find(never);
  network.answering = new Set(['http://10.0.0.9:2']);
  network.announced = [{ name: 'attic', urls: ['http://10.0.0.5:1'] }, { name: 'den', urls: ['http://10.0.0.9:2'] }];
  expect((await finder.find(never))?.url).toBe('http://10.0.0.9:2');
  network.announced = [];
  expect((await finder.find(never))?.url).toBe('http://10.0.0.9:2');
});

test('who is told to stop finds nothing, and leaves nothing behind', async () => {
  const network = new Network();
  const end = new AbortController();
  const found = network.finder().find(end.signal);
  await network.clock.advanceAsync(100);
  end.abort();
  expect(await found).toBeNull();
  expect([network.browsers, network.clock.pending]).toEqual([0, 0]);
});

test('a router that was started anew on another port is the same for the machine', async () => {
  const network = new Network();
  network.preferred = 'Fleet Manager Router (den 11435)';
  network.answering = new Set(['http://10.0.0.1:9', 'http://10.0.0.2:1']);
  network.announced = [{ name: 'Fleet Manager Router (attic 11435)', urls: ['http://10.0.0.2:1'] }, { name: 'Fleet Manager Router (den 9)', urls: ['http://10.0.0.1:9'] }];
  expect((await network.finder().find(never))?.url).toBe('http://10.0.0.1:9');
});

test('the order of candidates: the known router, the one of before, the others', () => {
  const heard = [{ name: 'a', urls: ['1', '2'] }, { name: 'b', urls: ['3'] }, { name: 'c', urls: ['4'] }];
  expect(candidates(heard, 'c', { name: 'b', url: '3' }).map(({ url }) => url)).toEqual(['4', '3', '1', '2']);
});

test.each([
  ['10.0.0.5', 'http://10.0.0.5:11435'],
  ['studio:9000', 'http://studio:9000'],
  ['http://studio', 'http://studio'],
  ['https://example.org/oar/', 'https://example.org/oar'],
  ['[::1]:11435', 'http://[::1]:11435'],
])('an address as people write it: %s is %s', (written, url) => {
  expect(routerUrl(written)).toBe(url);
});

test('what is no address is named', () => {
  expect(() => routerUrl('http://')).toThrow(/is no address of a router/);
});

describe('announcements', () => {
  const service = (more: Partial<MdnsService>): MdnsService => ({ name: 'den', port: 11_435, ...more });

  test('the address that it was heard from comes first; one router heard in two networks is one', () => {
    const heard = [service({ addresses: ['172.17.0.1', '192.168.1.20', 'fe80::1', 'fd00::5'], referer: { address: '192.168.1.20' } }), service({ addresses: ['10.8.0.1'], referer: { address: '10.8.0.1' } }), service({ name: 'attic', port: 80, addresses: ['192.168.1.3'] })];
    expect(announcedOf(heard)).toEqual([
      { name: 'den', urls: ['http://192.168.1.20:11435', 'http://172.17.0.1:11435', 'http://[fd00::5]:11435', 'http://10.8.0.1:11435'] },
      { name: 'attic', urls: ['http://192.168.1.3:80'] },
    ]);
  });

  test('it tells whether the router wants https, and where below its address it is', () => {
    expect(announcedOf([service({ addresses: ['10.0.0.1'], txt: { protocol: 'https', path: '/oar/' } })])[0]?.urls).toEqual(['https://10.0.0.1:11435/oar']);
  });

  test('what somebody announces cannot write on a terminal, nor lead elsewhere', () => {
    const heard = [service({ name: 'den\u001b[2J\n', addresses: ['10.0.0.1'], txt: { path: '/\u001b[2J' } }), service({ name: 'attic', addresses: ['10.0.0.2'], txt: { path: '@evil.example/' } })];
    expect(announcedOf(heard)).toEqual([{ name: 'den[2J', urls: ['http://10.0.0.1:11435'] }, { name: 'attic', urls: ['http://10.0.0.2:11435'] }]);
  });

  test('networks that come and go are listened to and let go', () => {
    const open = new Set<string>();
    let addresses = ['10.0.0.7'];
    const browser = browseMdns(() => {}, {
      addresses: () => addresses,
      listen: (address) => {
        open.add(address);
        return { services: () => [service({ addresses: [address] })], ask: () => {}, close: () => void open.delete(address) };
      },
    });
    addresses = ['10.0.0.7', '192.168.1.5'];
    browser.ask();
    expect([...open]).toEqual(['10.0.0.7', '192.168.1.5']);
    addresses = ['192.168.1.5'];
    browser.ask();
    expect([...open]).toEqual(['192.168.1.5']);
    expect(browser.found()).toEqual([{ name: 'den', urls: ['http://192.168.1.5:11435'] }]);
    browser.close();
    expect([...open]).toEqual([]);
  });
});
