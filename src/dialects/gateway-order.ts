/** Reads what a gateway orders: a chat request for a model that it has chosen (contract agent-router part 1.3). */
import { RouterError } from '../core/errors.ts';
import type { Complexity, Priority } from '../core/request.ts';
import { editJson } from '../util/json-edit.ts';
import { readItems, skipSpace } from '../util/json-scan.ts';
import { spliceTopLevel } from '../util/json-splice.ts';
import { emptyListEdits } from './empty-lists.ts';
import { defined, type FieldReader, parseBody } from './read-fields.ts';

export interface GatewayOrder {
  readonly selectedModel: string;
  /** Does the request ask for a stream? */
  readonly stream: boolean;
  readonly priority?: Priority;
  /** In the gateway's words; absent: it did not say. */
  readonly taskType?: string;
  readonly complexity: Complexity;
  /** The OpenAI chat request as it was sent, for this model: `mode` says whether it may become a job, or must. */
  requestFor(model: string, mode: 'sync' | 'async'): string;
}

const priorities = ['low', 'normal', 'high'] as const;
/** Nobody's words for a task are longer, and they are written into every log. */
const longestTaskType = 100;

/** Throws `invalid_request` naming the field. What the request itself holds is read later, by its own dialect. */
export function readGatewayOrder(text: string): GatewayOrder {
  const body = parseBody(text);
  const selectedModel = body.string('selectedModel') || body.required('selectedModel', 'the name of a model');
  const request = body.object('request') ?? body.required('request', 'an object');
  const decision = body.object('routerDecision');
  const classification = body.object('classification');
  const router = request.object('router');
  const wire = mended(requestText(text), request);
  const priority = body.oneOf('priority', priorities) ?? decision?.oneOf('priority', priorities) ?? router?.oneOf('priority', priorities);
  const taskType = taskTypeIn(classification) ?? taskTypeIn(decision);
  return {
    selectedModel,
    stream: request.boolean('stream') ?? false,
    ...defined<Pick<GatewayOrder, 'priority' | 'taskType'>>({ priority, taskType }),
    complexity: classification?.oneOf('complexity', ['light', 'medium', 'heavy']) ?? 'medium',
    requestFor: (model, mode) =>
      spliceTopLevel(wire, new Map([
        ['model', JSON.stringify(model)],
        ['router', JSON.stringify({ ...router?.fields, ...decided, priority, mode, allowAsync: mode === 'async' })],
      ])),
  };
}

/** The model is chosen: wishes for others are the gateway's business, and may name other machines. */
const decided = { preferredModels: undefined, forbiddenModels: undefined };

function taskTypeIn(said: FieldReader | undefined): string | undefined {
  return said?.string('taskType')?.slice(0, longestTaskType) || undefined;
}

/** As it stands in the body, so that it reaches the model byte for byte. Of several the last counts, as it does for every reader. */
function requestText(text: string): string {
  const item = readItems(text, skipSpace(text, 0)).items.findLast(({ key }) => key === 'request');
  if (item === undefined) throw new RouterError('internal', 'A request that was read is not there.');
  return text.slice(item.valueAt, item.valueEnd);
}

function mended(wire: string, { fields }: FieldReader): string {
  return /\{\s*\}/.test(wire) ? editJson(wire, emptyListEdits(fields)) : wire;
}
