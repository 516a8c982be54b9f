/** Keys, their limits, and of which what is said is kept: for admins, whose key is asked for. */
import { useState } from 'preact/hooks';
import { adminKey, showAdminKey } from '../../data/admin.ts';
import * as api from '../../data/api.ts';
import { moment, relative } from '../../data/format.ts';
import type { AccessKey } from '../../data/key-shapes.ts';
import { limitsIn, limitWords } from '../../data/limits.ts';
import type { CallFailed } from '../../data/request.ts';
import { failureIn, useResource } from '../../data/resource.ts';
import { Act } from '../../parts/act.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Command, ErrorNote, Loaded } from '../../parts/notes.tsx';
import { Status } from '../../parts/status.tsx';
import { Table } from '../../parts/table.tsx';
import { LimitFields, LimitsDialog } from './limits.tsx';

export function Keys() {
  return (
    <section>
      <h2>Keys</h2>
      {adminKey.value === '' ? <AskAdmin /> : <KeyTable admin={adminKey.value} />}
    </section>
  );
}

function AskAdmin() {
  const [error, setError] = useState<CallFailed | null>(null);
  const enter = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    try {
      await showAdminKey(String(new FormData(event.currentTarget as HTMLFormElement).get('admin')).trim());
    } catch (thrown) {
      setError(failureIn(thrown));
    }
  };
  return (
    <form class="buttons" onSubmit={(event) => void enter(event)}>
      <label>Admin key <input name="admin" type="password" autocomplete="off" required /></label>
      <button type="submit">Show the keys</button>
      {error && <ErrorNote what="Reading the keys" error={error} />}
    </form>
  );
}

function KeyTable({ admin }: { readonly admin: string }) {
  const keys = useResource('keys', () => api.accessKeys(admin));
  const captures = useResource('captures', () => api.captureKeys(admin));
  const isKept = (id: string): boolean => captures.data?.keys.some((key) => key.id === id && key.on) ?? false;
  const [adding, setAdding] = useState(false);
  const [limited, setLimited] = useState<AccessKey | null>(null);
  const [secret, setSecret] = useState<{ readonly id: string; readonly key: string } | null>(null);
  const made = (key: AccessKey & { readonly key?: string }): void => {
    setAdding(false);
    if (key.key !== undefined) setSecret({ id: key.id, key: key.key });
    keys.reload();
  };
  return (
    <>
      <Loaded of={keys} what="Reading the keys">
        {(data) => (
          <Table name="keys" caption="Keys" rows={data.keys} keyOf={(key) => key.id} order={{ column: 'id', down: false }} tools={<button type="button" onClick={() => setAdding(true)}>Make a key</button>} columns={[
            { id: 'id', title: 'Key', value: (key) => key.id, show: (key) => <strong title={key.name}>{key.id}</strong> },
            { id: 'scopes', yields: 5, title: 'May', value: (key) => (key.scopes ?? []).join(', ') },
            { id: 'models', yields: 3, title: 'Models', value: (key) => key.models?.join(', ') ?? 'all' },
            { id: 'limits', yields: 4, title: 'Limits', hint: 'Of its own; without, what the file says for every caller holds.', value: limitWords, show: (key) => <span class="limit-words">{limitWords(key)}</span> },
            { id: 'state', title: 'State', value: (key) => (key.enabled === false ? 'off' : 'on'), show: (key) => <Status tone={key.enabled === false ? 'gone' : 'good'} word={key.enabled === false ? 'off' : 'on'} /> },
            { id: 'kept', title: 'Kept', hint: 'Is what this key says kept, for its owner and for admins to look at?', value: (key) => (isKept(key.id) ? 'yes' : 'no'), show: (key) => <CaptureAct admin={admin} id={key.id} on={isKept(key.id)} changed={captures.reload} /> },
            { id: 'expires', yields: 2, title: 'Expires', value: (key) => key.expiresAt ?? '', show: (key) => (key.expiresAt ? <time title={key.expiresAt}>{relative(Date.parse(key.expiresAt), Date.now())}</time> : 'never') },
            { id: 'used', yields: 1, title: 'Last used', value: (key) => key.lastUsedAt ?? '', show: (key) => <time title={key.lastUsedAt ? moment(Date.parse(key.lastUsedAt)) : ''}>{relative(key.lastUsedAt ? Date.parse(key.lastUsedAt) : null, Date.now())}</time> },
            { id: 'acts', title: 'Change', value: () => '', show: (key) => <KeyActs admin={admin} id={key.id} on={key.enabled !== false} changed={keys.reload} made={made} limit={() => setLimited(key)} /> },
          ]} />
        )}
      </Loaded>
      {captures.error && <ErrorNote what="Reading whose requests are kept" error={captures.error} retry={captures.reload} />}
      <p class="fine after">What callers without a key say: <CaptureAct admin={admin} id="anonymous" on={isKept('anonymous')} changed={captures.reload} /></p>
      {adding && <AddKey admin={admin} made={made} close={() => setAdding(false)} />}
      {limited && <LimitsDialog admin={admin} of={limited} changed={keys.reload} close={() => setLimited(null)} />}
      {secret && <Dialog title={`The key ${secret.id}`} close={() => setSecret(null)}><p>It is shown this once, and kept nowhere.</p><Command text={secret.key} /></Dialog>}
    </>
  );
}

