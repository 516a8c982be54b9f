/** Check `context_waste`: a model is loaded with a context many times longer than anybody uses, and a shorter one is advised. */
import type { Check } from './check.ts';

const times = 4;
const manyTimes = 8;
const enough = 10;

export const check: Check = {
  id: 'context_waste',
  run: ({ contexts }) =>
    contexts
      .filter(({ requests, p99Tokens, allocatedTokens, recommendedTokens }) => requests >= enough && p99Tokens > 0 && allocatedTokens > times * p99Tokens && recommendedTokens < allocatedTokens)
      .map(({ model, nodeId, allocatedTokens, p99Tokens, recommendedTokens, requests }) => ({
        severity: allocatedTokens > manyTimes * p99Tokens ? 'warning' : 'info',
        title: `${model} has far more context than it uses`,
        description: `${nodeId} holds ${allocatedTokens} tokens of context for it; 99 of 100 requests use at most ${Math.round(p99Tokens)}.`,
        fix: { text: `Load it with ${recommendedTokens} tokens.`, action: { label: `Use ${recommendedTokens} tokens`, method: 'POST', path: '/dashboard/api/settings', body: { num_ctx_overrides: { [model]: recommendedTokens }, dynamic_num_ctx: true } } },
        nodeId,
        data: { model, allocatedTokens, p99Tokens: Math.round(p99Tokens), recommendedTokens, requests },
      })),
};
