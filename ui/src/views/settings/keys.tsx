/** Keys, their limits, and of which what is said is kept: for admins, whose key is asked for. */
import { useState } from 'preact/hooks';
import { adminKey, showAdminKey } from '../../data/admin.ts';
import * as api from '../../data/api.ts';
import { moment, relative } from '../../data/format.ts';
import type { CallFailed } from '../../data/request.ts';
import { failureIn, useResource } from '../../data/resource.ts';
import type { AccessKey } from '../../data/shapes.ts';
import { Act } from '../../parts/act.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Command, ErrorNote, Loaded } from '../../parts/notes.tsx';
import { Status } from '../../parts/status.tsx';
import { Table } from '../../parts/table.tsx';

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
            { id: 'limits', yields: 4, title: 'Limits', value: (key) => limitsOf(key) },
            { id: 'state', title: 'State', value: (key) => (key.enabled === false ? 'off' : 'on'), show: (key) => <Status tone={key.enabled === false ? 'gone' : 'good'} word={key.enabled === false ? 'off' : 'on'} /> },
            { id: 'kept', title: 'Kept', hint: 'Is what this key says kept, for its owner and for admins to look at?', value: (key) => (isKept(key.id) ? 'yes' : 'no'), show: (key) => <CaptureAct admin={admin} id={key.id} on={isKept(key.id)} changed={captures.reload} /> },
            { id: 'expires', yields: 2, title: 'Expires', value: (key) => key.expiresAt ?? '', show: (key) => (key.expiresAt ? <time title={key.expiresAt}>{relative(Date.parse(key.expiresAt), Date.now())}</time> : 'never') },
            { id: 'used', yields: 1, title: 'Last used', value: (key) => key.lastUsedAt ?? '', show: (key) => <time title={key.lastUsedAt ? moment(Date.parse(key.lastUsedAt)) : ''}>{relative(key.lastUsedAt ? Date.parse(key.lastUsedAt) : null, Date.now())}</time> },
            { id: 'acts', title: 'Change', value: () => '', show: (key) => <KeyActs admin={admin} id={key.id} on={key.enabled !== false} changed={keys.reload} made={made} /> },
          ]} />
        )}
      </Loaded>
      {captures.error && <ErrorNote what="Reading whose requests are kept" error={captures.error} retry={captures.reload} />}
      <p class="fine after">What callers without a key say: <CaptureAct admin={admin} id="anonymous" on={isKept('anonymous')} changed={captures.reload} /></p>
      {adding && <AddKey admin={admin} made={made} close={() => setAdding(false)} />}
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

function limitsOf({ limits }: AccessKey): string {
  const rows = Object.entries((limits ?? {}) as Record<string, Record<string, unknown> | undefined>);
  return rows.flatMap(([plane, limit]) => (limit === undefined ? [] : [`${plane}: ${Object.entries(limit).map(([name, value]) => `${name} ${String(value)}`).join(', ')}`])).join('; ');
}

interface ActsProps {
  readonly admin: string;
  readonly id: string;
  readonly on: boolean;
  readonly changed: () => void;
  readonly made: (key: AccessKey & { readonly key?: string }) => void;
}

function KeyActs({ admin, id, on, changed, made }: ActsProps) {
  return (
    <span class="model-acts">
      <Act what={`Switch key ${id} ${on ? 'off' : 'on'}`} run={() => api.changeKey(admin, id, { enabled: !on })} done={changed}>{on ? 'off' : 'on'}</Act>
      <Act what={`Give key ${id} a new secret`} confirm="The old one ends now. Go on?" run={async () => made(await api.rotateKey(admin, id))}>rotate</Act>
      <Act what={`Revoke key ${id}`} confirm={`Revoke ${id}?`} run={() => api.revokeKey(admin, id)} done={changed}>revoke</Act>
    </span>
  );
}

const scopes = ['standalone', 'read', 'manage', 'runtimeAgent'] as const;

function AddKey({ admin, made, close }: { readonly admin: string; readonly made: ActsProps['made']; readonly close: () => void }) {
  const [error, setError] = useState<CallFailed | null>(null);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const models = String(form.get('models')).split(',').map((name) => name.trim()).filter(Boolean);
    const expires = String(form.get('expires'));
    try {
      made(await api.addKey(admin, { id: String(form.get('id')).trim(), scopes: form.getAll('scope'), ...(models.length > 0 ? { models } : {}), ...(expires === '' ? {} : { expiresAt: new Date(expires).toISOString() }) }));
    } catch (thrown) {
      setError(failureIn(thrown));
    }
  };
  return (
    <Dialog title="Make a key" close={close}>
      <form class="stack" onSubmit={(event) => void submit(event)}>
        <label>Id <input name="id" required pattern="[A-Za-z0-9._\-]+" spellcheck={false} /></label>
        <fieldset class="buttons"><legend>It may</legend>{scopes.map((scope) => <label key={scope}><input type="checkbox" name="scope" value={scope} checked={scope === 'standalone'} /> {scope}</label>)}</fieldset>
        <label>Models, with commas; empty is all <input name="models" spellcheck={false} placeholder="qwen3:*, llama3.3:70b" /></label>
        <label>Expires <input name="expires" type="date" /></label>
        {error && <ErrorNote what="Making the key" error={error} />}
        <div class="buttons"><button type="submit" class="primary">Make it</button></div>
      </form>
    </Dialog>
  );
}