/** Says whether it is kept, and changes it; that it begins is asked twice, for it concerns what people say. */
function CaptureAct({ admin, id, on, changed }: { readonly admin: string; readonly id: string; readonly on: boolean; readonly changed: () => void }) {
  const who = id === 'anonymous' ? 'callers without a key' : id;
  return (
    <span class="capture">
      <Status tone={on ? 'warn' : 'gone'} word={on ? 'kept' : 'not kept'} />
      {on
        ? <Act what={`Stop keeping what ${who} say${id === 'anonymous' ? '' : 's'}`} run={() => api.switchCapture(admin, id, false)} done={changed}>stop</Act>
        : <Act what={`Keep what ${who} say${id === 'anonymous' ? '' : 's'}`} confirm="Keep requests and answers from now on?" run={() => api.switchCapture(admin, id, true)} done={changed}>keep</Act>}
    </span>
  );
}

interface ActsProps {
  readonly admin: string;
  readonly id: string;
  readonly on: boolean;
  readonly changed: () => void;
  readonly made: (key: AccessKey & { readonly key?: string }) => void;
  /** Opens its limits. */
  readonly limit: () => void;
}

function KeyActs({ admin, id, on, changed, made, limit }: ActsProps) {
  return (
    <span class="model-acts">
      <Act what={`Switch key ${id} ${on ? 'off' : 'on'}`} run={() => api.changeKey(admin, id, { enabled: !on })} done={changed}>{on ? 'off' : 'on'}</Act>
      <button type="button" class="quiet" aria-label={`Change the limits of key ${id}`} onClick={limit}>limits</button>
      <Act what={`Rotate the secret of key ${id}`} confirm="The old one ends now. Go on?" run={async () => made(await api.rotateKey(admin, id))}>rotate</Act>
      <Act what={`Revoke key ${id}`} confirm={`Revoke ${id}?`} run={() => api.revokeKey(admin, id)} done={changed}>revoke</Act>
    </span>
  );
}

const scopes = ['standalone', 'read', 'manage', 'runtimeAgent'] as const;

function AddKey({ admin, made, close }: { readonly admin: string; readonly made: ActsProps['made']; readonly close: () => void }) {
  const [error, setError] = useState<CallFailed | null>(null);
  const [chosen, setChosen] = useState<readonly string[]>(['standalone']);
  const choose = (scope: string, on: boolean): void => setChosen(on ? [...chosen, scope] : chosen.filter((one) => one !== scope));
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const models = String(form.get('models')).split(',').map((name) => name.trim()).filter(Boolean);
    const expires = String(form.get('expires'));
    try {
      made(await api.addKey(admin, { id: String(form.get('id')).trim(), scopes: form.getAll('scope'), limits: limitsIn(form), ...(models.length > 0 ? { models } : {}), ...(expires === '' ? {} : { expiresAt: new Date(expires).toISOString() }) }));
    } catch (thrown) {
      setError(failureIn(thrown));
    }
  };
  return (
    <Dialog title="Make a key" close={close}>
      <form class="stack" onSubmit={(event) => void submit(event)}>
        <label>Id <input name="id" required pattern="[A-Za-z0-9._\-]+" spellcheck={false} /></label>
        <fieldset class="buttons"><legend>It may</legend>{scopes.map((scope) => <label key={scope}><input type="checkbox" name="scope" value={scope} checked={chosen.includes(scope)} onChange={(event) => choose(scope, event.currentTarget.checked)} /> {scope}</label>)}</fieldset>
        <label>Models, with commas; empty is all <input name="models" spellcheck={false} placeholder="qwen3:*, llama3.3:70b" /></label>
        <label>Expires <input name="expires" type="date" /></label>
        <LimitFields scopes={chosen} error={error} />
        {error && <ErrorNote what="Making the key" error={error} />}
        <div class="buttons"><button type="submit" class="primary">Make it</button></div>
      </form>
    </Dialog>
  );
}
