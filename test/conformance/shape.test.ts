/** The source keeps its shape, and the check that says so sees each thing it is there for. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checkShape, readTree, runtimePackages } from '../../scripts/shape.mjs';
import { findFunctions } from '../../scripts/shape/functions.mjs';
import { findImports } from '../../scripts/shape/imports.mjs';
import { mask } from '../../scripts/shape/mask.mjs';

const head = '/** One thing. */\n';

/** The complaints about a few planted files, as `path:line message`. */
function complaints(planted: Readonly<Record<string, string>>, packages: readonly string[] = []): readonly string[] {
  const { problems } = checkShape(new Map(Object.entries(planted)), { packages, leastFiles: 0 });
  return problems.map(({ path, line, message }) => `${path}:${line} ${message}`);
}

/** A function of so many lines, head and closing brace included, each line different. */
function functionOf(lines: number, name: string): string {
  const body = Array.from({ length: lines - 2 }, (_, index) => `  step${index}(${name});`);
  return [`export function ${name}(): void {`, ...body, '}', ''].join('\n');
}

test('the source as it stands has no complaint', () => {
  expect(checkShape(readTree(), { packages: runtimePackages() }).problems).toEqual([]);
});

test('there are at most twelve run-time dependencies, each with its reason', () => {
  const page = readFileSync(new URL('../../docs/dependencies.md', import.meta.url), 'utf8');
  expect(runtimePackages().filter((name) => !page.includes(`\n| \`${name}\` | `))).toEqual([]);
  expect(runtimePackages().length).toBeLessThanOrEqual(12);
});

test('a check that sees hardly any file fails', () => {
  expect(checkShape(new Map([['src/util/a.ts', `${head}export const a = 1;\n`]])).problems.map(({ message }) => message)).toEqual([
    'only 1 files were read: the check does not see the source',
  ]);
});

test('a file that shares nothing and breaks nothing passes', () => {
  expect(complaints({ 'src/routing/a.ts': `${head}export const at = (ms: number) => new Date(ms).toISOString();\n` })).toEqual([]);
});

describe('sizes', () => {
  test('a file of 401 lines, and not one of 399', () => {
    const file = (lines: number) => head + Array.from({ length: lines - 1 }, (_, index) => `export const value${index} = ${index};\n`).join('');
    expect(complaints({ 'src/util/a.ts': file(401) })).toContainEqual(expect.stringMatching(/^src\/util\/a\.ts:1 has 401 lines/));
    expect(complaints({ 'src/util/a.ts': file(399) }).filter((text) => text.includes('and a file stays'))).toEqual([]);
  });

  test('a function of 61 lines, and not one of 59', () => {
    const short = Array.from({ length: 9 }, (_, index) => functionOf(3, `short${index}`)).join('');
    expect(complaints({ 'src/util/a.ts': head + short + functionOf(61, 'long') })).toEqual([expect.stringMatching(/^src\/util\/a\.ts:29 long has 61 lines/)]);
    expect(complaints({ 'src/util/a.ts': head + short + functionOf(59, 'long') })).toEqual([]);
  });

  test('a long function of a test support file counts too', () => {
    const short = Array.from({ length: 9 }, (_, index) => functionOf(3, `short${index}`)).join('');
    expect(complaints({ 'src/util/a.ts': head + short, 'test/fakes/b.ts': functionOf(61, 'b') })).toEqual([expect.stringMatching(/^test\/fakes\/b\.ts:1 b has 61/)]);
  });
});

