// Writes index.gen.ts for each plug room from its file list, so that adding a plug is adding a file.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = join(dirname(fileURLToPath(import.meta.url)), '..', 'src');

/** Room, the name each plug file exports, the type from the room's contract, the contract's file. */
const rooms = [
  ['dialects', 'dialect', 'Dialect', 'dialect.ts'],
  ['backends', 'backend', 'BackendKind', 'backend.ts'],
  ['signals', 'signal', 'Signal', 'signal.ts'],
  ['classifiers', 'classifier', 'Classifier', 'classifier.ts'],
  ['checks', 'check', 'Check', 'check.ts'],
  ['commands', 'command', 'Command', 'command.ts'],
  ['store', 'driver', 'StoreDriver', 'store.ts'],
  ['node/collectors', 'collector', 'Collector', 'collector.ts'],
];

for (const [room, plug, type, contract] of rooms) {
  const folder = join(source, room);
  if (!existsSync(folder)) continue;
  const candidates = readdirSync(folder, { withFileTypes: true })
    .map((entry) => (entry.isDirectory() ? `${entry.name}/index.ts` : entry.name))
    .filter((file) => file.endsWith('.ts') && !/\.(test|gen)\.ts$/.test(file) && file !== contract && existsSync(join(folder, file)));
  const files = candidates.filter((file) => new RegExp(`^export const ${plug}\\b`, 'm').test(readFileSync(join(folder, file), 'utf8'))).sort();
  const lines = [
    `/** Every ${plug} of this room; written by scripts/gen.mjs from the file list. */`,
    `import type { ${type} } from './${contract}';`,
    ...files.map((file, index) => `import { ${plug} as plug${index} } from './${file}';`),
    '',
    `export const ${plug}s: readonly ${type}[] = [${files.map((_, index) => `plug${index}`).join(', ')}];`,
    '',
  ];
  const target = join(folder, 'index.gen.ts');
  const text = lines.join('\n');
  if (!existsSync(target) || readFileSync(target, 'utf8') !== text) writeFileSync(target, text);
}
