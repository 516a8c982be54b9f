/** A trace as it is kept: without what a backend said in words of its own, which may quote the prompt, and of bounded length. */
import type { Attempt, Trace } from '../core/trace.ts';

/** What servers say of themselves, which helps and quotes nobody. */
const ownTrouble = [
  /requires more system memory \([\d.]+ [KMGT]i?B\) than is available \([\d.]+ [KMGT]i?B\)/i,
  /(?:CUDA error: )?out of memory/i,
  /(?:llama )?runner process (?:has terminated|no longer running)/i,
  /(?:unable|failed) to load (?:the )?model/i,
  /timed out waiting for llama runner to start/i,
];
/** Codes whose message ends with the server's own text, after a colon. */
const quoting = new Set(['backend_failed', 'backend_rejected', 'backend_protocol', 'context_overflow', 'stream_interrupted', 'invalid_request', 'unsupported_feature']);
/** Our own sentences; what follows a colon is the server's. */
const ourWords = new RegExp(
  [
    "^(?:Backend \\S+ (?:refused the request|failed with status \\d+|is busy|does not have the model|has nothing at this address)",
    "The router's key for backend \\S+ was refused",
    'The answer broke off',
    'The prompt (?:is longer|is \\d+ tokens long|has about \\d+ tokens)[^:"\']*',
    'The backend (?:answered|ended|sent) [^:"\']*)',
  ].join('|'),
);
const longest = 300;

/** The same trace when nothing has to go, as nearly always. */
export function keptTrace(trace: Trace): Trace {
  const { attempts, requestedModel, decisionReason } = trace;
  const said = attempts.some(({ message }) => message !== undefined);
  if (!said && (requestedModel === null || requestedModel.length <= longest) && (decisionReason === undefined || decisionReason.length <= longest)) return trace;
  return { ...trace, requestedModel: requestedModel?.slice(0, longest) ?? null, decisionReason: decisionReason?.slice(0, longest), attempts: said ? attempts.map(plainAttempt) : attempts };
}

function plainAttempt(attempt: Attempt): Attempt {
  const { error, message } = attempt;
  if (message === undefined || error === undefined) return attempt;
  return { ...attempt, message: (quoting.has(error) ? plainMessage(message) : message).slice(0, longest) };
}

function plainMessage(message: string): string {
  const trouble = ownTrouble.map((expression) => expression.exec(message)?.[0]).find((found) => found !== undefined);
  return [ourWords.exec(message)?.[0] ?? '', trouble ?? ''].filter((part) => part !== '').join(': ');
}
