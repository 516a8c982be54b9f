/** The files of examples/ and the one that `oar init` writes are configurations that work. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { taskTypes } from '../core/request.ts';
import { starterConfig } from '../commands/starter-config.ts';
import { interpret } from './interpret.ts';

const folder = new URL('../../examples/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const textOf = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
const read = (written: string) => interpret({ file: 'f', written, env: {}, overrides: {} });

test('the examples that the documentation names are there', () => {
  expect(files).toEqual(expect.arrayContaining(['gex44.yaml', 'gex44-secured.yaml', 'minimal.yaml', 'several-backends.yaml']));
});

test.each(files)('%s validates', (name) => {
  const { config, problems, warnings } = read(textOf(name));
  expect(problems).toEqual([]);
  expect(config).not.toBeNull();
  expect(warnings.filter((warning) => !warning.includes('placeholder'))).toEqual([]);
});

test('the GEX44 examples have the four models, and a route for every task', () => {
  for (const name of ['gex44.yaml', 'gex44-secured.yaml']) {
    const { config } = read(textOf(name));
    expect(config?.models.map((model) => model.name)).toEqual(['B-A-M-N/vibethinker:1.5b', 'qwen2.5-coder:7b', 'deepseek-coder:6.7b', 'gpt-oss:20b']);
    expect(Object.keys(config?.routes ?? {}).sort()).toEqual([...taskTypes].sort());
    expect(config?.models.find((model) => model.name === 'gpt-oss:20b')?.exclusive).toBe(true);
  }
});

test('the secured example is locked, and is otherwise the open one', () => {
  const open = read(textOf('gex44.yaml')).config;
  const { config: secured, warnings } = read(textOf('gex44-secured.yaml'));
  const { access, ...rest } = secured ?? {};
  expect(rest).toEqual(open);
  expect(access?.managed.planes.standalone.auth).toMatchObject({ requireApiKey: true, anonymous: 'reject' });
  expect(access?.admin.enabled).toBe(true);
  expect(warnings).toHaveLength(1);
});

test('the starter validates without a warning', () => {
  expect(read(starterConfig)).toMatchObject({ problems: [], warnings: [] });
});

test('the starter with every comment opened validates too', () => {
  const opened = starterConfig.replace(/^ollama:\n(?: .*\n)+/m, '').replace(/^# (?=(backends|models|routes|aliases):| {2})/gm, '');
  const { config, problems } = read(opened);
  expect(problems).toEqual([]);
  expect(config?.models).toHaveLength(2);
  expect(config?.backends).toHaveLength(2);
  expect(Object.keys(config?.routes ?? {}).sort()).toEqual([...taskTypes].sort());
});
