/** How hot the machine is, where its system tells. */
import type { NodeReport } from '../../core/node.ts';
import { numberIn } from '../known-values.ts';
import type { Collector, CollectorTools } from './collector.ts';

type Thermal = NonNullable<NodeReport['thermal']>;

export interface Sensor {
  readonly name: string;
  readonly celsius: number;
}

const programMs = 2000;
/** Contract fleet part 3. */
const warningC = 85;
/** Sensors of processors and graphics; disks and radios may be hot without anybody being slower. */
const processors = /coretemp|k10temp|zenpower|cpu|x86_pkg|soc|amdgpu|gpu|acpitz|tctl/i;

export const collector: Collector = {
  id: 'thermal',
  async collect(tools, _options, signal) {
    if (tools.host.platform === 'darwin') {
      const thermal = parsePmset(await tools.run('pmset', ['-g', 'therm'], programMs, signal).catch(() => ''));
      return thermal === null ? null : { thermal };
    }
    if (tools.host.platform !== 'linux') return null;
    const thermal = hottest([...(await zones(tools)), ...(await monitors(tools))]);
    return thermal === null ? null : { thermal };
  },
};

/** Null without a sensor whose value can be true. */
export function hottest(sensors: readonly Sensor[]): Thermal | null {
  const plausible = sensors.filter(({ celsius }) => celsius > 0 && celsius < 150);
  const relevant = plausible.filter(({ name }) => processors.test(name));
  const [first] = (relevant.length > 0 ? relevant : plausible).toSorted((a, b) => b.celsius - a.celsius);
  return first === undefined ? null : { state: first.celsius >= warningC ? 'warning' : 'nominal', temperatureC: first.celsius, source: first.name };
}

/** `pmset -g therm`: notes that nothing was recorded, or how much of its speed the processor is left with. No degrees. */
export function parsePmset(output: string): Thermal | null {
  const limit = /CPU_Speed_Limit\s*=\s*(\d+)/.exec(output)?.[1];
  if (limit !== undefined) return { state: Number(limit) < 100 ? 'warning' : 'nominal', source: 'pmset' };
  if (/No thermal warning level has been recorded/i.test(output)) return { state: 'nominal', source: 'pmset' };
  return /thermal warning level/i.test(output) ? { state: 'warning', source: 'pmset' } : null;
}

async function zones({ list, read }: CollectorTools): Promise<readonly Sensor[]> {
  const names = (await list('/sys/class/thermal')).filter((name) => name.startsWith('thermal_zone'));
  return (await Promise.all(names.map((name) => sensorAt(read, `/sys/class/thermal/${name}/type`, `/sys/class/thermal/${name}/temp`)))).flat();
}

async function monitors({ list, read }: CollectorTools): Promise<readonly Sensor[]> {
  const folders = (await list('/sys/class/hwmon')).map((name) => `/sys/class/hwmon/${name}`);
  const sensors = folders.map(async (folder) => {
    const files = (await list(folder)).filter((name) => /^temp\d+_input$/.test(name));
    return Promise.all(files.map((file) => sensorAt(read, `${folder}/name`, `${folder}/${file}`)));
  });
  return (await Promise.all(sensors)).flat(2);
}

async function sensorAt(read: CollectorTools['read'], namePath: string, valuePath: string): Promise<readonly Sensor[]> {
  const [name, value] = await Promise.all([read(namePath), read(valuePath)]);
  const milli = numberIn(value);
  return name === null || milli === undefined ? [] : [{ name, celsius: Math.round(milli / 1000) }];
}
