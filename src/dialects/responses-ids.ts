/** Ids of answers and their items, of which the second tell the first. */

const kinds = { rs: 'reasoning', msg: 'text', fc: 'call', ctc: 'call' } as const;

export type ItemKind = keyof typeof kinds;

/** What an item's id says; an id that no answer of ours has points at an answer that is nowhere. */
export interface ItemReference {
  readonly id: string;
  readonly answerId: string;
  readonly part: (typeof kinds)[ItemKind];
  /** Which call of the answer, for calls. */
  readonly position: number;
}

export function answerId(requestId: string): string {
  return `resp_${keyOf(requestId)}`;
}

export function itemId(kind: ItemKind, requestId: string, position: number): string {
  return `${kind}_${keyOf(requestId)}_${position}`;
}

export function readItemId(id: string): ItemReference {
  const found = /^(rs|msg|fc|ctc)_(.+)_(\d+)$/.exec(id);
  const kind = found?.[1] as ItemKind | undefined;
  return { id, answerId: `resp_${found?.[2] ?? id}`, part: kinds[kind ?? 'msg'], position: Number(found?.[3] ?? 0) };
}

function keyOf(requestId: string): string {
  return requestId.replace(/^req_/, '');
}
