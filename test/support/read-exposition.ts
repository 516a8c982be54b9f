/** Reads Prometheus' text format as strictly as its specification allows; anything doubtful throws. */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

interface OpenFamily {
  type: string | null;
  help: string | null;
  readonly samples: Sample[];
}

const familyName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const sampleLine = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const labelPair = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/y;
const numeral = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|\+Inf)$/;
const types = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped']);

/** Families by name, each with HELP and TYPE before its samples, in one piece, without repeated series; histograms are checked. */
export function readExposition(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith('\n')) throw new Error('The last line does not end.');
  const families = new Map<string, OpenFamily>();
  const series = new Set<string>();
  const over = new Set<string>();
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    const name = line.startsWith('#') ? readComment(line, families) : readSample(line, families, series);
    if (over.has(name)) throw new Error(`${name} comes in several pieces.`);
    if (name !== current) over.add(current);
    current = name;
  }
  const found = new Map([...families].map(([name, family]) => [name, complete(name, family)]));
  for (const [name, family] of found) if (family.type === 'histogram') checkHistogram(name, family);
  return found;
}

function readComment(line: string, families: Map<string, OpenFamily>): string {
  const match = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line);
  if (match === null) throw new Error(`Neither HELP nor TYPE: ${line}`);
  const [, kind, name = '', rest = ''] = match;
  if (!familyName.test(name)) throw new Error(`Not a name: ${name}`);
  const family = families.get(name) ?? { type: null, help: null, samples: [] };
  families.set(name, family);
  if (family.samples.length > 0) throw new Error(`${kind} of ${name} comes after its samples.`);
  if (kind === 'HELP') {
    if (family.help !== null) throw new Error(`A second HELP of ${name}.`);
    if (/\\(?![\\n])/.test(rest)) throw new Error(`A bad escape in the help of ${name}.`);
    family.help = rest;
  } else {
    if (family.type !== null) throw new Error(`A second TYPE of ${name}.`);
    if (!types.has(rest)) throw new Error(`${name} has the unknown type ${rest}.`);
    family.type = rest;
  }
  return name;
}

function readSample(line: string, families: Map<string, OpenFamily>, series: Set<string>): string {
  const match = sampleLine.exec(line);
  if (match === null) throw new Error(`Not a sample: ${line}`);
  const [, name = '', labelText = '', valueText = ''] = match;
  if (!numeral.test(valueText)) throw new Error(`Not a value: ${line}`);
  const labels = readLabels(labelText, line);
  const key = `${name} ${JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))}`;
  if (series.has(key)) throw new Error(`The series comes twice: ${line}`);
  series.add(key);
  const owner = familyOf(name, families);
  families.get(owner)?.samples.push({ name, labels, value: valueText === '+Inf' ? Number.POSITIVE_INFINITY : Number(valueText) });
  return owner;
}

function familyOf(name: string, families: ReadonlyMap<string, OpenFamily>): string {
  if (families.has(name)) return name;
  const owner = name.replace(/_(bucket|sum|count)$/, '');
  if (families.get(owner)?.type === 'histogram') return owner;
  throw new Error(`${name} has neither HELP nor TYPE before it.`);
}

function readLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  labelPair.lastIndex = 0;
  while (labelPair.lastIndex < text.length) {
    const pair = labelPair.exec(text);
    if (pair === null) throw new Error(`Bad labels: ${line}`);
    const [, name = '', value = ''] = pair;
    if (name in labels) throw new Error(`A label comes twice: ${line}`);
    labels[name] = value.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter));
  }
  return labels;
}

function complete(name: string, { type, help, samples }: OpenFamily): Family {
  if (type === null || help === null || help === '') throw new Error(`${name} lacks its TYPE or its HELP.`);
  if (type === 'counter' && samples.some((sample) => sample.value < 0)) throw new Error(`${name} counts below zero.`);
  return { type, help, samples };
}

/** Buckets rise with their limits, the last is +Inf and equals the count. */
function checkHistogram(name: string, { samples }: Family): void {
  const byLabels = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _le, ...rest } = sample.labels;
    const key = JSON.stringify(rest);
    byLabels.set(key, [...(byLabels.get(key) ?? []), sample]);
  }
  for (const [labels, group] of byLabels) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`).map((sample) => [sample.labels['le'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(sample.labels['le']), sample.value] as const);
    const count = group.find((sample) => sample.name === `${name}_count`)?.value;
    const sum = group.find((sample) => sample.name === `${name}_sum`)?.value;
    const rising = buckets.every(([limit, value], index) => index === 0 || (limit > (buckets[index - 1]?.[0] ?? 0) && value >= (buckets[index - 1]?.[1] ?? 0)));
    if (!rising || buckets.at(-1)?.[0] !== Number.POSITIVE_INFINITY || buckets.at(-1)?.[1] !== count || sum === undefined) throw new Error(`${name} ${labels} is no histogram.`);
  }
}
