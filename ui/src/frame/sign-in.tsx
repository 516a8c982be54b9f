/** Asks for a key where the router wants one; the browser then keeps a session cookie, and the page keeps nothing. */
import { useState } from 'preact/hooks';
import * as api from '../data/api.ts';
import { type CallFailed, keyNeeded } from '../data/request.ts';
import { failureIn } from '../data/resource.ts';
import { Dialog } from '../parts/dialog.tsx';
import { ErrorNote } from '../parts/notes.tsx';

export function SignIn() {
  const [error, setError] = useState<CallFailed | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const field = new FormData(event.currentTarget as HTMLFormElement).get('key');
    setBusy(true);
    try {
      await api.openSession(String(field).trim());
      keyNeeded.value = false;
    } catch (thrown) {
      setError(failureIn(thrown));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title="This router wants a key" close={() => {}} class="sign-in">
      <form onSubmit={(event) => void submit(event)}>
        <p>Show a key whose scopes hold <code>read</code>, and <code>manage</code> to change something. It stands for a session of twelve hours; the page does not keep it.</p>
        <label>Key <input name="key" type="password" autocomplete="current-password" required spellcheck={false} /></label>
        <button type="submit" class="primary" disabled={busy}>{busy ? 'Asking …' : 'Sign in'}</button>
        {error && <ErrorNote what="Signing in" error={error} />}
      </form>
      <p class="fine">Make one on the router’s machine: <code>oar keys create --scopes standalone,read,manage</code></p>
    </Dialog>
  );
}
