/** Ollama's addresses that only tell what there is: its lists, a model's description, its version, its greeting. */
import type { CatalogueAnswer, CatalogueView, ListingDialect } from './dialect.ts';
import { allResidents, findModel, listModels, listResidents, ollamaVersions } from './listing.ts';
import { lowestVersion } from './lowest-version.ts';
import { ollamaError } from './ollama-error.ts';
import { processDetailsRow, processRow, showModel, tagsRow } from './ollama-rows.ts';
import { parseBody } from './read-fields.ts';

/** What is claimed when no Ollama is there to ask: old enough to promise nothing that is not served here. */
const ownVersion = '0.12.6';

type Answer = (view: CatalogueView, body: string) => unknown;

const greeting: Answer = () => 'Ollama is running';

const answers: Readonly<Record<string, Answer>> = {
  '/api/tags': (view) => ({ models: listModels(view).map((entry) => tagsRow(entry, view)) }),
  '/api/ps': (view) => ({ models: listResidents(view).map(processRow) }),
  '/api/ps_details': (view) => ({ models: allResidents(view).map(processDetailsRow) }),
  '/api/version': (view) => ({
    version: lowestVersion(ollamaVersions(view)) ?? ownVersion,
    oar_version: view.version,
    herd_version: view.version,
  }),
  '/api/show': (view, body) => showModel(findModel(view, readName(body)), view),
  '/': greeting,
};

export const dialect: ListingDialect = {
  kind: 'listing',
  id: 'ollama-tags',
  routes: [
    { method: 'GET', path: '/api/tags' },
    { method: 'GET', path: '/api/ps' },
    { method: 'GET', path: '/api/ps_details' },
    { method: 'GET', path: '/api/version' },
    { method: 'POST', path: '/api/show' },
    { method: 'GET', path: '/' },
  ],
  answer: (view, { path, body }): CatalogueAnswer => ({ status: 200, body: (answers[path] ?? greeting)(view, body) }),
  encodeError: ollamaError,
};

/** Old clients say `name`. */
function readName(text: string): string {
  const body = parseBody(text);
  return body.string('model') || body.string('name') || body.required('model', 'the name of a model');
}
