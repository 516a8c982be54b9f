import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { configJsonSchema, configPage } from './document.ts';
import { settingNames } from './environment.ts';

const written = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

test('docs/config.md and its JSON schema are fresh', () => {
  expect(written('config.md')).toBe(configPage());
  expect(written('config.schema.json')).toBe(configJsonSchema());
});

test('the page has a row for every setting', () => {
  const page = configPage();
  for (const { path } of settingNames()) {
    const [section, ...rest] = path;
    if (rest.length === 0) expect(page).toContain(`## ${section}`);
    else expect(page.slice(page.indexOf(`## ${section}\n`))).toMatch(new RegExp(`\\| \`${rest.join('[.]')}(\`|\\[\\][.])`));
  }
});

test('the JSON schema allows null where a key is optional, and not where it is required', () => {
  const schema = JSON.parse(configJsonSchema()) as { properties: { server: { properties: Record<string, { type: unknown }> }; models: { items: { properties: Record<string, { type: unknown }> } } } };
  expect(schema.properties.server.properties.port?.type).toEqual(['integer', 'null']);
  expect(schema.properties.models.items.properties.name?.type).toBe('string');
});
