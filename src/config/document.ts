/** Writes the configuration's reference page and JSON schema from the schema's own descriptions. Pure. */
import { type AliasName, aliasNames } from './alias-names.ts';
import { formatPath } from './config-path.ts';
import { reservedNames } from './environment.ts';
import { expected } from './describe-errors.ts';
import { schemaAt, type SchemaNode, schemaTree } from './schema.ts';

const opening = `# Configuration

One YAML file (JSON is YAML too). No file at all is fine: then the defaults below hold, and the router uses the servers it finds on this machine.
\`oar init\` writes a first file, \`oar validate-config\` checks one.

Generated from [src/config/sections](../src/config/sections) by \`node scripts/docs.mjs\`.

**Where it is looked for**: the file of \`--config\`, else the first that exists of \`./ollama-agent-router.yaml\`,
\`~/.config/ollama-agent-router/config.yaml\`, \`/etc/ollama-agent-router/config.yaml\`. A file that was named and is missing is an error.

**What beats what**: a flag, then \`OAR_<SECTION>__<KEY>\`, then the file, then [names of other programs](#names-of-other-programs), then the default.

**Environment**: \`\${NAME}\` anywhere in a value is replaced, \`\${NAME:-default}\` where it may be unset; inside \`{ }\` and \`[ ]\` put quotes around it.
\`OAR_SERVER__PORT=8080\` sets \`server.port\`. Case and \`_\` do not matter, so \`OAR_SERVER__BASEPATH\` and \`OAR_SERVER__BASE_PATH\` are the same; lists and
sections are written as JSON (\`OAR_ALIASES='{"gpt-4o":"qwen3:32b"}'\`). An empty variable counts as not set. These names are read elsewhere and set
nothing here: ${reservedNames.map((name) => `\`${name}\``).join(', ')}.

**Mistakes**: unknown keys, wrong types and contradictions are errors that name file, line and column; all are listed at once. A key without a value is
the same as an absent key.

`;

const aliasIntroduction = `Who comes from ollama-herd or the NOMYO router can keep these variables: they count where neither a flag, nor \`OAR_*\`, nor the file says anything.
Seconds stay seconds, lists have commas, and what is neither true nor false is an error. A variable that sets nothing gives a warning, unless its
value asks for what is so anyhow. \`oar migrate herd\` writes all this into a file.`;

const closing = `## Older files

These are read as what they mean today: \`routes.<task>: {candidates: [...]}\`, \`costClass: small\` (low) and \`large\` (high), a number as
\`queue.defaultPriority\` (the nearest of low 10, normal 50, high 90), \`logging.level\` (\`telemetry.logLevel\`), and \`gpu.provider: amd\`, \`apple\`, \`cpu\` or
\`custom\` (\`none\`). These have no meaning any more and give a warning: \`server.publicBaseUrl\`, \`logging.format\`, \`telemetry.prometheus\`.
`;

/** The text of docs/config.md. */
export function configPage(): string {
  const sections = Object.entries(schemaTree().properties ?? {}).map(([name, schema]) => sectionText(name, schema));
  return [opening, ...sections, aliasText(), closing].join('');
}

/** The text of docs/config.schema.json, for editors that check YAML against a schema. */
export function configJsonSchema(): string {
  return `${JSON.stringify({ title: 'ollama-agent-router configuration', ...(plain(schemaTree()) as object) }, null, 2)}\n`;
}

function sectionText(name: string, schema: SchemaNode): string {
  const rows = rowsOf(schema, '').map(({ key, belongs, usual, meaning }) => `| ${key === '' ? 'any name' : `\`${key}\``} | ${cell(belongs)} | ${cell(usual)} | ${cell(meaning)} |`);
  const heading = schema.items === undefined ? name : `${name}[]`;
  return `## ${heading}\n\n${schema.description ?? ''}\n\n| key | what belongs there | default | meaning |\n|---|---|---|---|\n${rows.join('\n')}\n\n`;
}

/** The table of the names that switchers bring along; those with one meaning share a row. */
function aliasText(): string {
  const rows = new Map<string, string[]>();
  for (const [name, meaning] of aliasNames) {
    const text = describeAlias(meaning);
    rows.set(text, [...(rows.get(text) ?? []), `\`${name}\``]);
  }
  return `## Names of other programs\n\n${aliasIntroduction}\n\n| name | what it sets |\n|---|---|\n${[...rows].map(([text, names]) => `| ${names.join(', ')} | ${cell(text)} |`).join('\n')}\n\n`;
}

function describeAlias(meaning: AliasName): string {
  if ('path' in meaning) return `\`${formatPath(meaning.path)}\`${schemaAt(meaning.path) === null ? ', which is not in this version yet' : ''}`;
  if ('node' in meaning) return '`oar node`, where no flag says otherwise';
  return 'why' in meaning ? `Nothing: ${meaning.why}.` : `An error, because it ${meaning.refused}`;
}

interface Row {
  readonly key: string;
  readonly belongs: string;
  readonly usual: string;
  readonly meaning: string;
}

function rowsOf(schema: SchemaNode, prefix: string): readonly Row[] {
  const inner = schema.items?.type === 'object' ? schema.items : schema;
  if (inner.properties === undefined) return [rowOf(schema, prefix, false)];
  return Object.entries(inner.properties).flatMap(([name, child]) => {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    const isList = child.items?.type === 'object';
    return child.properties === undefined && !isList ? [rowOf(child, key, inner.required?.includes(name) ?? false)] : rowsOf(child, isList ? `${key}[]` : key);
  });
}

function rowOf(schema: SchemaNode, key: string, isRequired: boolean): Row {
  // A section with free names: what matters is what stands behind the names.
  const values = key === '' && typeof schema.additionalProperties === 'object' ? schema.additionalProperties : schema;
  return { key, belongs: expected(values), usual: isRequired ? '**required**' : defaultText(schema), meaning: key === '' ? 'See above.' : (schema.description ?? '') };
}

function defaultText({ default: usual }: SchemaNode): string {
  if (usual === undefined) return '';
  return `\`${typeof usual === 'string' ? usual : JSON.stringify(usual)}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** Without our own words, and with the null that every optional key may have. */
function plain(node: unknown, optional = false): unknown {
  if (Array.isArray(node)) return node.map((item) => plain(item));
  if (typeof node !== 'object' || node === null) return node;
  const { expects: _, ...schema } = node as SchemaNode;
  const copy: Record<string, unknown> = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, key === 'properties' ? plainProperties(schema) : plain(value)]));
  if (!optional || copy.type === undefined) return copy;
  return { ...copy, type: [copy.type, 'null'].flat(), ...(Array.isArray(copy.enum) ? { enum: [...copy.enum, null] } : {}) };
}

function plainProperties({ properties = {}, required = [] }: SchemaNode): unknown {
  return Object.fromEntries(Object.entries(properties).map(([name, child]) => [name, plain(child, !required.includes(name))]));
}
