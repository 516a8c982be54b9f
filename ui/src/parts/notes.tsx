/** What is said when there is nothing to show, when something is awaited, and when something failed. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { CallFailed } from '../data/request.ts';

/** A command, with a button that copies it. */
export function Command({ text }: { readonly text: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <span class="command">
      <code>{text}</code>
      <button type="button" class="quiet" onClick={() => void copyText(text).then(setCopied)}>{copied ? 'copied' : 'copy'}<span class="hidden"> {text}</span></button>
    </span>
  );
}

/** Pages that came without TLS from elsewhere have no clipboard; then the old way is tried. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}

export function Empty({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** What brings the first machine. */
export function HowToJoin() {
  return (
    <>
      <p>Start Ollama on this machine, or let another one join. On the other machine:</p>
      <Command text={`npx ollama-agent-router node --router ${location.origin}`} />
      <p class="fine">Or name servers in the file under <code>backends</code>.</p>
    </>
  );
}

/** Says what is awaited, once that takes long enough to notice. */
export function Awaited({ what }: { readonly what: string }) {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), 300);
    return () => clearTimeout(timer);
  }, []);
  return <p class="awaited" role="status">{shown ? `Waiting for ${what} …` : ''}</p>;
}

export function ErrorNote({ what, error, retry }: { readonly what: string; readonly error: CallFailed; readonly retry?: () => void }) {
  return (
    <div class="error-note" role="alert">
      <p><strong>{what} failed.</strong> {error.message}</p>
      {hintFor(error)}
      <p class="fine">
        {error.requestId !== '' && <span>Request <code>{error.requestId}</code></span>}
        {error.requestId !== '' && error.code !== '' && ' · '}{error.code !== '' && <span>{error.code}</span>}
        {retry && <button type="button" onClick={retry}>Try again</button>}
      </p>
    </div>
  );
}

function hintFor({ status, code, param }: CallFailed) {
  if (status === 403) return <p>Your key may not do this. Sign in under Settings with one whose scopes include it.</p>;
  // Something that is not there by its id is named in the error, or has a code of its own.
  if (status === 404 && (code === '' || code === 'not_found') && param === '') return <p class="fine">This router does not have the address that was asked; it may be older than this page.</p>;
  return null;
}

/** Data, or what stands in its place. */
export function Loaded<T>({ of, what, children }: { readonly of: { readonly data: T | null; readonly error: CallFailed | null; reload(): void }; readonly what: string; readonly children: (data: T) => ComponentChildren }) {
  return (
    <>
      {of.error && <ErrorNote what={what} error={of.error} retry={of.reload} />}
      {of.data !== null ? <div class={of.error ? 'stale' : ''}>{children(of.data)}</div> : of.error === null && <Awaited what={what.toLowerCase()} />}
    </>
  );
}
