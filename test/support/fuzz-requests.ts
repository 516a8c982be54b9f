/** Requests that nobody sane would send, the same ones for the same seed. */
import type { Route } from '../../src/http/http.ts';
import { numbersFrom } from './seeded.ts';

export interface FuzzRequest {
  /** What goes over the wire. */
  readonly bytes: Buffer;
  readonly method: string;
  readonly route: Route;
  /** Something was done to the path, so that it may lead elsewhere. */
  readonly astray: boolean;
  /** Is it HTTP by the book? What is not may be answered by the HTTP parser, without a body. */
  readonly proper: boolean;
  /** Does the body stop before its end? */
  readonly half: boolean;
}

const deep = (levels: number, open: string, close: string): string => open.repeat(levels) + close.repeat(levels);

/** Values as JSON text, or as what looks like it. */
const nastyValues: readonly string[] = [
  'null', 'true', 'false', '0', '-0', '-1', '1', '1.5', '1e308', '-1e308', '1e999', '9007199254740993', '4294967296', '-2147483649', '1e-320', '00', '.5', 'NaN', 'Infinity', 'undefined',
  '""', '" "', '"0"', '"true"', '"null"', '"\\u0000"', '"\\ud800"', '"\\udfff\\ud800"', '"\ufeff"', '"a\\r\\nx-evil: 1"', '"\u2028"', '"ﷺ🏳️‍🌈"', `"${'x'.repeat(5000)}"`, `"${'é'.repeat(3000)}"`,
  '"__proto__"', '"constructor"', '"prototype"', '"toString"', '"hasOwnProperty"', '"auto"', '"a:1b"', '"b:1b"', '"*"', '"../../../etc/passwd"', '"%00"', '"${HOME}"', '"sha256:"', '"file:///etc/passwd"', '"http://127.0.0.1:1/x.png"', '"http://169.254.169.254/latest"', '"data:image/png;base64,AAAA"', '"data:image/png;base64,%%%"',
  '[]', '{}', '[null]', '[[]]', '[{}]', '{"":""}', '[1,2,3]', `[${'null,'.repeat(500)}null]`, deep(50, '[', ']'), deep(3000, '[', ']'), deep(2000, '{"a":', '}').replace('{"a":}', '{"a":1}'),
  '{"__proto__":{"polluted":true}}', '{"constructor":{"prototype":{"polluted":true}}}', '{"toString":1,"valueOf":2,"length":-1}', '{"type":"text"}', '{"type":"image_url","image_url":{"url":"x"}}', '{"type":"function","function":null}', '{"role":"tool"}', '{"then":1}', '{"$ref":"#"}',
];

const nastyNames: readonly string[] = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', ' ', 'x'.repeat(300), '\u0000', 'then', 'length', 'é', '0'];

