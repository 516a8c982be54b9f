/** AMD GPUs: amd-smi, else rocm-smi, else what the kernel's driver shows in its files. */
import type { Gpu } from '../../core/fleet.ts';
import { jsonIn, known, mbOf, numberIn, textIn } from '../known-values.ts';
import type { Collector, CollectorTools, NodeFacts } from './collector.ts';
import { isObject, type JsonObject } from '../../util/json-object.ts';

const programMs = 5000;
const drm = '/sys/class/drm';

/** The makers' programs take a second of a processor each time. */
export const collector: Collector = {
  id: 'amd',
  everyMs: 15_000,
  limitMs: 15_000,
  async collect(tools, _options, signal) {
    if (tools.host.platform !== 'linux') return null;
    for (const look of [amdSmi, rocmSmi, driverFiles]) {
      const gpus = await look(tools, signal).catch(() => []);
      if (gpus.length > 0) return { gpus } satisfies NodeFacts;
    }
    return null;
  },
};

async function amdSmi({ run }: CollectorTools, signal: AbortSignal): Promise<readonly Gpu[]> {
  const metrics = await run('amd-smi', ['metric', '--usage', '--temperature', '--mem-usage', '--json'], programMs, signal);
  const names = await run('amd-smi', ['static', '--asic', '--json'], programMs, signal).catch(() => '');
  return parseAmdSmi(metrics, names);
}

async function rocmSmi({ run }: CollectorTools, signal: AbortSignal): Promise<readonly Gpu[]> {
  return parseRocmSmi(await run('rocm-smi', ['--showproductname', '--showuse', '--showtemp', '--showmeminfo', 'vram', '--json'], programMs, signal));
}

/** `amd-smi metric --json` and `amd-smi static --asic --json`: a list of GPUs, in newer versions under `gpu_data`. */
export function parseAmdSmi(metrics: string, names: string): readonly Gpu[] {
  const nameOf = new Map(entriesOf(names).map((entry) => [numberIn(entry['gpu']), textIn(at(entry, 'asic', 'market_name'))]));
  return entriesOf(metrics).map((entry, position) => {
    const memory = (key: string): number | undefined => measured(at(entry, 'mem_usage', key));
    const temperature = (key: string): number | undefined => measured(at(entry, 'temperature', key));
    const index = numberIn(entry['gpu']) ?? position;
    return known<Gpu>({
      index,
      name: nameOf.get(index),
      vramTotalMb: memory('total_vram'),
      vramUsedMb: memory('used_vram'),
      vramFreeMb: memory('free_vram'),
      utilizationPct: measured(at(entry, 'usage', 'gfx_activity')),
      vendor: 'amd',
      temperatureC: temperature('edge') ?? temperature('hotspot'),
    });
  });
}

function entriesOf(output: string): readonly JsonObject[] {
  const value = jsonIn(output);
  const list = isObject(value) ? value['gpu_data'] : value;
  return Array.isArray(list) ? list.filter(isObject) : [];
}

function at(entry: JsonObject, section: string, key: string): unknown {
  const inner = entry[section];
  return isObject(inner) ? inner[key] : undefined;
}

/** `{"value": 512, "unit": "MB"}`, in older versions the number alone. */
function measured(value: unknown): number | undefined {
  return numberIn(isObject(value) ? value['value'] : value);
}

/** `rocm-smi --json`: an object with `card0`, `card1` …, every value a text. */
export function parseRocmSmi(output: string): readonly Gpu[] {
  const value = jsonIn(output);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, card]) => {
    const index = /^card(\d+)$/.exec(key)?.[1];
    return index === undefined || !isObject(card) ? [] : [rocmCard(Number(index), card)];
  });
}

function rocmCard(index: number, card: JsonObject): Gpu {
  const total = numberIn(card['VRAM Total Memory (B)']);
  const used = numberIn(card['VRAM Total Used Memory (B)']);
  return known<Gpu>({
    index,
    name: nameIn(card),
    vramTotalMb: mbOf(total),
    vramUsedMb: mbOf(used),
    vramFreeMb: total === undefined || used === undefined ? undefined : mbOf(Math.max(0, total - used)),
    utilizationPct: numberIn(card['GPU use (%)']),
    vendor: 'amd',
    temperatureC: numberIn(card['Temperature (Sensor edge) (C)']) ?? numberIn(card['Temperature (Sensor junction) (C)']),
  });
}

/** The series reads like a name; the model is often a number of the PCI bus. Newer versions write both in capitals. */
function nameIn(card: JsonObject): string | undefined {
  const names = ['Card Series', 'Card series', 'Card Model', 'Card model'].map((key) => textIn(card[key]));
  return names.find((name) => name !== undefined && !/^0x/i.test(name));
}

/** What amdgpu shows without any program of AMD's. */
async function driverFiles({ list, read }: CollectorTools): Promise<readonly Gpu[]> {
  const cards = (await list(drm)).filter((name) => /^card\d+$/.test(name));
  const gpus = await Promise.all(cards.map((card) => driverCard(`${drm}/${card}/device`, Number(card.slice('card'.length)), { list, read })));
  return gpus.flatMap((gpu) => gpu ?? []);
}

async function driverCard(device: string, index: number, { list, read }: Pick<CollectorTools, 'list' | 'read'>): Promise<Gpu | null> {
  const [total, used, busy, name] = await Promise.all(['mem_info_vram_total', 'mem_info_vram_used', 'gpu_busy_percent', 'product_name'].map((file) => read(`${device}/${file}`)));
  const totalBytes = numberIn(total);
  if (totalBytes === undefined) return null;
  const usedBytes = numberIn(used);
  const [sensor] = await list(`${device}/hwmon`);
  const milli = sensor === undefined ? undefined : numberIn(await read(`${device}/hwmon/${sensor}/temp1_input`));
  return known<Gpu>({
    index,
    name: textIn(name),
    vramTotalMb: mbOf(totalBytes),
    vramUsedMb: mbOf(usedBytes),
    vramFreeMb: usedBytes === undefined ? undefined : mbOf(Math.max(0, totalBytes - usedBytes)),
    utilizationPct: numberIn(busy),
    vendor: 'amd',
    temperatureC: milli === undefined ? undefined : Math.round(milli / 1000),
  });
}
