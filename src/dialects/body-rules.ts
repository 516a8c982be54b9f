/** What a relay must know of an API whose JSON answers only ever come whole. */
import type { Usage } from '../core/stream.ts';
import type { Fields } from './read-fields.ts';
import type { RelayRules } from './relay.ts';

const never = /(?!)/;

export function bodyRules(usage: (value: Fields) => Usage): RelayRules {
  return { telling: never, beginning: never, payloadOf: () => null, endMark: null, finishReason: () => null, usage };
}
