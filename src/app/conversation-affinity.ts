/** Remembers where conversations are, as `router.affinity` says. */
import type { Clock } from '../core/clock.ts';
import type { Placement } from '../core/placement.ts';
import type { Config } from '../config/config.ts';
import { textRules } from '../pipeline/prefix/prefix-rules.ts';
import { AffinityTable, type LastingPin, type Pin } from '../routing/affinity.ts';
import { conversationKey } from '../routing/affinity-key.ts';
import type { Entry } from '../routing/routing.ts';
import type { BrainSources } from './brain.ts';

export interface ConversationAffinity {
  readonly enabled: boolean;
  readonly ttlMs: number;
  /** For the brain; absent when it is switched off, so that no request is read for it. */
  readonly keyOf?: BrainSources['conversationKey'];
  /** For placing. */
  pinned(conversation: number): Pin | null;
  /** For the desk: who got a ticket will be read there. */
  granted(entry: Entry, placement: Placement): void;
  /** For the status. */
  entries(): readonly LastingPin[];
}

export function createAffinity({ enabled, ttlMs }: Config['router']['affinity'], clock: Clock): ConversationAffinity {
  const table = new AffinityTable(ttlMs);
  return {
    enabled,
    ttlMs,
    ...(enabled ? { keyOf: (request, modelKey) => conversationKey(request, modelKey, stable) } : {}),
    pinned: (conversation) => table.find(conversation, clock.now()),
    granted({ conversation, promptTokens }, { backendId, model }) {
      if (conversation !== undefined) table.remember(conversation, { backendId, model, tokens: promptTokens }, clock.now());
    },
    entries: () => table.entries(clock.now()),
  };
}

/** Without what agents change with every request, the turns of their conversations begin alike. */
function stable(text: string): string {
  return textRules.reduce((rest, rule) => rule.steady(rest)?.text ?? rest, text);
}
