/** One field that finds models, nodes, requests, keys and tags. */
import { useMemo, useState } from 'preact/hooks';
import * as api from '../data/api.ts';
import { nodes } from '../data/live.ts';
import { open } from '../data/place.ts';
import { useResource } from '../data/resource.ts';
import { matching, type SearchEntry } from '../data/search.ts';
import { Dialog } from '../parts/dialog.tsx';
import { catalogue } from './catalogue.ts';

const shown = 12;

/** The field keeps the focus, and points to what is found. */
const combobox: object = { type: 'text', role: 'combobox', 'aria-expanded': 'true', 'aria-controls': 'search-results' };

export function Search({ close }: { readonly close: () => void }) {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const recent = useResource('search', (signal) => api.traces({ limit: 300 }, signal));
  const names = useResource('search-models', api.modelNames);
  const entries = useMemo(() => entriesOf(names.data ?? [], recent.data?.traces ?? []), [names.data, recent.data, nodes.value]);
  const found = matching(entries, text).slice(0, shown);
  const go = (entry: SearchEntry | undefined): void => {
    if (entry === undefined) return;
    close();
    open(entry.place);
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') go(found[at]);
    else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      setAt(Math.max(0, Math.min(found.length - 1, at + (event.key === 'ArrowDown' ? 1 : -1))));
    }
  };
  return (
    <Dialog title="Search" close={close} class="search">
      <input {...combobox} autofocus class="search-field" placeholder="A model, node, request id, key or tag" aria-label="Search" aria-activedescendant={found.length > 0 ? `found-${at}` : undefined} value={text} onInput={(event) => { setText(event.currentTarget.value); setAt(0); }} onKeyDown={onKey} />
      <div id="search-results" class="search-results" role="listbox" aria-label="Found">
        {found.map((entry, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above takes the keys
          // biome-ignore lint/a11y/useFocusableInteractive: the field keeps the focus and points here
          <div key={`${entry.kind} ${entry.name}`} id={`found-${index}`} role="option" aria-selected={index === at} onClick={() => go(entry)}>
            <span class="fine">{entry.kind}</span> {entry.name}
          </div>
        ))}
      </div>
      {found.length === 0 && <p class="fine" role="status">{recent.loading || names.loading ? 'Looking …' : 'Nothing has this in its name.'}</p>}
    </Dialog>
  );
}

function entriesOf(models: readonly string[], traces: Awaited<ReturnType<typeof api.traces>>['traces']): readonly SearchEntry[] {
  const unique = (names: readonly (string | undefined)[]): readonly string[] => [...new Set(names.filter((name) => name !== undefined && name !== ''))] as string[];
  const filtered = (kind: string, field: string, list: readonly string[]): readonly SearchEntry[] => list.map((name) => ({ kind, name, place: { view: 'requests', choices: { [field]: name } } }));
  return [
    ...catalogue.map(({ name, title }): SearchEntry => ({ kind: 'view', name: title, place: { view: name, choices: {} } })),
    ...nodes.value.map((node): SearchEntry => ({ kind: 'node', name: node.name ?? node.node_id, place: { view: 'fleet', choices: { node: node.node_id } } })),
    ...models.map((name): SearchEntry => ({ kind: 'model', name, place: { view: 'models', choices: { id: name } } })),
    ...filtered('key', 'key', unique(traces.map((row) => row.owner))),
    ...filtered('tag', 'tag', unique(traces.flatMap((row) => row.tags ?? []))),
    ...traces.map((row): SearchEntry => ({ kind: 'request', name: row.request_id, place: { view: 'requests', choices: { id: row.request_id } } })),
  ];
}
