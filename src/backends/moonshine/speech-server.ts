/** The speech engine's two addresses over HTTP, for the node agent alone. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { RouterError } from '../../core/errors.ts';
import { readForm, textIn } from '../../util/form-fields.ts';
import { type Segment, writeTranscript } from '../../util/transcript.ts';
import { sendJson } from '../embedded/chat-answer.ts';
import { Refusal } from '../embedded/chat-job.ts';
import { bodyOf, isAllowed } from '../embedded/engine-server.ts';
import { modelName } from './known-files.ts';
import { samplesOf } from './to-wav.ts';
import { sampleRate } from './wav.ts';

export interface Hearing {
  transcribe(samples: Float32Array, signal: AbortSignal): Promise<readonly Segment[]>;
}

const largestBody = 512 * 2 ** 20;

/** Not yet listening. Every request needs `Authorization: Bearer <secret>`; recordings are heard one after the other. */
export function speechServer(hearing: Hearing, secret: string): Server {
  let before: Promise<unknown> = Promise.resolve();
  const inTurn = (work: () => Promise<readonly Segment[]>): Promise<readonly Segment[]> => {
    const mine = before.then(work);
    before = mine.catch(() => {});
    return mine;
  };
  return createServer((request, response) => {
    void answer(request, response, secret, (samples, signal) => inTurn(() => hearing.transcribe(samples, signal)));
  });
}

async function answer(request: IncomingMessage, response: ServerResponse, secret: string, hear: Hearing['transcribe']): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort(new Error('The caller left.')));
  try {
    if (!isAllowed(request.headers.authorization, secret)) throw new Refusal(401, 'authentication_error', 'The key is missing or wrong.');
    const address = `${request.method} ${request.url?.split('?')[0]}`;
    if (address === 'GET /v1/models') sendJson(response, 200, { object: 'list', data: [{ id: modelName, object: 'model', owned_by: 'moonshine', capabilities: ['transcription'] }] });
    else if (address === 'POST /v1/audio/transcriptions') await transcribe(request, response, hear, gone.signal);
    else throw new Refusal(404, 'not_found_error', `There is nothing at ${address}.`);
  } catch (thrown) {
    if (gone.signal.aborted) return;
    const refusal = refusalOf(thrown);
    if (!response.headersSent && !response.destroyed) sendJson(response, refusal.status, refusal.body);
  }
}

async function transcribe(request: IncomingMessage, response: ServerResponse, hear: Hearing['transcribe'], signal: AbortSignal): Promise<void> {
  const form = (await bodyOf(request, largestBody)).toString('latin1');
  const fields = readForm(form, request.headers['content-type'] ?? '');
  const field = (name: string): string => textIn(form, fields.find((one) => one.name === name));
  const file = fields.find((one) => one.name === 'file' || one.name === 'audio');
  if (file === undefined) throw new Refusal(400, 'invalid_request_error', 'The form has no field `file`.', { param: 'file' });
  const language = field('language');
  if (language !== '' && !/^en(?:glish)?(?:-|$)/i.test(language)) throw new Refusal(400, 'invalid_request_error', `${modelName} hears English alone. Name another model for ${language.slice(0, 20)}.`, { param: 'language' });
  const format = field('response_format');
  if (writeTranscript({ text: '', segments: [] }, format) === null) throw new Refusal(400, 'invalid_request_error', 'response_format is json, verbose_json, text, srt or vtt.', { param: 'response_format' });
  const samples = await samplesOf(Buffer.from(form.slice(file.value.from, file.value.to), 'latin1'), signal);
  const segments = await hear(samples, signal);
  const written = writeTranscript({ text: segments.map((segment) => segment.text).join(' '), language: 'english', segments }, format, samples.length / sampleRate);
  response.writeHead(200, { 'content-type': written?.contentType ?? 'text/plain' });
  response.end(written?.body);
}

function refusalOf(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown;
  if (thrown instanceof RouterError && thrown.status < 500) return new Refusal(thrown.status, 'invalid_request_error', thrown.message);
  return new Refusal(500, 'server_error', `Speech to text failed: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
}
