/** The whole configuration as one schema, and its description as JSON schema; unknown keys are errors. */
import { z } from 'zod';
import { access } from './sections/access.ts';
import { backends } from './sections/backends.ts';
import { context, media, responses } from './sections/context.ts';
import { dashboard } from './sections/dashboard.ts';
import { fleet } from './sections/fleet.ts';
import { gpu } from './sections/gpu.ts';
import { jobs, store } from './sections/jobs.ts';
import { aliases, models, routes } from './sections/models.ts';
import { ollama } from './sections/ollama.ts';
import { preload } from './sections/preload.ts';
import { queue } from './sections/queue.ts';
import { router } from './sections/router.ts';
import { server } from './sections/server.ts';
import { telemetry } from './sections/telemetry.ts';

/** The order is that of docs/config.md. */
export const configSchema = z.strictObject({ server, ollama, backends, fleet, models, routes, aliases, router, queue, preload, context, media, responses, jobs, store, gpu, telemetry, dashboard, access });

/** The parts of a JSON schema that the errors, the environment and the documentation look at. */
export interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  /** False for a section with fixed keys, the values' schema for one with free keys. */
  readonly additionalProperties?: SchemaNode | boolean;
  readonly required?: readonly string[];
  /** How an error names what belongs here. */
  readonly expects?: string;
}

let cached: SchemaNode | undefined;

/** The schema of what may be written, as JSON schema. */
export function schemaTree(): SchemaNode {
  cached ??= z.toJSONSchema(configSchema, { io: 'input' }) as SchemaNode;
  return cached;
}

/** The schema of one place: `['models', 0, 'name']`; null where the schema knows none. */
export function schemaAt(path: readonly PropertyKey[]): SchemaNode | null {
  let node: SchemaNode | undefined = schemaTree();
  for (const step of path) {
    node = childOf(node, step);
    if (node === undefined) return null;
  }
  return node;
}

function childOf(node: SchemaNode, step: PropertyKey): SchemaNode | undefined {
  if (node.items !== undefined) return node.items;
  const properties = node.properties;
  if (properties !== undefined && Object.hasOwn(properties, step)) return properties[String(step)];
  return typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined;
}
