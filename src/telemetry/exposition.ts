/** Counters, gauges and histograms, and their text for Prometheus (exposition format 0.0.4). */

export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  inc(by?: number): void;
}

export interface Histogram {
  observe(value: number): void;
}

export interface Gauge {
  set(labels: Labels, value: number): void;
  clear(): void;
}

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  lines(): string[];
}

/** Series are looked up once by their labels and then counted in place: counting is on the path of every request. */
export class Exposition {
  readonly contentType = 'text/plain; version=0.0.4; charset=utf-8';
  readonly #families: Family[] = [];

  counter(name: string, help: string): (labels: Labels) => Counter {
    const series = new Map<string, { value: number; inc(by?: number): void }>();
    this.#add({ name, help, type: 'counter', lines: () => [...series].map(([labels, one]) => `${name}${labels} ${one.value}`) });
    return (labels) =>
      seriesOf(series, labels, () => ({
        value: 0,
        inc(by = 1) {
          this.value += by;
        },
      }));
  }

  gauge(name: string, help: string): Gauge {
    return this.#readings(name, help, 'gauge');
  }

  /** A counter that somebody else counts: its readings never fall while the process lives. */
  reading(name: string, help: string): Gauge {
    return this.#readings(name, help, 'counter');
  }

  #readings(name: string, help: string, type: Family['type']): Gauge {
    const series = new Map<string, number>();
    this.#add({ name, help, type, lines: () => [...series].map(([labels, value]) => `${name}${labels} ${value}`) });
    return {
      set: (labels, value) => void series.set(labelText(labels), value),
      clear: () => series.clear(),
    };
  }

  /** `bounds` ascending, without +Inf. */
  histogram(name: string, help: string, bounds: readonly number[]): (labels: Labels) => Histogram {
    const series = new Map<string, Distribution>();
    this.#add({ name, help, type: 'histogram', lines: () => [...series].flatMap(([labels, one]) => one.lines(name, labels)) });
    return (labels) => seriesOf(series, labels, () => new Distribution(bounds));
  }

  render(): string {
    return this.#families
      .map((family) => ({ family, lines: family.lines() }))
      .filter(({ lines }) => lines.length > 0)
      .flatMap(({ family, lines }) => [`# HELP ${family.name} ${escapeHelp(family.help)}`, `# TYPE ${family.name} ${family.type}`, ...lines])
      .concat('')
      .join('\n');
  }

  #add(family: Family): void {
    this.#families.push(family);
  }
}

class Distribution implements Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    let at = 0;
    while (at < this.#bounds.length && value > (this.#bounds[at] as number)) at += 1;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += value;
  }

  lines(name: string, labels: string): string[] {
    const inner = labels === '' ? '' : `${labels.slice(1, -1)},`;
    let below = 0;
    const buckets = this.#counts.map((count, index) => {
      below += count;
      return `${name}_bucket{${inner}le="${this.#bounds[index] ?? '+Inf'}"} ${below}`;
    });
    return [...buckets, `${name}_sum${labels} ${this.#sum}`, `${name}_count${labels} ${below}`];
  }
}

function seriesOf<T>(series: Map<string, T>, labels: Labels, create: () => T): T {
  const key = labelText(labels);
  const known = series.get(key);
  if (known !== undefined) return known;
  const created = create();
  series.set(key, created);
  return created;
}

/** `{a="1",b="2"}`, or nothing. */
function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function escapeHelp(help: string): string {
  return help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
