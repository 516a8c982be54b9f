import { expect, test } from 'vitest';
import { fakeTools } from '../../../test/fakes/machine.ts';
import { collector, hottest, parsePmset } from './thermal.ts';

const signal = new AbortController().signal;

test('the hottest processor counts, from zones and monitors; a hot disk does not', async () => {
  const files = {
    '/sys/class/thermal/thermal_zone0/type': 'acpitz',
    '/sys/class/thermal/thermal_zone0/temp': '27800',
    '/sys/class/thermal/cooling_device0/type': 'Processor',
    '/sys/class/hwmon/hwmon0/name': 'nvme',
    '/sys/class/hwmon/hwmon0/temp1_input': '90850',
    '/sys/class/hwmon/hwmon1/name': 'k10temp',
    '/sys/class/hwmon/hwmon1/temp1_input': '61250',
    '/sys/class/hwmon/hwmon1/temp3_input': '58000',
    '/sys/class/hwmon/hwmon1/temp1_max': '70000',
  };
  expect(await collector.collect(fakeTools({ files }), {}, signal)).toEqual({ thermal: { state: 'nominal', temperatureC: 61, source: 'k10temp' } });
});

test.each([[84, 'nominal'], [85, 'warning'], [99, 'warning']])('%i °C is %s', (celsius, state) => {
  expect(hottest([{ name: 'coretemp', celsius }])?.state).toBe(state);
});

test('values that cannot be true are not believed', () => {
  expect(hottest([{ name: 'coretemp', celsius: 0 }, { name: 'cpu', celsius: 215 }])).toBeNull();
  expect(hottest([])).toBeNull();
});

test('macOS tells without degrees', async () => {
  expect(parsePmset('Note: No thermal warning level has been recorded\nNote: No performance warning level has been recorded\nNote: No CPU power status has been recorded\n')).toEqual({ state: 'nominal', source: 'pmset' });
  expect(parsePmset('2026-01-01 00:00:00 +0000 CPU Power notify\n\tCPU_Scheduler_Limit \t= 100\n\tCPU_Available_CPUs \t= 8\n\tCPU_Speed_Limit \t= 62\n')).toEqual({ state: 'warning', source: 'pmset' });
  expect(parsePmset('')).toBeNull();
  const mac = { host: { platform: 'darwin' } };
  expect(await collector.collect(fakeTools(mac), {}, signal)).toBeNull();
  expect(await collector.collect(fakeTools({ host: { platform: 'win32' } }), {}, signal)).toBeNull();
});
