/** Asks the configured classifier model, through the same pipeline as any request. */
import type { Clock } from '../core/clock.ts';
import type { Config } from '../config/config.ts';
import type { InferenceDialect } from '../dialects/dialect.ts';
import type { ClassifierTools } from '../classifiers/classifier.ts';
import { deadlineSignal } from '../pipeline/deadline-signal.ts';
import type { Handle } from '../pipeline/pipeline.ts';
import { BufferReply } from './buffer-reply.ts';

export interface AskSources {
  readonly config: Config;
  readonly dialect: InferenceDialect;
  readonly handle: () => Handle;
  readonly clock: Clock;
  readonly newRequestId: () => string;
}

/** Null unless `router.classification.mode` is `model` and a model is named. The answer rejects after `classifierTimeoutMs`. */
export function createAsk({ config, dialect, handle, clock, newRequestId }: AskSources): ClassifierTools['ask'] {
  const { mode, optionalClassifierModel: model, classifierTimeoutMs } = config.router.classification;
  if (mode !== 'model' || model === undefined) return null;
  return async (prompt, signal) => {
    const deadline = deadlineSignal(signal, classifierTimeoutMs, clock);
    const reply = new BufferReply();
    try {
      const body = JSON.stringify({ model, stream: false, temperature: 0, max_tokens: 16, messages: [{ role: 'user', content: prompt }], router: { priority: 'high', allowAsync: false } });
      await handle()({ requestId: newRequestId(), dialect, body, plane: 'standalone', principal: { id: 'classifier', kind: 'key', address: 'router' }, signal: deadline.signal, receivedAt: clock.now() }, reply);
      if (reply.error !== null) throw reply.error;
      return contentOf(reply.text());
    } finally {
      deadline.release();
    }
  };
}

function contentOf(text: string): string {
  const body = JSON.parse(text) as { choices?: readonly { message?: { content?: unknown } }[] };
  const content = body.choices?.[0]?.message?.content;
  return typeof content === 'string' ? content : '';
}