/** Bodies that some address takes, to begin from. */
const goodBodies: readonly string[] = [
  '{"model":"a:1b","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}],"stream":false,"max_tokens":5,"temperature":0.5,"stop":["x"],"user":"u","tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}}}],"tool_choice":"auto","response_format":{"type":"json_object"},"stream_options":{"include_usage":true},"router":{"mode":"auto","allowAsync":false,"priority":"low","preferredModels":["a:1b"],"maxQueueTimeMs":50}}',
  '{"model":"a:1b","messages":[{"role":"user","content":[{"type":"text","text":"Hi"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]},{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"1","content":"4"}],"stream":true}',
  '{"model":"a:1b","messages":[{"role":"user","content":"Hi","images":["iVBORw0KGgo="]}],"stream":true,"options":{"num_ctx":2048,"temperature":1,"stop":["a"]},"format":"json","keep_alive":"5m","think":false}',
  '{"model":"a:1b","prompt":"Hi","suffix":"x","system":"s","stream":false,"raw":true,"context":[1,2],"options":{},"images":[]}',
  '{"model":"a:1b","prompt":["Hi","Ho"],"max_tokens":3,"n":1,"logprobs":2,"echo":false,"stream":true}',
  '{"model":"a:1b","input":["Hi","Ho"],"dimensions":4,"encoding_format":"float","truncate":true}',
  '{"model":"a:1b","max_tokens":5,"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":[{"type":"text","text":"Hi"},{"type":"tool_result","tool_use_id":"1","content":"x"}]}],"tools":[{"name":"f","input_schema":{"type":"object"}}],"thinking":{"type":"enabled","budget_tokens":1024},"stream":true}',
  '{"model":"a:1b","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"Hi"}]},{"type":"function_call","call_id":"1","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"1","output":"x"}],"instructions":"s","store":true,"previous_response_id":"resp_none","text":{"format":{"type":"text"}},"stream":false}',
  '{"model":"a:1b","query":"Hi","documents":["a",{"text":"b"}],"top_n":1}',
  '{"model":"a:1b","prompt":"A cat","size":"64x64","n":1,"input":"Hi","voice":"x","speed":1}',
  '{"selectedModel":"a:1b","request":{"messages":[{"role":"user","content":"Hi"}]},"priority":"low","routerDecision":{"taskType":"simple_chat","score":1,"reason":"x"},"classification":{"taskType":"simple_chat","complexity":"light","confidence":1}}',
  '{"id":"made","name":"n","scopes":["standalone"],"limits":{"standalone":{"requests":1,"windowSeconds":1}},"expiresAt":"2030-01-01T00:00:00Z","models":["a*"],"maxPriority":"low","expectedVersion":1}',
  '{"expectedVersion":0,"config":{"planes":{"standalone":{"enabled":true,"auth":{"requireApiKey":false,"anonymous":"allow"}},"runtimeAgent":{"enabled":true,"auth":{"requireApiKey":false,"anonymous":"allow"}}},"apiKeys":[]}}',
  '{"model":"none:1b","name":"none","source":"none","destination":"x","targets":["b"],"stream":false,"insecure":false,"days":30,"trim_old":false}',
  '{}', '[]', '', ' ', 'null', '"text"', '{"model":"a:1b"}',
];

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'M-SEARCH', 'PURGE', 'LINK'];
const strangeMethods = ['get', 'BREW', 'CONNECT', 'PRI', 'G\u0000T', 'POST POST', '', 'X'.repeat(100)];
const queries = ['', '?', '?&&==', '?a=%zz', '?limit=-1', '?limit=1e9', '?limit=50&before=x', '?before=%00', '?model=a:1b', '?__proto__=1&constructor=2', `?${'a=1&'.repeat(300)}`, '?api_key=', '?api_key=wrong&api_key=right', '?backend=../x&node_id=%ff', '?stream=true', '?expectedVersion=NaN', '?days=0', '??#', '?%F0%28%8C%28'];
const segments = ['none', '%00', '%2e%2e%2f', '%ff', '..', '__proto__', 'constructor', '%', 'a:1b', 'x'.repeat(2000), '%F0%9F%8F%B3', ' ', ';', `sha256:${'a'.repeat(64)}`, 'job_local_0000000000000000', '*', ':id', '%25%32%66'];
const headerLines = ['x-oar-backend: __proto__', 'x-oar-backend: a\tb', 'accept: text/event-stream', 'accept: ,,,;q=', 'content-encoding: gzip', 'content-encoding: identity', 'anthropic-version: 2023-06-01', 'anthropic-beta: x,y,,', 'x-forwarded-for: , ,999.1.1.1', 'x-forwarded-for: 203.0.113.9%eth0', 'x-forwarded-for: [::1', 'origin: null', 'origin: http://localhost:1', 'origin: ://', 'origin: https://evil.example', 'cookie: oar_session=%00; ;;=', 'authorization: Bearer', 'authorization: Bearer a b', 'authorization: Basic Og==', 'authorization: \u00ff\u00fe', 'x-api-key: ', 'x-api-key: wrong', 'range: bytes=0-1', 'if-none-match: *', 'upgrade: websocket', 'connection: upgrade, x', 'te: trailers', 'expect: 100-continue', 'x: ', `x-long: ${'y'.repeat(4000)}`, 'content-type: application/json; charset=utf-16', 'access-control-request-method: POST', 'user-agent: '];
const badHeaderLines = ['no colon here', ': empty name', 'sp ace: x', 'x-nul: \u0000', 'content-length: -1', 'content-length: 1, 2', 'transfer-encoding: gzip, chunked', 'transfer-encoding: chunked, identity', ' folded: line', 'expect: 200-maybe', `x-huge: ${'z'.repeat(20_000)}`];
const types = ['application/json', 'application/json; charset=utf-8', 'text/plain', 'multipart/form-data; boundary=b', 'multipart/form-data', 'application/octet-stream', 'x', ''];
const form = '--b\r\ncontent-disposition: form-data; name="file"; filename="../../x.wav"\r\ncontent-type: audio/wav\r\n\r\nRIFF\u0000\u0001\r\n--b\r\ncontent-disposition: form-data; name="model"\r\n\r\na:1b\r\n--b--\r\n';

export class Fuzzer {
  readonly #random: () => number;
  readonly #routes: readonly Route[];
  readonly #keys: readonly string[];

  /** `keys` are header lines that let somebody in. */
  constructor(seed: number, routes: readonly Route[], keys: readonly string[]) {
    this.#random = numbersFrom(seed);
    this.#routes = routes;
    this.#keys = keys;
  }

