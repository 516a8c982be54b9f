/** Gathers the kits of `kits/`: one file for each dialect of chat, named by its id, that exports `kit`. */
import { readdirSync } from 'node:fs';
import type { Kit } from './kits/kit.ts';

const folder = new URL('./kits/', import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith('.ts'));
const modules = await Promise.all(files.map(async (file): Promise<readonly [string, { readonly kit?: Kit }]> => [file.slice(0, -3), (await import(new URL(file, folder).pathname)) as { readonly kit?: Kit }]));

/** By the dialect's id. */
export const kits: Readonly<Record<string, Kit>> = Object.fromEntries(modules.flatMap(([id, module]) => (module.kit ? [[id, module.kit] as const] : [])));
