/** What pretended servers answer at the addresses of embeddings, reranking, pictures, speech and transcription. */
import type { ServerResponse } from 'node:http';
import type { FakeOptions, FakeRequest } from './backend.ts';

export type Handlers = NonNullable<FakeOptions['handlers']>;
export type Handler = Handlers[string];

/** How many numbers a vector has unless fewer are asked for. */
export const vectorLength = 4;

/** The same for the same text, and exact in 32 bits. */
export function vectorOf(text: string, length: number = vectorLength): number[] {
  return Array.from({ length }, (_, index) => (text.length + index) / 8);
}

/** A token a word. */
export function tokensOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.split(' ').length, 0);
}

export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** OpenAI's, with `dimensions` and base64. */
export const openAiEmbeddings: Handler = ({ body }, response) => {
  const texts = textsOf(body?.['input']);
  const base64 = body?.['encoding_format'] === 'base64';
  const data = texts.map((text, index) => {
    const vector = vectorOf(text, lengthAsked(body));
    return { object: 'embedding', index, embedding: base64 ? Buffer.from(new Float32Array(vector).buffer).toString('base64') : vector };
  });
  answerJson(response, 200, { object: 'list', data, model: body?.['model'], usage: { prompt_tokens: tokensOf(texts), total_tokens: tokensOf(texts) } });
};

/** The same of a server that knows neither. */
export const plainEmbeddings: Handler = (request, response) => {
  const { encoding_format: _encoding, dimensions: _dimensions, ...body } = request.body ?? {};
  openAiEmbeddings({ ...request, body }, response);
};

export const ollamaEmbed: Handler = ({ body }, response) => {
  const texts = textsOf(body?.['input']);
  answerJson(response, 200, { model: body?.['model'], embeddings: texts.map((text) => vectorOf(text, lengthAsked(body))), total_duration: 2_000_000, load_duration: 1_000_000, prompt_eval_count: tokensOf(texts) });
};

/** Reads `prompt` alone: without one the vector is empty. */
export const ollamaEmbeddings: Handler = ({ body }, response) => {
  const prompt = typeof body?.['prompt'] === 'string' ? body['prompt'] : '';
  answerJson(response, 200, { embedding: prompt === '' ? [] : vectorOf(prompt) });
};

/** An Ollama's three. */
export const ollamaEmbedding: Handlers = { 'POST /v1/embeddings': openAiEmbeddings, 'POST /api/embed': ollamaEmbed, 'POST /api/embeddings': ollamaEmbeddings };

/** Ranks the longest first. */
export const rerank: Handler = ({ body }, response) => {
  const documents = textsOf(body?.['documents']);
  const results = documents.map((text, index) => ({ index, relevance_score: text.length / 100, document: { text } })).sort((a, b) => b.relevance_score - a.relevance_score);
  answerJson(response, 200, { id: 'rerank-1', model: body?.['model'], results: results.slice(0, Number(body?.['top_n'] ?? results.length)), usage: { total_tokens: 21 } });
};

export const pictures: Handler = ({ body }, response) => answerJson(response, 200, { created: 1_700_000_000, data: [{ b64_json: Buffer.from(String(body?.['prompt'])).toString('base64') }], usage: { input_tokens: 6, output_tokens: 90, total_tokens: 96 } });

/** Bytes that are no text in any encoding. */
export const audio: Buffer = Buffer.from(Array.from({ length: 1000 }, (_, index) => (index * 7) % 256));

export const speech: Handler = (_request, response) => {
  response.writeHead(200, { 'content-type': 'audio/mpeg' });
  response.end(audio);
};

/** As JSON, or subtitles; tells what the form held. */
export const transcription: Handler = (request, response) => {
  const format = fieldOf(request, 'response_format');
  const file = fieldOf(request, 'file');
  if (file === undefined) return answerJson(response, 400, { error: { message: 'file is required', type: 'invalid_request_error', param: 'file' } });
  if (format === 'srt') {
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
    return void response.end('1\n00:00:00,000 --> 00:00:01,000\nZażółć\n\n');
  }
  answerJson(response, 200, { text: `${fieldOf(request, 'model')} heard ${Buffer.from(file, 'latin1').length} bytes`, usage: { type: 'tokens', input_tokens: 14, output_tokens: 3, total_tokens: 17 } });
};

/** A picture of one pixel. */
export const png: Buffer = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg==', 'base64');

/** A server whose pictures are real ones. */
export const paintings: Handlers = { 'POST /v1/images/generations': (_request, response) => answerJson(response, 200, { created: 1_700_000_000, data: [{ b64_json: png.toString('base64') }] }) };

/** Ollama's own image models answer where text is generated. */
export const ollamaPaintings: Handlers = {
  'POST /api/generate': ({ body }, response) => answerJson(response, 200, { model: body?.['model'], created_at: '2026-01-01T00:00:00Z', response: '', image: png.toString('base64'), done: true, total_duration: 5_000_000 }),
};

/** Vectors of pictures, as a node gives them. */
export const pictureVectors: Handlers = {
  'POST /api/embed-image': ({ body }, response) => answerJson(response, 200, { model: body?.['model'], embeddings: textsOf(body?.['images']).map((image) => vectorOf(image)), dimensions: vectorLength }),
};

/** A server's all four beside embeddings. */
export const mediaHandlers: Handlers = { 'POST /v1/rerank': rerank, 'POST /v1/images/generations': pictures, 'POST /v1/audio/speech': speech, 'POST /v1/audio/transcriptions': transcription };

/** The value of a form's field, one character a byte. */
export function fieldOf({ bytes, headers }: FakeRequest, name: string): string | undefined {
  const [, boundary = ''] = /boundary=([^;]+)/.exec(String(headers['content-type'])) ?? [];
  for (const part of bytes.toString('latin1').split(`--${boundary}`)) {
    const [head = '', ...rest] = part.split('\r\n\r\n');
    if (head.includes(`name="${name}"`)) return rest.join('\r\n\r\n').slice(0, -2);
  }
  return undefined;
}

function textsOf(input: unknown): string[] {
  if (typeof input === 'string') return [input];
  return Array.isArray(input) ? input.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))) : [];
}

function lengthAsked(body: FakeRequest['body']): number {
  return Number(body?.['dimensions'] ?? vectorLength);
}
