/** Buttons that do something at the router: busy while they wait, and honest when it fails. */
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { failureIn } from '../data/resource.ts';
import type { CallFailed } from '../data/request.ts';

export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly error: CallFailed | null;
}

export const notices = signal<readonly Notice[]>([]);
let lastId = 0;

const shownMs = 6000;

/** Errors stay until they are closed. */
export function notify(text: string, error: CallFailed | null = null): void {
  lastId += 1;
  const id = lastId;
  notices.value = [...notices.value.slice(-3), { id, text, error }];
  if (error === null) setTimeout(() => dismiss(id), shownMs);
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

interface ActProps {
  readonly children: ComponentChildren;
  /** What is done, for the notice: `Drain studio`. */
  readonly what: string;
  readonly run: () => Promise<unknown>;
  readonly done?: () => void;
  /** Asked before it is done; for what cannot be taken back. */
  readonly confirm?: string;
  readonly class?: string;
  readonly disabled?: boolean;
}

export function Act({ children, what, run, done, confirm: question, class: kind = 'quiet', disabled = false }: ActProps) {
  const [busy, setBusy] = useState(false);
  const [asked, setAsked] = useState(false);
  const start = async (): Promise<void> => {
    setAsked(false);
    setBusy(true);
    try {
      await run();
      notify(`${what}: done.`);
      done?.();
    } catch (thrown) {
      notify(what, failureIn(thrown));
    } finally {
      setBusy(false);
    }
  };
  if (asked) {
    return (
      <span class="confirm" role="group" aria-label={question}>
        <span>{question}</span>
        <button type="button" class="danger" ref={(button) => button?.focus()} onClick={() => void start()}>Yes</button>
        <button type="button" onClick={() => setAsked(false)}>No</button>
      </span>
    );
  }
  return (
    <button type="button" class={kind} disabled={busy || disabled} aria-label={what} aria-busy={busy} onClick={() => (question === undefined ? void start() : setAsked(true))}>
      {busy ? '…' : children}
    </button>
  );
}
