/** A state: a shape, a colour and always a word. */
export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'gone';

const shapes: Readonly<Record<Tone, string>> = { good: '●', busy: '◐', warn: '▲', bad: '■', gone: '○' };

export function Status({ tone, word, title }: { readonly tone: Tone; readonly word: string; readonly title?: string | undefined }) {
  return (
    <span class={`status ${tone}`} title={title}>
      <span aria-hidden="true">{shapes[tone]}</span> {word}
    </span>
  );
}

/** What became of a request, in the words of the traces and of older routers. */
export function outcomeTone(status: string): Tone {
  if (/^(?:succeeded|completed|success|ok)$/.test(status)) return 'good';
  if (/^(?:accepted|queued|running|started)$/.test(status)) return 'busy';
  if (/^(?:cancelled|client_disconnected|retried|interrupted|incomplete|expired)$/.test(status)) return 'warn';
  return status === '' ? 'gone' : 'bad';
}
