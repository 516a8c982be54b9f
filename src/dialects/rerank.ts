/** The rerank API of Jina, Cohere, vLLM and llama-server: `POST /v1/rerank`, also at `/rerank`. */
import type { RelayedRequest } from '../core/request.ts';
import { type FieldReader, parseBody, wrongField } from './read-fields.ts';
import { relayedDialect, relayedRequest, requiredText } from './relayed-dialect.ts';
import { isObject } from '../util/json-object.ts';

const id = 'rerank';
const json = 'application/json; charset=utf-8';

function decodeRequest(wire: string): RelayedRequest {
  const body = parseBody(wire);
  const text = [readQuery(body), ...readDocuments(body)].join('\n');
  return relayedRequest(body, { id, task: 'rerank', wire, stream: false, text });
}

/** Some servers rank pictures: then it is an object. */
function readQuery(body: FieldReader): string {
  const { query } = body.fields;
  return isObject(query) ? textOf(query) : requiredText(body, 'query');
}

function readDocuments(body: FieldReader): readonly string[] {
  const documents = body.list('documents') ?? [];
  if (documents.length === 0) throw wrongField(body.pathOf('documents'), 'a list of documents, and not empty');
  return documents.map((document, index) => {
    if (typeof document !== 'string' && !isObject(document)) throw wrongField(`${body.pathOf('documents')}[${index}]`, 'a text or an object');
    return textOf(document);
  });
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return isObject(value) && typeof value.text === 'string' ? value.text : '';
}

export const dialect = relayedDialect({ id, task: 'rerank', path: '/v1/rerank', alias: '/rerank', json: true, contentType: json, decodeRequest });
