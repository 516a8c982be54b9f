/** The fleet as lines for a terminal: machines with their load and models, then who waits. Pure. */
import { cellWidth, fitToCells, shownText } from '../../util/cell-width.ts';
import { fieldsOf, type Fields, numberOf, rowsOf } from '../loose-json.ts';
import type { Line, Span, Style } from './styled-line.ts';

const barCells = 10;
const nameCells = 28;

/** `snapshot` is an event of `/dashboard/events`; what it does not say is left out. */
export function fleetLines(snapshot: Fields, columns: number): readonly Line[] {
  const nodes = rowsOf(snapshot.nodes);
  const machines = nodes.length === 0 ? [[], [['No machines yet. On each other machine: oar node', 'dim'] as Span]] : nodes.flatMap((node) => [[], ...machineLines(node, columns)]);
  return [totalsLine(snapshot), ...machines, ...waitingLines(snapshot)];
}

function totalsLine(snapshot: Fields): Line {
  const totals = fieldsOf(snapshot.totals) ?? {};
  const waiting = numberOf(totals.waiting) ?? 0;
  const oldest = numberOf(totals.oldest_wait_ms);
  return [
    [`oar ${shown(snapshot.router_version)}`.trim(), 'bold'],
    [`   machines ${numberOf(totals.nodes_up) ?? 0} of ${numberOf(totals.nodes_total) ?? 0}   running ${numberOf(totals.running) ?? 0}   waiting ${waiting}${waiting > 0 && oldest !== null ? ` (oldest ${seconds(oldest)})` : ''}   ${rate(totals.tokens_per_second)}`],
  ];
}

const stateStyles: Readonly<Record<string, Style>> = { online: 'good', degraded: 'warn', waiting: 'warn', offline: 'bad' };

function machineLines(node: Fields, columns: number): readonly Line[] {
  const status = shown(node.status);
  const hardware = fieldsOf(node.hardware);
  const name = shown(node.name) || shown(node.node_id);
  const facts = [shown(hardware?.chip), node.draining === true ? 'draining' : '', capacityOf(node), thermalOf(node)].filter((text) => text !== '');
  const bars = [cpuBar(node), memoryBar(node), ...rowsOf(node.gpus).map(gpuBar)].filter((bar) => bar.length > 0);
  return [
    [[name || 'a machine without a name', 'bold'], ['  '], [status, stateStyles[status]], ...(facts.length === 0 ? [] : [[`  ${facts.join(' · ')}`, 'dim'] as Span])],
    ...inRows(bars, columns),
    ...rowsOf(node.backends).flatMap(backendLines),
  ];
}

/** As many side by side as there is room for. */
function inRows(bars: readonly Line[], columns: number): readonly Line[] {
  const rows: Span[][] = [];
  let left = 0;
  for (const bar of bars) {
    const width = bar.reduce((sum, [text]) => sum + cellWidth(text), 0) + 2;
    if (rows.length === 0 || width > left) {
      rows.push([]);
      left = columns;
    }
    rows.at(-1)?.push(['  '], ...bar);
    left -= width;
  }
  return rows;
}

function cpuBar(node: Fields): Line {
  const share = numberOf(fieldsOf(node.cpu)?.utilization_pct);
  return share === null ? [] : [['CPU '], ...bar(share / 100), [` ${percent(share)}`]];
}

function memoryBar(node: Fields): Line {
  const memory = fieldsOf(node.memory);
  const [used, total, swap] = [numberOf(memory?.used_gb), numberOf(memory?.total_gb), numberOf(memory?.swap_used_gb)];
  if (used === null || total === null || total <= 0) return [];
  const pressure = shown(memory?.pressure);
  const tight = pressure === 'warn' || pressure === 'critical';
  return [['mem '], ...bar(used / total), [` ${used.toFixed(1)}/${total.toFixed(1)} GB`], ...(swap !== null && swap >= 0.1 ? [[` swap ${swap.toFixed(1)} GB`, 'warn'] as Span] : []), ...(tight ? [[` ${pressure}`, pressure === 'critical' ? 'bad' : 'warn'] as Span] : [])];
}

function gpuBar(gpu: Fields, position: number): Line {
  const [used, total, busy, heat] = [numberOf(gpu.vram_used_mb), numberOf(gpu.vram_total_mb), numberOf(gpu.utilization_pct), numberOf(gpu.temperature_c)];
  const label = `GPU${numberOf(gpu.index) ?? position} `;
  const memory: Line = used === null || total === null || total <= 0 ? [] : [...bar(used / total), [` ${(used / 1024).toFixed(1)}/${(total / 1024).toFixed(1)} GB`]];
  const facts = [busy === null ? '' : percent(busy), heat === null ? '' : `${Math.round(heat)} °C`].filter((text) => text !== '').join(' ');
  if (memory.length === 0 && facts === '') return gpu.unified === true ? [] : [[`${label}${shown(gpu.name)}`.trim()]];
  return [[label], ...memory, ...(facts === '' ? [] : [[` ${facts}`] as Span])];
}

