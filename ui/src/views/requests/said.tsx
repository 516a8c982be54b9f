/** What was said in a request, where it was kept: shown to whoever sent it, and to an admin who asks for it; and the way to send it again. */
import { useState } from 'preact/hooks';
import { adminKey, showAdminKey } from '../../data/admin.ts';
import * as api from '../../data/api.ts';
import { count, duration } from '../../data/format.ts';
import { follow, hrefOf } from '../../data/place.ts';
import type { CallFailed } from '../../data/request.ts';
import { failureIn } from '../../data/resource.ts';
import type { Captured } from '../../data/capture-shapes.ts';
import type { TraceRow } from '../../data/shapes.ts';
import { Act } from '../../parts/act.tsx';
import { Command, ErrorNote } from '../../parts/notes.tsx';

interface SaidProps {
  readonly trace: TraceRow;
  /** What an admin has been shown of somebody else's. */
  readonly shown: Captured | null;
  readonly show: (captured: Captured) => void;
}

export function Said({ trace, shown, show }: SaidProps) {
  const captured = trace.captured ?? shown;
  return (
    <section>
      <h3>What was said</h3>
      {captured === null || captured === undefined ? <NotKept id={trace.request_id} show={show} /> : <Kept id={trace.request_id} captured={captured} own={Boolean(trace.captured)} />}
    </section>
  );
}

function Kept({ id, captured, own }: { readonly id: string; readonly captured: Captured; readonly own: boolean }) {
  const { body, answer, redactions = 0 } = captured;
  return (
    <>
      {redactions > 0 && <p class="fine">Taken out before it was kept: {count(redactions)}</p>}
      {body === null || body === undefined ? <p class="fine">The request itself was not kept: it held a file, or was too long.</p> : <Text title="The request" text={JSON.stringify(body, null, 2)} />}
      {answer?.reasoning && <Text title="The thinking" text={answer.reasoning} />}
      {answer ? <Text title="The answer" text={[answer.text, answer.tool_calls].filter(Boolean).join('\n')} /> : <p class="fine">The answer was not kept: it held no text, or was too long.</p>}
      {body !== null && body !== undefined && <Again id={id} captured={captured} own={own} />}
    </>
  );
}

function Text({ title, text }: { readonly title: string; readonly text: string }) {
  return (
    <>
      <p class="fine" aria-hidden="true">{title}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and is reached with the keyboard */}
      <pre class="json said" role="region" aria-label={title} tabIndex={0}>{text}</pre>
    </>
  );
}

/** The same once more: from here, or with the command that compares both. */
function Again({ id, captured, own }: { readonly id: string; readonly captured: Captured; readonly own: boolean }) {
  const [now, setNow] = useState<{ readonly id: string; readonly trace: TraceRow | null } | null>(null);
  const send = async (): Promise<void> => {
    const next = await api.sendAgain(captured.path ?? '/v1/chat/completions', captured.body);
    setNow({ id: next, trace: await api.trace(next).catch(() => null) });
  };
  return (
    <>
      <p class="buttons again"><Act class="" what="Send it again" run={send}>Send it again</Act>{own && <Command text={`oar replay ${id}`} />}</p>
      {(captured.redactions ?? 0) > 0 && <p class="fine">It goes without what was taken out, so the answer may be another.</p>}
      {now && <p>Sent again, as <a href={hrefOf('requests', { id: now.id })} onClick={follow}>{now.id}</a>{now.trace && <>: <strong>{now.trace.model}</strong> on <strong>{now.trace.backend}</strong> in {duration(now.trace.latency_ms)}</>}</p>}
      {now?.trace?.captured?.answer && <Text title="The answer now" text={now.trace.captured.answer.text ?? ''} />}
    </>
  );
}

function NotKept({ id, show }: { readonly id: string; readonly show: (captured: Captured) => void }) {
  const [error, setError] = useState<CallFailed | null>(null);
  const read = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement).get('admin');
    try {
      if (typeof given === 'string') await showAdminKey(given.trim());
      show(await api.capture(adminKey.peek(), id));
    } catch (thrown) {
      setError(failureIn(thrown));
    }
  };
  return (
    <>
      <p class="fine">Nothing is here for you: it is kept only for keys that were put on the list (<code>telemetry.capture.keys</code>, or Settings), shown to whoever sent it, and let go in time.</p>
      <details>
        <summary class="fine">Look as an admin</summary>
        <form class="buttons as-admin" onSubmit={(event) => void read(event)}>
          {adminKey.value === '' && <label>Admin key <input name="admin" type="password" autocomplete="off" required /></label>}
          <button type="submit">Show what was said</button>
          <span class="fine">This is written down in the audit.</span>
        </form>
        {error && <ErrorNote what="Reading what was said" error={error} />}
      </details>
    </>
  );
}