describe('imports', () => {
  test('a room that uses another room at run time, over several lines or as a re-export', () => {
    const found = complaints({
      'src/jobs/a.ts': `${head}import {\n  place,\n} from '../routing/place.ts';\nexport const a = place;\n`,
      'src/fleet/b.ts': `${head}export { place } from '../routing/place.ts';\n`,
      'src/routing/place.ts': `${head}export const place = 1;\n`,
    });
    expect(found).toEqual([expect.stringMatching(/^src\/jobs\/a\.ts:2 imports \.\.\/routing\/place\.ts at run time/), expect.stringMatching(/^src\/fleet\/b\.ts:2 /)]);
  });

  test('an import of types alone, written without `import type`, is one at run time', () => {
    expect(complaints({ 'src/jobs/a.ts': `${head}import { type Job } from '../store/store.ts';\n`, 'src/store/store.ts': head })).toHaveLength(1);
  });

  test('a type of another room comes only from its contract', () => {
    const files = { 'src/store/store.ts': head, 'src/store/sqlite/row.ts': head, 'src/node/collectors/collector.ts': head };
    expect(complaints({ ...files, 'src/jobs/a.ts': `${head}import type { Store } from '../store/store.ts';\nimport type { C } from '../node/collectors/collector.ts';\n` })).toEqual([]);
    expect(complaints({ ...files, 'src/jobs/a.ts': `${head}import type { Row } from '../store/sqlite/row.ts';\n` })).toEqual([
      expect.stringMatching(/^src\/jobs\/a\.ts:2 takes a type from .* only the contract \(src\/store\/store\.ts\)/),
    ]);
  });

  test('app meets every room; a command loads one only when it runs', () => {
    const router = { 'src/app/router.ts': `${head}import { place } from '../routing/place.ts';\nexport const router = place;\n`, 'src/routing/place.ts': `${head}export const place = 1;\n` };
    expect(complaints({ ...router, 'src/commands/up.ts': `${head}export const run = () => import('../app/router.ts');\n` })).toEqual([]);
    expect(complaints({ ...router, 'src/commands/up.ts': `${head}import { router } from '../app/router.ts';\nexport const run = router;\n` })).toHaveLength(1);
    expect(complaints({ ...router, 'src/jobs/up.ts': `${head}export const run = () => import('../app/router.ts');\n` })).toHaveLength(1);
  });

  test('core imports nothing', () => {
    expect(complaints({ 'src/core/a.ts': `${head}import { join } from 'node:path';\nexport const a = join;\n` })).toContainEqual(expect.stringMatching(/core imports nothing/));
    expect(complaints({ 'src/core/a.ts': `${head}import type { B } from '../util/b.ts';\n`, 'src/util/b.ts': head })).toHaveLength(1);
  });

  test('a package must be a run-time dependency', () => {
    const file = { 'src/http/a.ts': `${head}import { x } from 'lodash/fp';\nexport const a = x;\n` };
    expect(complaints(file)).toEqual([expect.stringMatching(/imports lodash, which is no run-time dependency/)]);
    expect(complaints(file, ['lodash'])).toEqual([]);
  });

  test('a circle at run time, and not one of types', () => {
    const b = `${head}import { a } from './a.ts';\nexport const b = a;\n`;
    expect(complaints({ 'src/util/a.ts': `${head}import { b } from './b.ts';\nexport const a = b;\n`, 'src/util/b.ts': b })).toEqual([
      expect.stringMatching(/in a circle: src\/util\/a\.ts → src\/util\/b\.ts → src\/util\/a\.ts/),
    ]);
    expect(complaints({ 'src/util/a.ts': `${head}import type { B } from './b.ts';\nexport const a = 1;\n`, 'src/util/b.ts': b })).toEqual([]);
  });

  test('a folder that is no room', () => {
    expect(complaints({ 'src/services/a.ts': `${head}export const a = 1;\n` })).toContainEqual(expect.stringMatching(/src\/services is no room/));
  });

  test('are found in every form, and not in strings or comments', () => {
    const text = `import a, { b } from './1.ts';\nimport * as c from './2.ts';\nimport './3.ts';\nexport * from './4.ts';\nexport type { D } from './5.ts';
const e = await import('./6.ts'); // import f from './no.ts'
const g = "import h from './no.ts'"; export const from = './no.ts'; export interface I { from: './no.ts' }\nimport type J from './7.ts';`;
    expect(findImports(text).map(({ specifier }) => specifier)).toEqual(['./1.ts', './2.ts', './3.ts', './4.ts', './5.ts', './6.ts', './7.ts']);
    expect(findImports(text).filter(({ typeOnly }) => typeOnly).map(({ specifier }) => specifier)).toEqual(['./5.ts', './7.ts']);
  });
});