function capacityOf(node: Fields): string {
  const mode = shown(fieldsOf(node.capacity)?.mode);
  return mode === '' || mode === 'full' ? '' : `capacity ${mode}`;
}

function thermalOf(node: Fields): string {
  const thermal = fieldsOf(node.thermal);
  const heat = numberOf(thermal?.temperature_c);
  return heat === null ? '' : `${Math.round(heat)} °C${thermal?.state === 'warning' ? ' hot' : ''}`;
}

function backendLines(backend: Fields): readonly Line[] {
  const models = rowsOf(backend.models).map(modelLine);
  if (backend.status === 'down') return [[['  '], [`${shown(backend.id)} is down`, 'bad'], [shown(backend.problem) === '' ? '' : `: ${shown(backend.problem)}`]]];
  const failing = [...(backend.breaker === undefined ? [] : [shown(backend.id)]), ...Object.keys(fieldsOf(backend.resting) ?? {}).map((model) => `${shown(model)} on ${shown(backend.id)}`)];
  return [...failing.map((what): Line => [['  '], [`${what} fails again and again, and rests`, 'warn']]), ...models];
}

const marks: Readonly<Record<string, readonly [string, Style, string]>> = { loading: ['◐', 'warn', 'loading'], cold: ['○', 'dim', 'asleep'], loaded: ['●', 'good', ''] };

/** The router tells GiB; models are known by decimal gigabytes, as Ollama lists them. */
const decimalOfBinary = 1.073741824;

function modelLine(model: Fields): Line {
  const [mark, style, word] = marks[shown(model.state)] ?? ['●', 'plain', shown(model.state)];
  const [running, slots, waiting, size] = [numberOf(model.running) ?? 0, numberOf(model.slots), numberOf(model.waiting) ?? 0, numberOf(model.size_gb)];
  const speed = numberOf(model.tokens_per_second) ?? 0;
  const facts = [size === null ? '' : `${(size * decimalOfBinary).toFixed(1)} GB`, word, speed > 0 ? rate(speed) : '', waiting > 0 ? `${waiting} waiting` : ''].filter((text) => text !== '');
  return [[`  ${mark} `, style], [`${fitToCells(shown(model.name), nameCells)} `], ...slotsOf(running, slots), [`  ${facts.join('  ')}`]];
}

/** One mark a slot while they can be counted at a glance. */
function slotsOf(running: number, slots: number | null): Line {
  if (slots === null || slots <= 0) return [[`${running} running`]];
  const text = `${running}/${slots} slots`;
  return slots > 8 ? [[text]] : [['█'.repeat(Math.min(running, slots)), 'good'], [`${'░'.repeat(Math.max(0, slots - running))} ${text}`]];
}

function waitingLines(snapshot: Fields): readonly Line[] {
  const rows = rowsOf(snapshot.waiting);
  if (rows.length === 0) return [];
  const more = (numberOf(snapshot.waiting_count) ?? rows.length) - rows.length;
  return [
    [],
    [['waiting', 'bold']],
    ...rows.map((row, index): Line => [[`  ${String(numberOf(row.position) ?? index + 1).padStart(3)} `], [fitToCells(shown(row.model), nameCells)], [` ${seconds(numberOf(row.age_ms) ?? 0).padStart(8)}`], [`  ${[shown(row.priority), shown(row.key ?? row.user ?? row.address)].filter((text) => text !== '').join('  ')}`, 'dim']]),
    ...(more > 0 ? [[[`      and ${more} more`, 'dim']] as Line] : []),
  ];
}

function bar(share: number): Line {
  const full = Math.min(barCells, Math.max(0, Math.round(share * barCells)));
  return [['█'.repeat(full), share >= 0.95 ? 'bad' : share >= 0.8 ? 'warn' : 'plain'], ['░'.repeat(barCells - full), 'dim']];
}

function percent(share: number): string {
  return `${Math.round(share)} %`;
}

function rate(value: unknown): string {
  return `${(numberOf(value) ?? 0).toFixed(1)} tokens/s`;
}

function seconds(ms: number): string {
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.floor(ms / 60_000)} min`;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? shownText(value).trim() : String(numberOf(value) ?? '');
}
