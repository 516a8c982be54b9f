/** What is configured and where it came from, what may be switched while the router runs, keys for admins, and this page itself. */
import { useState } from 'preact/hooks';
import * as api from '../data/api.ts';
import { duration, words } from '../data/format.ts';
import { keyNeeded } from '../data/request.ts';
import { useResource } from '../data/resource.ts';
import type { SettingsReport } from '../data/shapes.ts';
import { chooseTheme, theme, type Theme } from '../data/theme.ts';
import { Act } from '../parts/act.tsx';
import { Segments } from '../parts/choice.tsx';
import { ErrorNote, Loaded } from '../parts/notes.tsx';
import { Table } from '../parts/table.tsx';
import { Keys } from './settings/keys.tsx';
import { Switch } from './settings/switch.tsx';
import '../style/settings.css';

const themes: readonly (readonly [Theme, string])[] = [['system', 'As the system'], ['light', 'Light'], ['dark', 'Dark']];

export default function Settings() {
  const settings = useResource('settings', api.settings);
  return (
    <div class="settings">
      <header class="view-head"><h1>Settings</h1>{settings.data && <span class="fine">{settings.data.router_hostname} · {settings.data.router_version}</span>}</header>
      <section><h2>This page</h2><Segments label="Theme" options={themes} value={theme.value} pick={chooseTheme} /></section>
      <Who />
      <Loaded of={settings} what="Reading the settings">{(data) => <Configured data={data} changed={settings.reload} />}</Loaded>
      <Keys />
    </div>
  );
}

function Who() {
  const session = useResource('session', api.session);
  const leave = (): void => {
    keyNeeded.value = false;
    session.reload();
  };
  return (
    <section>
      <h2>You</h2>
      {session.error && <ErrorNote what="Asking who you are" error={session.error} retry={session.reload} />}
      {session.data && (session.data.kind === 'key'
        ? <p>Signed in as <strong>{session.data.id}</strong> <span class="fine">({session.data.scopes.join(', ')})</span> <Act class="" what="Sign out" run={api.closeSession} done={leave}>Sign out</Act></p>
        : <p>Without a key. <button type="button" onClick={() => { keyNeeded.value = true; }}>Sign in with a key</button></p>)}
    </section>
  );
}

/** What each switch does, in words. */
const hints: Readonly<Record<string, string>> = {
  auto_pull: 'Pull a model that is asked for and nobody has.',
  vram_fallback: 'Answer with another model in memory rather than load the one that was asked for.',
  image_generation: 'Make pictures.',
  transcription: 'Write down speech.',
  dynamic_num_ctx: 'Load models with the context that is set for them.',
  num_ctx_auto_calculate: 'Work out that context from what requests really need.',
  fleet_intelligence: 'Write a briefing of the fleet from time to time.',
};

function Configured({ data, changed }: { readonly data: SettingsReport; readonly changed: () => void }) {
  const switches = Object.entries((data.config['toggles'] ?? {}) as Record<string, unknown>).filter((entry): entry is [string, boolean] => typeof entry[1] === 'boolean');
  return (
    <>
      <section>
        <h2>Switches</h2>
        <p class="fine">They hold at once, and over restarts.</p>
        <ul class="switches">{switches.map(([name, on]) => <li key={name}><Switch name={words(name)} hint={hints[name] ?? ''} on={on} change={(next) => api.changeSettings({ [name]: next })} changed={changed} /></li>)}</ul>
      </section>
      <section>
        <h2>Machines</h2>
        {(data.nodes ?? []).length === 0 && <p class="fine">None is known yet.</p>}
        <ul class="plain-list">{(data.nodes ?? []).map((node) => <li key={String(node['node_id'])}><strong>{String(node['node_id'])}</strong> <span class="fine">{String(node['agent_version'] ?? node['version'] ?? 'tells no version')}{node['is_router'] === true && ' · the router itself'}</span></li>)}</ul>
      </section>
      <Configuration rows={data.configuration ?? []} />
    </>
  );
}

type SettingRow = NonNullable<SettingsReport['configuration']>[number];

const kinds = [['all', 'All'], ['set', 'Set by somebody']] as const;

function Configuration({ rows }: { readonly rows: readonly SettingRow[] }) {
  const [kind, setKind] = useState<'all' | 'set'>('all');
  const shown = kind === 'all' ? rows : rows.filter(({ source }) => source !== 'default');
  const told = rows.some(({ source }) => source !== '');
  return (
    <section>
      <h2>Configuration</h2>
      {told && <Segments label="Which" options={kinds} value={kind} pick={setKind} />}
      <Table name="settings" caption="Configuration" rows={shown} keyOf={(row) => row.key} order={{ column: 'path', down: false }} columns={[
        { id: 'path', title: 'Key', value: (row) => row.key, show: (row) => <code class="setting-key">{row.key.split(/(?<=\.)/).flatMap((part) => [<wbr key={part} />, part])}</code> },
        { id: 'value', title: 'Value', value: (row) => settingText(row), show: (row) => <span class="setting-value" title={String(row.value)}>{settingText(row)}</span> },
        ...(told ? [{ id: 'source', title: 'From', value: (row: SettingRow) => row.source }] : []),
      ]} />
    </section>
  );
}

function settingText({ key, value }: SettingRow): string {
  if (typeof value === 'number' && key.endsWith('Ms')) return duration(value);
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