describe('purity', () => {
  const uses: readonly (readonly [string, string])[] = [
    ['Date.now', 'Date.now()'],
    ['new Date()', 'new Date()'],
    ['Math.random', 'Math.random()'],
    ['performance', 'performance.now()'],
    ['a timer', 'setTimeout(() => 1, 2)'],
    ['process', 'process.env'],
    ['fetch', "fetch('http://localhost')"],
    ['crypto', 'crypto.randomUUID()'],
  ];
  test.each(uses)('%s in routing', (what, expression) => {
    expect(complaints({ 'src/routing/a.ts': `${head}export const a = () => ${expression};\n` })).toEqual([expect.stringMatching(new RegExp(`a\\.ts:2 uses ${what.replace(/[().]/g, '\\$&')}`))]);
    expect(complaints({ 'src/jobs/a.ts': `${head}export const a = () => ${expression};\n` })).toEqual([]);
  });

  test('node: and packages but zod in a dialect', () => {
    expect(complaints({ 'src/dialects/a.ts': `${head}import { join } from 'node:path';\nexport const a = join;\n` })).toEqual([expect.stringMatching(/uses node:path/)]);
    expect(complaints({ 'src/dialects/a.ts': `${head}import { parse } from 'yaml';\nexport const a = parse;\n` }, ['yaml'])).toEqual([expect.stringMatching(/uses yaml/)]);
    expect(complaints({ 'src/dialects/a.ts': `${head}import { z } from 'zod';\nexport const a = z;\n` }, ['zod'])).toEqual([]);
  });

  test('the clock through a file of util', () => {
    const clock = { 'src/util/clock.ts': `${head}export const now = () => Date.now();\n` };
    expect(complaints({ ...clock, 'src/signals/a.ts': `${head}import { now } from '../util/clock.ts';\nexport const a = now;\n` })).toEqual([
      expect.stringMatching(/reaches Date\.now through src\/util\/clock\.ts/),
    ]);
    expect(complaints({ ...clock, 'src/signals/a.ts': `${head}import type { now } from '../util/clock.ts';\n` })).toEqual([]);
  });

  test('words in comments, strings, types and members are no use', () => {
    const text = "// Date.now()\nexport const a = 'Math.random()';\nexport interface B { process: string; fetch(): void }\nexport const c = (x: B) => x.process.length;\n";
    expect(complaints({ 'src/routing/a.ts': head + text })).toEqual([]);
  });
});

describe('habits', () => {
  test('a file without a first sentence, with the console, with an empty name', () => {
    expect(complaints({ 'src/util/a.ts': "import { b } from './b.ts';\nexport const a = b;\n", 'src/util/b.ts': `${head}export const b = 1;\n` })).toEqual([expect.stringMatching(/does not begin with a sentence/)]);
    expect(complaints({ 'src/http/a.ts': `${head}export const a = () => console.log(1);\n` })).toEqual([expect.stringMatching(/a\.ts:2 writes to the console/)]);
    expect(complaints({ 'src/http/helpers.ts': `${head}export const a = 1;\n` })).toEqual([expect.stringMatching(/by the name helpers/)]);
    expect(complaints({ 'src/http/readBody.ts': `${head}export const a = 1;\n` })).toEqual([expect.stringMatching(/kebab-case/)]);
  });

  test('six lines that stand twice, whatever the comments, blanks and indentation between them', () => {
    const lines = ['const a = read(1);', 'const b = read(a);', 'if (b > a) throw wrong(b);', 'write(a, b);', 'log.info(a);', 'return [a, b];'];
    const one = `${head}export function x() {\n${lines.map((line) => `  ${line}\n`).join('')}}\n`;
    const other = `${head}export function y() {\n${lines.map((line) => `    // why\n\n    ${line}\n`).join('')}}\n`;
    expect(complaints({ 'src/http/a.ts': one, 'test/fakes/b.ts': other })).toEqual([expect.stringMatching(/^test\/fakes\/b\.ts:5 6 lines stand in src\/http\/a\.ts:3 too/)]);
    expect(complaints({ 'src/http/a.ts': one, 'test/fakes/b.ts': other.replace('log.info(a)', 'log.warn(a)') })).toEqual([]);
  });
});

