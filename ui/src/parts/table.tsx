/** A table that is sorted by its heads, walked with the keyboard, exported, and stays quick with many rows. */
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { recall, remember } from '../data/local.ts';
import { choices, choose } from '../data/place.ts';
import { type Cell, csvOf, orderIn, orderText, type Order, sorted, windowOf } from '../data/sorting.ts';

export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  readonly value: (row: Row) => Cell;
  /** How it is shown; absent: the value as it is. */
  readonly show?: (row: Row) => ComponentChildren;
  readonly numeric?: boolean;
  /** Only shown once it is chosen. */
  readonly extra?: boolean;
  readonly hint?: string;
  /** Where all columns have no room, this one is left out before those of higher numbers and those without one. */
  readonly yields?: number;
}

interface TableProps<Row> {
  readonly name: string;
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly order: Order;
  readonly open?: (row: Row) => void;
  readonly isOpen?: (row: Row) => boolean;
  /** Beside the buttons above the table. */
  readonly tools?: ComponentChildren;
}

const virtualFrom = 500;
const rowHeight = 33;

export function Table<Row>(props: TableProps<Row>) {
  const { name, caption, columns, rows, keyOf, open, isOpen } = props;
  const { hidden, chosen, setHidden } = useHidden(name, columns);
  const order = orderIn(choices.value[`sort-${name}`], props.order);
  const sortBy = columns.find((column) => column.id === order.column) ?? columns[0];
  const frame = useRef<HTMLDivElement>(null);
  const wanted = columns.filter((column) => !hidden.has(column.id));
  const left = useRoom(frame, wanted, chosen);
  const shown = wanted.filter((column) => !left.has(column.id));
  const inOrder = sortBy === undefined ? rows : sorted(rows, sortBy.value, order.down);
  const seen = useWindow(frame, inOrder.length);
  const sort = (column: Column<Row>): void => {
    const next = column.id === order.column ? { column: column.id, down: !order.down } : { column: column.id, down: column.numeric ?? false };
    choose({ [`sort-${name}`]: next.column === props.order.column && next.down === props.order.down ? '' : orderText(next) }, { replace: true });
  };
  return (
    <section class="table-section" aria-label={caption}>
      <div class="table-tools">
        {props.tools}
        <span class="grow" />
        <ColumnChoice columns={columns} hidden={hidden} left={left} change={setHidden} />
        <button type="button" class="quiet" onClick={() => save(`${name}.csv`, 'text/csv', csvOf(wanted.map((column) => column.title), inOrder.map((row) => wanted.map((column) => column.value(row)))))}>CSV</button>
        <button type="button" class="quiet" onClick={() => save(`${name}.json`, 'application/json', JSON.stringify(inOrder, null, 2))}>JSON</button>
      </div>
      <div class={`table-frame ${inOrder.length > virtualFrom ? 'tall' : ''}`} ref={frame}>
        <table aria-rowcount={inOrder.length}>
          <caption class="hidden">{caption}</caption>
          <thead>
            <tr>
              {shown.map((column) => (
                <th key={column.id} scope="col" class={column.numeric ? 'number' : ''} aria-sort={column.id === order.column ? (order.down ? 'descending' : 'ascending') : 'none'} title={column.hint}>
                  <button type="button" onClick={() => sort(column)}>{column.title}<span aria-hidden="true" class="arrow">{column.id === order.column ? (order.down ? '↓' : '↑') : ''}</span></button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody onKeyDown={walk}>
            {seen.first > 0 && <tr class="spacer"><td style={{ height: `${seen.first * rowHeight}px` }} /></tr>}
            {inOrder.slice(seen.first, seen.last).map((row) => (
              <tr key={keyOf(row)} class={open ? 'opens' : ''} aria-selected={isOpen ? isOpen(row) : undefined} tabIndex={open ? 0 : undefined} onClick={open && ((event) => isPlainClick(event) && open(row))} onKeyDown={open && ((event) => event.key === 'Enter' && event.target === event.currentTarget && open(row))}>
                {shown.map((column) => <td key={column.id} class={column.numeric ? 'number' : ''} data-title={column.title}>{column.show ? column.show(row) : plain(column.value(row))}</td>)}
              </tr>
            ))}
            {seen.last < inOrder.length && <tr class="spacer"><td style={{ height: `${(inOrder.length - seen.last) * rowHeight}px` }} /></tr>}
          </tbody>
        </table>
      </div>
    </section>
  );
}

const plain = (value: Cell): string => (value === null || value === undefined ? '–' : String(value));

/** Not one of a link or button in the row, nor the end of marking text. */
function isPlainClick(event: MouseEvent): boolean {
  return event.target instanceof Element && event.target.closest('a, button, input, select') === null && String(getSelection()) === '';
}

/** Arrow keys go from row to row. */
function walk(event: KeyboardEvent): void {
  const row = event.target;
  if (!(row instanceof HTMLTableRowElement) || !/^(?:ArrowDown|ArrowUp|Home|End|j|k)$/.test(event.key) || event.ctrlKey || event.metaKey) return;
  const rows = [...(row.parentElement?.querySelectorAll<HTMLTableRowElement>('tr[tabindex]') ?? [])];
  const at = rows.indexOf(row);
  const next = { ArrowDown: at + 1, j: at + 1, ArrowUp: at - 1, k: at - 1, Home: 0, End: rows.length - 1 }[event.key] ?? at;
  event.preventDefault();
  rows[Math.max(0, Math.min(rows.length - 1, next))]?.focus();
}

interface Hidden {
  readonly hidden: ReadonlySet<string>;
  /** By this reader, who wants to see these columns wherever they are. */
  readonly chosen: boolean;
  setHidden(next: ReadonlySet<string>): void;
}

/** What this reader has chosen; the others' choice is the columns' own. */
function useHidden<Row>(name: string, columns: readonly Column<Row>[]): Hidden {
  const [kept, setKept] = useState(() => recall(`columns.${name}`));
  const hidden = kept === null ? columns.filter((column) => column.extra).map((column) => column.id) : kept.split(',');
  return {
    hidden: new Set(hidden),
    chosen: kept !== null,
    setHidden: (next) => {
      setKept([...next].join(','));
      remember(`columns.${name}`, [...next].join(','));
    },
  };
}

/** More than a scroll bar that comes and goes. */
const otherWidth = 24;

/** The columns that are left out because not all have room: measured before anything is painted, one after the other. */
function useRoom<Row>(frame: { readonly current: HTMLDivElement | null }, wanted: readonly Column<Row>[], chosen: boolean): ReadonlySet<string> {
  const [state, setState] = useState({ width: 0, left: 0 });
  const inTurn = chosen ? [] : wanted.filter((column) => column.yields !== undefined).sort((a, b) => (a.yields ?? 0) - (b.yields ?? 0));
  useLayoutEffect(() => {
    const box = frame.current;
    if (box !== null && box.scrollWidth > box.clientWidth + 1 && state.left < inTurn.length) setState({ width: box.clientWidth, left: state.left + 1 });
  });
  useEffect(() => {
    const box = frame.current;
    if (box === null) return;
    const sizes = new ResizeObserver(() => setState((was) => (Math.abs(was.width - box.clientWidth) < otherWidth ? was : { width: box.clientWidth, left: 0 })));
    sizes.observe(box);
    return () => sizes.disconnect();
  }, []);
  return new Set(inTurn.slice(0, state.left).map((column) => column.id));
}

function ColumnChoice<Row>({ columns, hidden, left, change }: { readonly columns: readonly Column<Row>[]; readonly hidden: ReadonlySet<string>; readonly left: ReadonlySet<string>; readonly change: (next: ReadonlySet<string>) => void }) {
  const toggle = (id: string): void => {
    const next = new Set(hidden);
    if (!next.delete(id) && next.size < columns.length - 1) next.add(id);
    change(next);
  };
  return (
    <details class="menu">
      <summary class="quiet">Columns</summary>
      <div class="menu-body">
        {columns.map((column) => (
          <label key={column.id}><input type="checkbox" checked={!hidden.has(column.id)} onChange={() => toggle(column.id)} /> {column.title}{left.has(column.id) && <span class="fine"> (no room)</span>}</label>
        ))}
      </div>
    </details>
  );
}

/** Long lists scroll in a frame of their own, and only what is seen of them is drawn. */
function useWindow(frame: { readonly current: HTMLDivElement | null }, total: number): { readonly first: number; readonly last: number } {
  const [view, setView] = useState({ top: 0, height: 800 });
  const many = total > virtualFrom;
  useEffect(() => {
    const box = frame.current;
    if (!many || box === null) return;
    let due = 0;
    const look = (): void => {
      due ||= requestAnimationFrame(() => {
        due = 0;
        setView({ top: box.scrollTop, height: box.clientHeight });
      });
    };
    look();
    box.addEventListener('scroll', look, { passive: true });
    return () => {
      cancelAnimationFrame(due);
      box.removeEventListener('scroll', look);
    };
  }, [many]);
  return many ? windowOf(total, { ...view, rowHeight }) : { first: 0, last: total };
}

export function save(name: string, type: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
