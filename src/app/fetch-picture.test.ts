import { expect, test } from 'vitest';
import { createFetchPicture, type PictureNetwork } from './fetch-picture.ts';

const settings = { allowedHosts: ['pictures.example', '*.cdn.example', '127.0.0.1', '[::1]', '93.184.216.34'], maxBytes: 1000 };
const never = new AbortController().signal;

/** Knows a few names; what is connected to is remembered and fails. */
function network(addresses: readonly string[]) {
  const connected: unknown[] = [];
  const fake: PictureNetwork = {
    resolve: () => Promise.resolve(addresses),
    connect: ({ hostname, servername, port, protocol }, callback) => {
      connected.push({ hostname, servername, port, protocol });
      callback(new Error('no network here'), null);
    },
  };
  return { fake, connected };
}

async function refusalOf(url: string, addresses: readonly string[] = ['93.184.216.34']) {
  const { fake, connected } = network(addresses);
  const error: unknown = await createFetchPicture(settings, fake)(url, never).catch((thrown: unknown) => thrown);
  return { error, connected };
}

test.each([
  ['another scheme', 'file:///etc/passwd', /https:\/\/ or http:\/\//],
  ['another scheme', 'ftp://pictures.example/a.png', /https:\/\/ or http:\/\//],
  ['no URL', 'pictures.example/a.png', /valid URL/],
  ['a password', 'https://me:secret@pictures.example/a.png', /user name or password/],
  ['another host', 'https://evil.example/a.png', /evil\.example.*media\.allowedHosts/],
  ['another port', 'https://pictures.example:8443/a.png', /media\.allowedHosts/],
  ['this machine, though its address is allowed', 'http://127.0.0.1/a.png', /private network/],
  ['this machine, written otherwise', 'http://2130706433/a.png', /private network/],
  ['this machine, written otherwise', 'http://0x7f.1/a.png', /private network/],
  ['this machine in IPv6', 'http://[::1]/a.png', /private network/],
])('%s is refused without a connection: %s', async (_what, url, message) => {
  const { error, connected } = await refusalOf(url);
  expect(error).toMatchObject({ code: 'invalid_request', message: expect.stringMatching(message) });
  expect(connected).toEqual([]);
});

test.each(['127.0.0.1', '10.0.0.7', '169.254.169.254', '::1', 'fd00::1', 'fe80::1%eth0', '::ffff:93.184.216.34', '224.0.0.1'])('a name that means %s is refused, even beside a public address', async (address) => {
  for (const addresses of [[address], ['93.184.216.34', address]]) {
    const { error, connected } = await refusalOf('https://pictures.example/a.png', addresses);
    expect(error).toMatchObject({ code: 'invalid_request', message: expect.stringContaining('private network') });
    expect(connected).toEqual([]);
  }
});

test('the connection goes to the very address that was checked, and the certificate must be for the name', async () => {
  const { error, connected } = await refusalOf('https://a.cdn.example/a.png', ['93.184.216.34', '93.184.216.35']);
  expect(connected).toEqual([{ hostname: '93.184.216.34', servername: 'a.cdn.example', port: '', protocol: 'https:' }]);
  expect(error).toMatchObject({ code: 'invalid_request', message: expect.stringContaining('could not be reached') });
});

test('an address is connected to as it stands', async () => {
  const { connected } = await refusalOf('http://93.184.216.34/a.png', []);
  expect(connected).toEqual([{ hostname: '93.184.216.34', servername: undefined, port: '', protocol: 'http:' }]);
});

test('a name that is not found says so', async () => {
  expect((await refusalOf('https://pictures.example/a.png', [])).error).toMatchObject({ code: 'invalid_request', message: expect.stringContaining('not found') });
  const failing: PictureNetwork = { ...network([]).fake, resolve: () => Promise.reject(new Error('ENOTFOUND')) };
  await expect(createFetchPicture(settings, failing)('https://pictures.example/a.png', never)).rejects.toMatchObject({ code: 'invalid_request', message: expect.stringContaining('not found') });
});

test('whoever leaves does not wait for the name', async () => {
  const caller = new AbortController();
  const slow: PictureNetwork = { ...network([]).fake, resolve: () => new Promise(() => {}) };
  const outcome = createFetchPicture(settings, slow)('https://pictures.example/a.png', caller.signal);
  caller.abort();
  await expect(outcome).rejects.toMatchObject({ code: 'cancelled' });
});
