import { expect, test } from 'vitest';
import { fakeTools } from '../../../test/fakes/machine.ts';
import { collector, parseAmdSmi, parseRocmSmi } from './amd.ts';

const signal = new AbortController().signal;
const measured = (value: unknown, unit: string) => ({ value, unit });

const metric = (gpu: number, edge: unknown) => ({
  gpu,
  usage: { gfx_activity: measured(37, '%'), umc_activity: measured(2, '%'), mm_activity: 'N/A' },
  temperature: { edge, hotspot: measured(66, 'C'), mem: measured(70, 'C') },
  mem_usage: { total_vram: measured(24_560, 'MB'), used_vram: measured(4560, 'MB'), free_vram: measured(20_000, 'MB'), total_visible_vram: measured(24_560, 'MB') },
});
const asic = (gpu: number, name: string) => ({ gpu, asic: { market_name: name, vendor_id: '0x1002' } });

const expected = { index: 0, name: 'AMD Radeon RX 7900 XTX', vramTotalMb: 24_560, vramUsedMb: 4560, vramFreeMb: 20_000, utilizationPct: 37, vendor: 'amd', temperatureC: 55 };

test('amd-smi: a list of GPUs, or the same under gpu_data, with the names of the other call', () => {
  const gpus = [metric(0, measured(55, 'C')), metric(1, 'N/A')];
  const names = [asic(0, 'AMD Radeon RX 7900 XTX'), asic(1, 'N/A')];
  const second = { index: 1, vramTotalMb: 24_560, vramUsedMb: 4560, vramFreeMb: 20_000, utilizationPct: 37, vendor: 'amd', temperatureC: 66 };
  expect(parseAmdSmi(JSON.stringify(gpus), JSON.stringify(names))).toEqual([expected, second]);
  expect(parseAmdSmi(JSON.stringify({ gpu_data: gpus }), JSON.stringify({ gpu_data: names }))).toEqual([expected, second]);
});

test('amd-smi: what is not told is absent, and without names there are none', () => {
  expect(parseAmdSmi('[{"gpu": 0, "usage": "N/A", "temperature": {"edge": "N/A"}, "mem_usage": {"total_vram": {"value": "N/A", "unit": "MB"}}}]', '')).toEqual([{ index: 0, vendor: 'amd' }]);
  for (const output of ['', 'AMD-SMI has failed', '{}', 'null']) expect(parseAmdSmi(output, '')).toEqual([]);
});

const rocm = (more: object) => ({ 'VRAM Total Memory (B)': '17163091968', 'VRAM Total Used Memory (B)': '1073741824', 'GPU use (%)': '12', 'Temperature (Sensor edge) (C)': '45.0', 'Temperature (Sensor junction) (C)': '52.0', ...more });

test('rocm-smi: bytes become megabytes; a warning before the JSON does not matter; a model that is a number is no name', () => {
  const output = `WARNING: AMD GPU device(s) is/are in a low-power state.\n${JSON.stringify({ card0: rocm({ 'Card series': 'Radeon RX 6800 XT' }), card1: rocm({ 'Card Series': '0x73bf', 'Card Model': 'N/A' }), system: { 'Driver version': '6.7.0' } })}`;
  const figures = { vramTotalMb: 16_368, vramUsedMb: 1024, vramFreeMb: 15_344, utilizationPct: 12, vendor: 'amd', temperatureC: 45 };
  expect(parseRocmSmi(output)).toEqual([{ index: 0, name: 'Radeon RX 6800 XT', ...figures }, { index: 1, ...figures }]);
  for (const wrong of ['', 'ROCm is not here', '[]', '{"card0": 3}']) expect(parseRocmSmi(wrong)).toEqual([]);
});

const device = '/sys/class/drm/card1/device';
const files = {
  [`${device}/mem_info_vram_total`]: String(8 * 1024 ** 3),
  [`${device}/mem_info_vram_used`]: String(1024 ** 3),
  [`${device}/gpu_busy_percent`]: '63',
  [`${device}/hwmon/hwmon4/temp1_input`]: '71000',
  '/sys/class/drm/card1-DP-1/status': 'connected',
  '/sys/class/drm/card0/device/vendor': '0x8086',
};

test('without any program of the maker, the driver itself is asked; other cards and connectors are none of its', async () => {
  expect(await collector.collect(fakeTools({ files }), {}, signal)).toEqual({ gpus: [{ index: 1, vramTotalMb: 8192, vramUsedMb: 1024, vramFreeMb: 7168, utilizationPct: 63, vendor: 'amd', temperatureC: 71 }] });
});

test('the newer program is asked first, then the older one', async () => {
  const older = { 'rocm-smi': JSON.stringify({ card0: rocm({}) }) };
  const newer = { 'amd-smi metric': JSON.stringify([metric(0, measured(55, 'C'))]), 'amd-smi static': JSON.stringify([asic(0, 'AMD Radeon RX 7900 XTX')]) };
  expect(await collector.collect(fakeTools({ files, programs: { ...older, ...newer } }), {}, signal)).toEqual({ gpus: [expected] });
  expect((await collector.collect(fakeTools({ files, programs: older }), {}, signal))?.gpus?.[0]?.vramTotalMb).toBe(16_368);
});

test('a machine without such a card, or another system, has nothing of this kind', async () => {
  expect(await collector.collect(fakeTools({}), {}, signal)).toBeNull();
  expect(await collector.collect(fakeTools({ files, host: { platform: 'darwin' } }), {}, signal)).toBeNull();
});