  next(): FuzzRequest {
    const route = this.#one(this.#routes);
    const oddMethod = this.#chance(0.04);
    const method = oddMethod ? this.#one(strangeMethods) : this.#chance(0.12) ? this.#one(methods) : route.method;
    const lines = this.#headers(route);
    const badHeader = this.#chance(0.04);
    if (badHeader) lines.push(this.#one(badHeaderLines));
    const bodyless = route.method === 'GET' || route.method === 'HEAD';
    const withBody = bodyless ? this.#chance(0.1) : this.#chance(0.97);
    const body = withBody ? this.#body() : Buffer.alloc(0);
    const half = withBody && body.length > 1 && this.#chance(0.05);
    const { lines: framing, bytes } = this.#framed(body, withBody, half);
    const astray = this.#chance(0.05);
    const head = Buffer.from(`${method} ${this.#path(route, astray)} HTTP/1.1\r\nhost: ${this.#chance(0.02) ? 'evil.example' : '127.0.0.1'}\r\n${[...lines, ...framing].join('\r\n')}\r\n\r\n`, 'latin1');
    return { bytes: Buffer.concat([head, bytes]), method, route, astray, proper: !oddMethod && !badHeader, half };
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }

  #below(count: number): number {
    return Math.floor(this.#random() * count);
  }

  #one<Item>(items: readonly Item[]): Item {
    const item = items[this.#below(items.length)];
    if (item === undefined) throw new Error('There is nothing to choose from.');
    return item;
  }

  #path(route: Route, astray: boolean): string {
    let path = route.path.replace(/[:*][a-z]+/gi, () => this.#one(segments));
    if (this.#chance(0.05)) path = path.toUpperCase();
    if (astray) path = this.#one([`${path}/`, `${path}//`, `${path}/..`, `${path}/%2e`, `${path}/x`, '*', '//', '/%', `http://x${path}`, `/${'a/'.repeat(2000)}`]);
    return `${path}${this.#chance(0.3) ? this.#one(queries) : ''}`.replaceAll(' ', '%20');
  }

  #headers(route: Route): string[] {
    const lines = route.header === undefined ? [] : [`${route.header}: 2023-06-01`];
    if (this.#chance(0.7)) lines.push(this.#one(this.#keys));
    for (let more = this.#below(4); more > 0; more -= 1) lines.push(this.#one(headerLines));
    lines.push(`content-type: ${this.#chance(0.7) ? 'application/json' : this.#one(types)}`);
    return lines;
  }

  #framed(body: Buffer, withBody: boolean, half: boolean): { readonly lines: readonly string[]; readonly bytes: Buffer } {
    if (!withBody) return { lines: [], bytes: body };
    const sent = half ? body.subarray(0, this.#below(body.length)) : body;
    if (this.#chance(0.8)) return { lines: [`content-length: ${body.length}`], bytes: sent };
    const end = half ? '' : '0\r\n\r\n';
    const chunk = sent.length === 0 ? [] : [Buffer.from(`${sent.length.toString(16)}\r\n`), sent, Buffer.from('\r\n')];
    return { lines: ['transfer-encoding: chunked'], bytes: Buffer.concat([...chunk, Buffer.from(end)]) };
  }

  #body(): Buffer {
    if (this.#chance(0.05)) return Buffer.from(form, 'latin1');
    let text = this.#one(goodBodies);
    for (let times = this.#below(4); times > 0; times -= 1) text = this.#mutated(text);
    const bytes = Buffer.from(text);
    return this.#chance(0.1) ? this.#scrambled(bytes) : bytes;
  }

  /** One value, or one name, becomes another; or the text is cut, doubled or wrapped. */
  #mutated(text: string): string {
    const kind = this.#random();
    if (kind < 0.6) return this.#replaceOne(text, /"(?:[^"\\]|\\.)*"(?!\s*:)|-?\d+(?:\.\d+)?|true|false|null|\[\]|\{\}/g, () => this.#one(nastyValues));
    if (kind < 0.75) return this.#replaceOne(text, /"(?:[^"\\]|\\.)*"(?=\s*:)/g, () => JSON.stringify(this.#one(nastyNames)));
    if (kind < 0.85) return this.#replaceOne(text, /\{(?=")/g, () => `{${JSON.stringify(this.#one(nastyNames))}:${this.#one(nastyValues)},`);
    if (kind < 0.9) return text.slice(0, this.#below(text.length + 1));
    if (kind < 0.95) return `${text}${this.#one(['', ' ', '\u0000', ',', '}', text])}`;
    return this.#one([`[${text}]`, `{"a":${text}}`, `\ufeff${text}`, JSON.stringify(text)]);
  }

  #replaceOne(text: string, expression: RegExp, made: () => string): string {
    const places = [...text.slice(0, 20_000).matchAll(expression)];
    if (places.length === 0) return text;
    const place = this.#one(places);
    return `${text.slice(0, place.index)}${made()}${text.slice(place.index + place[0].length)}`;
  }

  /** Some bytes become others, so that it is no UTF-8 any more. */
  #scrambled(bytes: Buffer): Buffer {
    const changed = Buffer.from(bytes);
    for (let times = 1 + this.#below(5); times > 0 && changed.length > 0; times -= 1) changed[this.#below(changed.length)] = this.#one([0x00, 0x80, 0xc0, 0xff, 0xfe, 0xed, 0x22, 0x5c]);
    return changed;
  }
}
