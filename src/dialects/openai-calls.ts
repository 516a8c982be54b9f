/** Puts tool calls together from the pieces in which OpenAI-compatible servers stream them. */
import type { CallPart } from './gathered-answer.ts';
import type { Fields } from './read-fields.ts';
import { CallNumbers } from './tool-thread.ts';
import { isObject } from '../util/json-object.ts';

interface OpenCall {
  readonly index: number | undefined;
  id: string;
  name: string;
  arguments: string;
}

/** Pieces may interleave, and may lack ids or indexes. */
export class CallGatherer {
  readonly #calls: OpenCall[] = [];

  /** `pieces`: a `tool_calls` list of a delta or a message; anything else is ignored. */
  take(pieces: unknown): void {
    if (!Array.isArray(pieces)) return;
    for (const piece of pieces) if (isObject(piece)) this.#add(piece);
  }

  /** The whole calls in order of appearance; those without ids are numbered. */
  calls(): readonly CallPart[] {
    const numbers = new CallNumbers(this.#calls.map((call) => call.id));
    return this.#calls.map((call, index) => ({ type: 'tool-call', index, id: call.id || numbers.next(), name: call.name, arguments: call.arguments.trim() === '' ? '{}' : call.arguments }));
  }

  #add(piece: Fields): void {
    const made = isObject(piece.function) ? piece.function : {};
    const id = typeof piece.id === 'string' ? piece.id : '';
    const name = typeof made.name === 'string' ? made.name : '';
    const index = typeof piece.index === 'number' ? piece.index : undefined;
    const call = this.#find(index, id, name) ?? this.#open(index);
    call.id ||= id;
    call.name ||= name;
    if (typeof made.arguments === 'string') call.arguments += made.arguments;
    else if (isObject(made.arguments)) call.arguments = JSON.stringify(made.arguments);
  }

  /** Undefined when the piece begins a call. Some servers send whole calls that all claim index 0: then ids tell them apart. */
  #find(index: number | undefined, id: string, name: string): OpenCall | undefined {
    if (index !== undefined) {
      const call = this.#calls.findLast((one) => one.index === index);
      const another = call && id !== '' && call.id !== '' && call.id !== id && name !== '';
      return another ? undefined : call;
    }
    if (id !== '') return this.#calls.find((one) => one.id === id);
    const last = this.#calls.at(-1);
    return name !== '' && last?.name ? undefined : last;
  }

  #open(index: number | undefined): OpenCall {
    const call: OpenCall = { index, id: '', name: '', arguments: '' };
    this.#calls.push(call);
    return call;
  }
}
