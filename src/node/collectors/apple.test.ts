import { expect, test } from 'vitest';
import { fakeTools } from '../../../test/fakes/machine.ts';
import { appleFacts, collector } from './apple.ts';

const signal = new AbortController().signal;
const profile = (hardware: object, ...displays: object[]) => JSON.stringify({ SPHardwareDataType: [{ _name: 'hardware_overview', serial_number: 'X1', ...hardware }], SPDisplaysDataType: displays });
const appleGpu = (name: string) => ({ _name: 'kHW_AppleM2Item', sppci_model: name, sppci_cores: '30', sppci_bus: 'spdisplays_builtin', spdisplays_vendor: 'sppci_vendor_Apple', spdisplays_mtlgpufamilysupport: 'spdisplays_metal3' });

test('graphics of the chip share the machine\'s memory; only a limit that somebody set is a size', () => {
  const text = profile({ chip_type: 'Apple M2 Max', physical_memory: '64 GB' }, appleGpu('Apple M2 Max'));
  expect(appleFacts(text, 'Apple M2 Max\n', '0\n')).toEqual({ chip: 'Apple M2 Max', memoryBandwidthGbps: 400, gpus: [{ index: 0, name: 'Apple M2 Max', vendor: 'apple', unified: true }] });
  expect(appleFacts(text, '', '57344\n')?.gpus).toEqual([{ index: 0, name: 'Apple M2 Max', vendor: 'apple', unified: true, vramTotalMb: 57_344 }]);
});

test('an older Mac has a card with memory of its own beside one that shares', () => {
  const text = profile(
    { cpu_type: '8-Core Intel Core i9' },
    { sppci_model: 'Intel UHD Graphics 630', spdisplays_vendor: 'Intel', spdisplays_vram_shared: '1536 MB' },
    { sppci_model: 'AMD Radeon Pro 5500M', spdisplays_vendor: 'sppci_vendor_amd', spdisplays_vram: '8 GB' },
  );
  expect(appleFacts(text, 'Intel(R) Core(TM) i9-9980HK CPU @ 2.40GHz\n', '')).toEqual({
    chip: 'Intel(R) Core(TM) i9-9980HK CPU @ 2.40GHz',
    gpus: [
      { index: 0, name: 'Intel UHD Graphics 630', vendor: 'intel', unified: true },
      { index: 1, name: 'AMD Radeon Pro 5500M', vendor: 'amd', vramTotalMb: 8192 },
    ],
  });
});

test('when the slow program fails the chip is known from the quick one; when both fail nothing is', async () => {
  const host = { platform: 'darwin', arch: 'arm64' };
  expect(await collector.collect(fakeTools({ host, programs: { 'sysctl -n machdep.cpu.brand_string': 'Apple M4 Pro\n' } }), {}, signal)).toEqual({ chip: 'Apple M4 Pro', memoryBandwidthGbps: 273 });
  expect(await collector.collect(fakeTools({ host }), {}, signal)).toBeNull();
  expect(await collector.collect(fakeTools({ programs: { sysctl: 'Apple M4 Pro\n' } }), {}, signal)).toBeNull();
});

test('no serial number is in what is reported', () => {
  expect(JSON.stringify(appleFacts(profile({ chip_type: 'Apple M1' }, appleGpu('Apple M1')), '', ''))).not.toContain('X1');
});
