/** What a key may use in a while: typed where a key is made, and in a dialog of its own. */
import { useEffect, useRef, useState } from 'preact/hooks';
import * as api from '../../data/api.ts';
import { fieldName, limitFields, type Limits, limitsIn, planesOf } from '../../data/limits.ts';
import type { AccessKey } from '../../data/key-shapes.ts';
import type { CallFailed } from '../../data/request.ts';
import { failureIn } from '../../data/resource.ts';
import { notify } from '../../parts/act.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { ErrorNote } from '../../parts/notes.tsx';

interface FieldsProps {
  readonly scopes: readonly string[];
  readonly limits?: Limits | undefined;
  /** What the router said of them; the field that it names is marked. */
  readonly error: CallFailed | null;
}

const labels = { requests: 'Requests', windowSeconds: 'In seconds', tokens: 'Tokens', concurrent: 'At once' } as const;
/** So that a number of requests alone says something. */
const usualWindow = 60;

/** Fields for each plane that the key may use. */
export function LimitFields({ scopes, limits = {}, error }: FieldsProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.querySelector<HTMLInputElement>('[aria-invalid="true"]')?.focus();
  }, [error]);
  const shown = planesOf(scopes, limits);
  if (shown.length === 0) return null;
  return (
    <div class="stack" ref={box}>
      {shown.map((plane) => (
        <fieldset key={plane}>
          <legend>Limits of {plane}</legend>
          <div class="limits">
            {limitFields.map((field) => {
              const name = fieldName(plane, field);
              const value = limits[plane]?.[field] ?? (field === 'windowSeconds' ? usualWindow : '');
              return <label key={field}>{labels[field]} <input name={name} inputMode="numeric" autocomplete="off" defaultValue={String(value)} aria-invalid={error?.param === name} /></label>;
            })}
          </div>
        </fieldset>
      ))}
      <p class="fine">Empty is no limit of its own; what the router’s file says for every caller holds then. Tokens and requests at once are counted beside requests, and need those.</p>
    </div>
  );
}

interface DialogProps {
  readonly admin: string;
  readonly of: AccessKey;
  readonly changed: () => void;
  readonly close: () => void;
}

/** Changes the limits of a key, from its next request on. */
export function LimitsDialog({ admin, of, changed, close }: DialogProps) {
  const [error, setError] = useState<CallFailed | null>(null);
  const save = async (limits: Readonly<Record<string, unknown>>): Promise<void> => {
    try {
      await api.changeKey(admin, of.id, { limits });
      notify(`Changing the limits of ${of.id}: done.`);
      changed();
      close();
    } catch (thrown) {
      setError(failureIn(thrown));
    }
  };
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void save(limitsIn(new FormData(event.currentTarget as HTMLFormElement)));
  };
  return (
    <Dialog title={`Limits of the key ${of.id}`} close={close}>
      <form class="stack" onSubmit={submit}>
        <LimitFields scopes={of.scopes ?? []} limits={of.limits} error={error} />
        {error && <ErrorNote what="Changing the limits" error={error} />}
        <div class="buttons">
          <button type="submit" class="primary">Save</button>
          {Object.keys(of.limits ?? {}).length > 0 && <button type="button" onClick={() => void save({})}>Take all away</button>}
        </div>
      </form>
    </Dialog>
  );
}
