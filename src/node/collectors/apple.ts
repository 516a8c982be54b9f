/** Macs: the chip's name and its graphics, which share the machine's memory, or have their own on older ones. */
import type { Gpu } from '../../core/fleet.ts';
import { jsonIn, known, textIn } from '../known-values.ts';
import { chipBandwidth } from '../memory-bandwidth.ts';
import type { Collector, NodeFacts } from './collector.ts';
import { isObject, type JsonObject } from '../../util/json-object.ts';

const programMs = 20_000;

/** `system_profiler` takes seconds, and what it says here never changes while the machine runs. */
export const collector: Collector = {
  id: 'apple',
  everyMs: 600_000,
  limitMs: 45_000,
  async collect({ host, run }, _options, signal) {
    if (host.platform !== 'darwin') return null;
    const ask = (program: string, ...args: string[]): Promise<string> => run(program, args, programMs, signal).catch(() => '');
    const [profile, brand, limit] = await Promise.all([
      ask('system_profiler', '-json', 'SPHardwareDataType', 'SPDisplaysDataType'),
      ask('sysctl', '-n', 'machdep.cpu.brand_string'),
      ask('sysctl', '-n', 'iogpu.wired_limit_mb'),
    ]);
    return appleFacts(profile, brand, limit);
  },
};

/** Null when none of the texts says anything. `limit`: how many MB graphics may take, 0 when nobody has set it. */
export function appleFacts(profile: string, brand: string, limit: string): NodeFacts | null {
  const value = jsonIn(profile);
  const hardware = rowsOf(value, 'SPHardwareDataType')[0] ?? {};
  const chip = textIn(hardware['chip_type']) ?? textIn(brand) ?? textIn(hardware['cpu_type']);
  const gpus = rowsOf(value, 'SPDisplaysDataType').flatMap((row, index) => gpuOf(row, index, Number(limit) || undefined) ?? []);
  if (chip === undefined && gpus.length === 0) return null;
  return known<NodeFacts>({ chip, memoryBandwidthGbps: chip === undefined ? undefined : chipBandwidth(chip), gpus: gpus.length === 0 ? undefined : gpus });
}

function rowsOf(value: unknown, key: string): readonly JsonObject[] {
  const rows = isObject(value) ? value[key] : undefined;
  return Array.isArray(rows) ? rows.filter(isObject) : [];
}

function gpuOf(row: JsonObject, index: number, limitMb: number | undefined): Gpu | null {
  const name = textIn(row['sppci_model']) ?? textIn(row['_name']);
  if (name === undefined) return null;
  const vendor = /apple|amd|ati|intel|nvidia/.exec((textIn(row['spdisplays_vendor']) ?? name).toLowerCase())?.[0];
  const own = sizeMb(textIn(row['spdisplays_vram']));
  return known<Gpu>({
    index,
    name,
    vendor: vendor === 'ati' ? 'amd' : (vendor as Gpu['vendor']),
    vramTotalMb: own ?? (vendor === 'apple' ? limitMb : undefined),
    unified: own === undefined ? true : undefined,
  });
}

/** `8 GB`, `1536 MB`. */
function sizeMb(text: string | undefined): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?) ?(GB|MB)$/.exec(text ?? '') ?? [];
  return amount === undefined ? undefined : Math.round(Number(amount) * (unit === 'GB' ? 1024 : 1));
}
