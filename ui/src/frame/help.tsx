/** The list of keys. */
import { Dialog } from '../parts/dialog.tsx';
import { catalogue } from './catalogue.ts';

const general = [['/', 'Search'], ['?', 'This list'], ['Esc', 'Close what is open'], ['↑ ↓', 'From row to row in a table'], ['Enter', 'Open the row']] as const;

export function Help({ close }: { readonly close: () => void }) {
  return (
    <Dialog title="Keys" close={close}>
      <dl class="key-list">
        {general.map(([key, what]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{what}</dd></div>)}
        {catalogue.map(({ name, title, key }) => <div key={name}><dt><kbd>g</kbd> <kbd>{key}</kbd></dt><dd>{title}</dd></div>)}
      </dl>
    </Dialog>
  );
}
