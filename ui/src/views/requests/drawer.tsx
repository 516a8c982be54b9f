/** One request: its timeline, why it went where it went, and what was done to it on the way. */
import { useState } from 'preact/hooks';
import * as api from '../../data/api.ts';
import { count, duration, figure, moment, words } from '../../data/format.ts';
import { routerUrl } from '../../data/place.ts';
import { useResource } from '../../data/resource.ts';
import type { Captured } from '../../data/capture-shapes.ts';
import type { TraceRow } from '../../data/shapes.ts';
import { copyText, Loaded } from '../../parts/notes.tsx';
import { outcomeTone, Status } from '../../parts/status.tsx';
import { outcomeOf } from './columns.tsx';
import { Said } from './said.tsx';
import { Waterfall } from './waterfall.tsx';
import { WhyTable } from './why-table.tsx';

export function Drawer({ id, close }: { readonly id: string; readonly close: () => void }) {
  const trace = useResource(id, () => api.trace(id));
  return (
    <aside class="drawer card" aria-label={`Request ${id}`}>
      <header class="card-head">
        <h2>Request</h2>
        <code class="card-kind">{id}</code>
        <button type="button" class="quiet" onClick={close}>Close</button>
      </header>
      <div class="drawer-body">
        <Loaded of={trace} what="Reading the request">{(data) => <Details trace={data} />}</Loaded>
      </div>
    </aside>
  );
}

function Details({ trace }: { readonly trace: TraceRow }) {
  const [shown, setShown] = useState<Captured | null>(null);
  const captured = trace.captured ?? shown;
  const attempts = trace.attempts ?? [];
  const last = attempts.at(-1);
  return (
    <>
      <p class="drawer-sum">
        <Status tone={outcomeTone(outcomeOf(trace))} word={outcomeOf(trace)} /> {trace.status_code !== undefined && <span class="fine">{trace.status_code}</span>} <strong>{trace.model ?? 'no model'}</strong>{trace.backend && <> on <strong>{trace.backend}</strong></>} in {duration(trace.latency_ms)}
      </p>
      {trace.error_message && <p class="bad-text">{trace.error_code !== null && <code>{trace.error_code}</code>} {trace.error_message}</p>}
      <Waterfall trace={trace} />
      {last && <section><h3>Why {last.backend}</h3><WhyTable attempt={last} />{trace.decision && <p class="fine">{words(trace.decision)}</p>}</section>}
      {attempts.slice(0, -1).reverse().map((attempt, index) => (
        <section key={attempt.started_at}><h3>Try {attempts.length - 1 - index}: {attempt.backend} <span class="bad-text">{attempt.error_code}</span></h3>{attempt.error_message && <p class="fine">{attempt.error_message}</p>}<WhyTable attempt={attempt} /></section>
      ))}
      <Changes trace={trace} />
      <Facts trace={trace} />
      <Said trace={trace} shown={shown} show={setShown} />
      <CopyCurl trace={trace} captured={captured} />
    </>
  );
}

function Changes({ trace }: { readonly trace: TraceRow }) {
  const rewrites = trace.rewrites ?? [];
  const other = trace.original_model && trace.model && trace.original_model !== trace.model;
  if (rewrites.length === 0 && !other) return null;
  return (
    <section>
      <h3>Changed on the way</h3>
      <ul class="plain-list">
        {other && <li>The model: asked for <code>{trace.original_model}</code>, served <code>{trace.model}</code>{trace.instead && <span class="fine"> ({trace.instead})</span>}</li>}
        {rewrites.map((rewrite) => <li key={rewrite}><code>{rewrite}</code></li>)}
      </ul>
    </section>
  );
}

function Facts({ trace }: { readonly trace: TraceRow }) {
  const seconds = Math.max(0, (trace.latency_ms ?? 0) - (trace.time_to_first_token_ms ?? 0)) / 1000;
  const speed = trace.completion_tokens && trace.time_to_first_token_ms != null && seconds > 0 ? `${figure(trace.completion_tokens / seconds)} tokens/s` : null;
  const facts: readonly (readonly [string, string | null | undefined])[] = [
    ['Came', moment(trace.timestamp * 1000)],
    ['From', [trace.owner, trace.user, trace.client_ip].filter(Boolean).join(' · ')],
    ['API', [trace.dialect, trace.stream ? 'streamed' : 'whole'].filter(Boolean).join(', ')],
    ['Task', trace.task_type ?? trace.task],
    ['Tokens', `${count(trace.prompt_tokens)} in${trace.cached_tokens ? ` (${count(trace.cached_tokens)} cached)` : ''}, ${count(trace.completion_tokens)} out${trace.reasoning_tokens ? ` (${count(trace.reasoning_tokens)} thinking)` : ''}${trace.tokens_estimated ? ', estimated' : ''}`],
    ['Speed', speed],
    ['Tags', (trace.tags ?? []).join(', ')],
    ['Job', trace.job_id],
  ];
  return <dl class="facts">{facts.filter(([, value]) => value).map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>;
}

function CopyCurl({ trace, captured }: { readonly trace: TraceRow; readonly captured: Captured | null | undefined }) {
  const [copied, setCopied] = useState(false);
  return (
    <p class="buttons">
      <button type="button" onClick={() => void copyText(curlOf(trace, captured)).then(setCopied)}>{copied ? 'Copied' : 'Copy as curl'}</button>
      <button type="button" onClick={() => void copyText(trace.request_id)}>Copy the id</button>
      {!captured && <span class="fine">The prompt was not kept; put in your own.</span>}
    </p>
  );
}

const paths: Readonly<Record<string, string>> = { 'ollama-chat': '/api/chat', 'ollama-generate': '/api/generate', 'anthropic-messages': '/v1/messages', 'openai-completions': '/v1/completions', 'openai-responses': '/v1/responses' };

function curlOf(trace: TraceRow, captured: Captured | null | undefined): string {
  const path = captured?.path ?? paths[trace.dialect ?? ''] ?? '/v1/chat/completions';
  const content = '…';
  const asked = { model: trace.original_model ?? trace.model ?? 'auto', stream: trace.stream ?? false };
  const body = captured?.body ?? (path === '/api/generate' || path === '/v1/completions' ? { ...asked, prompt: content } : path === '/v1/responses' ? { ...asked, input: content } : { ...asked, messages: [{ role: 'user', content }] });
  return `curl ${routerUrl(path)} -H 'content-type: application/json' -d '${JSON.stringify(body).replaceAll("'", "'\\''")}'`;
}
