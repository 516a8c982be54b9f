/** The OpenAI transcription API: `POST /v1/audio/transcriptions`, a form with a file. */
import { RouterError } from '../core/errors.ts';
import type { RelayedRequest } from '../core/request.ts';
import type { Target, WireCall } from './dialect.ts';
import { asForm, editForm, type FormEdit, readForm, textIn, withField } from '../util/form-fields.ts';
import { relayedDialect } from './relayed-dialect.ts';

const id = 'openai-transcriptions';
const path = '/v1/audio/transcriptions';

function decodeRequest(wire: string, contentType = ''): RelayedRequest {
  const fields = readForm(wire, contentType);
  const value = (name: string): string => textIn(wire, fields.find((field) => field.name === name));
  if (!fields.some((field) => isUpload(field.name))) throw new RouterError('invalid_request', '`file` is missing: send the recording as the form field `file`.', { param: 'file' });
  return {
    task: 'transcription',
    dialect: id,
    wire,
    model: value('model') || null,
    text: value('prompt'),
    stream: /^(?:true|1)$/i.test(value('stream')),
    includeUsage: false,
    router: null,
    extra: { contentType },
  };
}

/** Ruling 17: `audio` is another name for `file`. */
function isUpload(name: string): boolean {
  return name === 'file' || name === 'audio';
}

/** The caller's form with the served model's name, and the recording under the name that servers know. */
function encodeRequest({ wire, model, extra }: RelayedRequest, target: Target): WireCall {
  const contentType = String(extra.contentType);
  const fields = readForm(wire, contentType);
  const alreadyNamed = fields.some((field) => field.name === 'file');
  const edits = fields.flatMap((field): FormEdit[] => {
    if (field.name === 'model' && model !== target.model) return [{ ...field.value, text: asForm(target.model) }];
    return field.name === 'audio' && !alreadyNamed ? [{ ...field.nameAt, text: 'file' }] : [];
  });
  const named = fields.some((field) => field.name === 'model');
  const body = editForm(wire, edits);
  return { path, body: named ? body : withField(body, contentType, 'model', target.model), contentType, binary: true, rewrites: fields.some((field) => field.name === 'audio') && !alreadyNamed ? ['file'] : [] };
}

export const dialect = relayedDialect({ id, task: 'transcription', path, takesForms: true, json: false, contentType: 'application/json; charset=utf-8', timeHeader: 'x-transcription-time', decodeRequest, encodeRequest });
