/** A setting that is on or off at the router; it shows what the router says, not what was clicked. */
import { useState } from 'preact/hooks';
import { failureIn } from '../../data/resource.ts';
import { notify } from '../../parts/act.tsx';

interface SwitchProps {
  readonly name: string;
  readonly hint: string;
  readonly on: boolean;
  readonly change: (on: boolean) => Promise<unknown>;
  readonly changed: () => void;
}

export function Switch({ name, hint, on, change, changed }: SwitchProps) {
  const [busy, setBusy] = useState(false);
  const toggle = async (): Promise<void> => {
    setBusy(true);
    try {
      await change(!on);
      changed();
    } catch (thrown) {
      notify(`Switching ${name}`, failureIn(thrown));
    } finally {
      setBusy(false);
    }
  };
  return (
    <button type="button" class="switch" role="switch" aria-checked={on} aria-busy={busy} disabled={busy} onClick={() => void toggle()}>
      <span class="switch-track" aria-hidden="true"><i /></span>
      <span class="switch-name">{name}</span>
      <span class="switch-state">{on ? 'on' : 'off'}</span>
      {hint !== '' && <span class="fine switch-hint">{hint}</span>}
    </button>
  );
}
