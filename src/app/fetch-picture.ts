/** Fetches a picture that a request names by its address, from hosts that the operator allows and from nowhere else. */
import { lookup as systemLookup } from 'node:dns/promises';
import type { buildConnector, Dispatcher } from 'undici';
import { guardedConnector } from '../backends/guarded-connector.ts';
import { RouterError } from '../core/errors.ts';
import type { FetchPicture, Picture } from '../pipeline/prepare-pictures.ts';
import { isPublicAddress, parseAddress } from '../util/address-ranges.ts';
import { allowsHost } from '../util/host-patterns.ts';
import { pictureType, pictureTypes } from '../util/picture-type.ts';

export interface PictureSettings {
  /** `media.allowedHosts`: see `allowsHost`. */
  readonly allowedHosts: readonly string[];
  readonly maxBytes: number;
}

/** What reaches the network; others are given in tests. */
export interface PictureNetwork {
  /** All addresses of a name. */
  resolve(host: string): Promise<readonly string[]>;
  /** Opens a connection to the address in `hostname`; `servername` is for certificates. */
  readonly connect: buildConnector.connector;
}

const mostRedirects = 3;
const redirects = new Set([301, 302, 303, 307, 308]);

const realNetwork: PictureNetwork = {
  resolve: async (host) => (await systemLookup(host, { all: true, verbatim: true })).map(({ address }) => address),
  // The signal ends an attempt to connect, too.
  connect: guardedConnector(0),
};

/**
 * Every address on the way, redirects included, must be allowed by name, and all it resolves to must be public; the connection
 * goes to exactly the address that was checked. Rejects with `invalid_request` and a sentence that says why.
 */
export function createFetchPicture(settings: PictureSettings, network: PictureNetwork = realNetwork): FetchPicture {
  return async (address, signal) => {
    let url = checkedUrl(address, null, settings);
    for (let hop = 0; hop <= mostRedirects; hop += 1) {
      const host = await publicAddress(url, network, signal);
      const answer = await ask(url, host, settings, network, signal);
      if (!('redirect' in answer)) return answer;
      url = checkedUrl(answer.redirect, url, settings);
    }
    throw refused(`${new URL(address).host} redirects more than ${mostRedirects} times.`);
  };
}

function refused(why: string, cause?: unknown): RouterError {
  return new RouterError('invalid_request', why, cause === undefined ? {} : { cause });
}

function left(): RouterError {
  return new RouterError('cancelled', 'The request was cancelled.');
}

function checkedUrl(address: string, from: URL | null, { allowedHosts }: PictureSettings): URL {
  const what = from === null ? 'the address of the picture' : `the address that ${from.host} redirects to`;
  if (!URL.canParse(address, from?.href)) throw refused(`${what} is not a valid URL.`);
  const url = new URL(address, from?.href);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refused(`${what} must begin with https:// or http://.`);
  if (url.username !== '' || url.password !== '') throw refused(`${what} must not hold a user name or password.`);
  if (!allowsHost(allowedHosts, url)) throw refused(`pictures are not fetched from ${url.host}: it is not among \`media.allowedHosts\`. Send the picture as a \`data:\` URL.`);
  return url;
}

/** One that may be connected to. A name that also means a private address is not trusted at all. */
async function publicAddress(url: URL, network: PictureNetwork, signal: AbortSignal): Promise<string> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const addresses = parseAddress(host) === null ? await resolved(host, network, signal) : [host];
  const [first] = addresses;
  if (first === undefined) throw refused(`the host ${url.hostname} was not found.`);
  if (!addresses.every(isPublicAddress)) throw refused(`${url.hostname} is an address of a private network or of this machine; pictures are never fetched from there.`);
  return first;
}

/** A look-up cannot be stopped, but need not be waited for. */
async function resolved(host: string, network: PictureNetwork, signal: AbortSignal): Promise<readonly string[]> {
  let onAbort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(left());
    if (signal.aborted) onAbort();
  });
  signal.addEventListener('abort', onAbort);
  try {
    return await Promise.race([network.resolve(host), aborted]);
  } catch (thrown) {
    throw thrown instanceof RouterError ? thrown : refused(`the host ${host} was not found.`, thrown);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function ask(url: URL, address: string, settings: PictureSettings, network: PictureNetwork, signal: AbortSignal): Promise<Picture | { readonly redirect: string }> {
  const connect: buildConnector.connector = (options, callback) => network.connect({ ...options, hostname: address, servername: parseAddress(url.hostname) === null ? url.hostname : undefined }, callback);
  // Only who fetches pictures needs more of undici than its connections.
  const { Agent } = await import('undici');
  const agent = new Agent({ connect, headersTimeout: 0, bodyTimeout: 0 });
  try {
    const response = await agent.request({ origin: url.origin, path: `${url.pathname}${url.search}`, method: 'GET', headers: { accept: [...pictureTypes].join(', '), 'accept-encoding': 'identity', 'user-agent': 'ollama-agent-router' }, signal });
    // Leaving before its end destroys the connection, which the body reports as an error.
    response.body.on('error', () => {});
    const redirect = redirects.has(response.statusCode) ? firstOf(response.headers['location']) : undefined;
    return redirect === undefined ? await pictureIn(response, url, settings) : { redirect };
  } catch (thrown) {
    if (signal.aborted) throw left();
    throw thrown instanceof RouterError ? thrown : refused(`${url.host} could not be reached, or broke off.`, thrown);
  } finally {
    await agent.destroy();
  }
}

async function pictureIn(response: Dispatcher.ResponseData, url: URL, { maxBytes }: PictureSettings): Promise<Picture> {
  const { statusCode, headers, body } = response;
  if (statusCode !== 200) throw refused(`${url.host} answered with status ${statusCode}.`);
  const told = firstOf(headers['content-type'])?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (!pictureTypes.has(told) && told !== 'image/jpg') throw refused(`${url.host} sent ${told === '' ? 'something without a type' : told.slice(0, 100)}; it must be PNG, JPEG, WebP or GIF.`);
  if (!['', 'identity'].includes(firstOf(headers['content-encoding']) ?? '')) throw refused(`${url.host} sent the picture compressed.`);
  const tooLarge = (): RouterError => refused(`the picture at ${url.host} is larger than the ${maxBytes} bytes of \`media.maxBytes\`.`);
  if (Number(firstOf(headers['content-length']) ?? 0) > maxBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  const mediaType = pictureType(bytes);
  if (mediaType === null) throw refused(`what ${url.host} sent as ${told} is no PNG, JPEG, WebP or GIF.`);
  return { mediaType, data: bytes.toString('base64') };
}

function firstOf(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}