describe('the dashboard', () => {
  test('that takes from the router, from a package or from another site', () => {
    expect(complaints({ 'ui/src/a.tsx': `${head}import { b } from '../../src/core/b.ts';\nexport const a = b;\n` })).toEqual([expect.stringMatching(/outside ui\/src/)]);
    expect(complaints({ 'ui/src/a.tsx': `${head}import react from 'react';\nexport const a = react;\n` })).toEqual([expect.stringMatching(/imports react/)]);
    expect(complaints({ 'ui/src/a.tsx': `${head}export const a = 'https://cdn.example/x.js';\n` })).toEqual([expect.stringMatching(/names another site/)]);
  });

  test('that makes markup of what it was told', () => {
    expect(complaints({ 'ui/src/a.tsx': `${head}export const a = (b: Element, c: string) => { b.innerHTML = c; };\n` })).toEqual([expect.stringMatching(/a\.tsx:2 makes markup of text/)]);
    expect(complaints({ 'ui/src/a.tsx': `${head}export const a = (c: string) => <b dangerouslySetInnerHTML={{ __html: c }} />;\n` })).toHaveLength(1);
  });

  test('that is in order', () => {
    expect(complaints({ 'ui/src/a.tsx': `${head}import { signal } from '@preact/signals';\nimport { b } from './b.ts';\nexport const a = () => <b>{signal(b)}</b>;\n`, 'ui/src/b.ts': `${head}export const b = 1;\n` })).toEqual([]);
  });
});

describe('the scanner of functions', () => {
  const named = (text: string) => findFunctions(text).map(({ name, lines }) => `${name || '(callback)'} ${lines}`);

  test('sees declarations, methods, accessors, generators and arrows, whatever their types', () => {
    expect(named('export async function a<T extends { b: string }>(x: T): Promise<Map<string, () => void>> {\n  await x;\n}')).toEqual(['a 3']);
    expect(named('function a(): () => void {\n  return b;\n}\nconst c = (x: unknown): x is string[] =>\n  x === 1;')).toEqual(['a 3', 'c 2']);
    expect(named('class A {\n  constructor() { super(); }\n  async *b(): AsyncIterable<{ c: 1 }> {\n    yield 1;\n  }\n  get #d(): { e: 1 } { return f; }\n}')).toEqual(['constructor 1', 'b 3', '#d 1']);
    expect(named('const a = async (b: number): Promise<void> => {\n  await b;\n};')).toEqual(['a 3']);
    expect(named('list.map((x) => x.id).filter(x => {\n  return x;\n});')).toEqual(['(callback) 1', '(callback) 3']);
  });

  test('takes no control flow, types or headings for one', () => {
    expect(named('if (a) {\n}\nfor await (const b of c) {\n}\nswitch (d(e)) { case f(g): { break; } }\ntry { h(); } catch (i) { j(); }')).toEqual([]);
    expect(named('type A = (b: string) => void;\ninterface C { d(e: string): void; f: () => void }')).toEqual([]);
    expect(named("describe.each([1, 2])('%s', async (a) => {\n  test('b', () => {\n    c();\n  });\n});")).toEqual(['(callback) 3']);
    expect(named("describe('a', () => {\n  test('b', () => {\n    c();\n  });\n});")).toEqual(['(callback) 3']);
  });

  test('is not misled by brackets in strings, templates, comments and regular expressions', () => {
    const text = "function a() {\n  const b = `{ ${(() => '}')()} {{{`; // }\n  /* } */ return /[/}\"'`]{2}/.test('}') ? 1 / 2 / 3 : '\\'}';\n}";
    expect(named(text)).toEqual(['a 4', '(callback) 1']);
    expect(mask(text)).toHaveLength(text.length);
    expect(mask('a = b / c; d = "/";')).toBe('a = b / c; d = " ";');
  });
});
