/** Numbers, sizes and times as people read them: at most three digits that matter, with units. Pure. */

/** With the browser's own formatter the first view would come a tenth later. */
const grouped = (value: number): string => String(value).replace(/\B(?=(?:\d{3})+$)/g, ',');

/** Thousands separated; what is not known is a dash. */
export function count(value: number | null | undefined): string {
  return known(value) ? grouped(Math.round(value)) : '–';
}

/** 0.41, 4.12, 41.2, 412, 4,120. */
export function figure(value: number | null | undefined): string {
  if (!known(value)) return '–';
  const size = Math.abs(value);
  if (size >= 100) return grouped(Math.round(value));
  if (size < 0.1) return String(Number(value.toPrecision(2)));
  return String(Number(value.toFixed(size >= 10 ? 1 : 2)));
}

const thousands = ['', ' k', ' M', ' G', ' T'] as const;

/** 812, 8.12 k, 81.2 M: for axes and tiles. */
export function short(value: number | null | undefined): string {
  if (!known(value)) return '–';
  let rest = value;
  let step = 0;
  while (Math.abs(rest) >= 999.5 && step < thousands.length - 1) {
    rest /= 1000;
    step += 1;
  }
  return step === 0 ? figure(rest) : `${Number(rest.toPrecision(3))}${thousands[step]}`;
}

/** A context length: powers of two as people say them, 32k. */
export function context(tokens: number | null | undefined): string {
  if (!known(tokens)) return '–';
  return tokens >= 1024 && tokens % 1024 === 0 ? `${grouped(tokens / 1024)}k` : count(tokens);
}

export function gigabytes(value: number | null | undefined): string {
  if (!known(value)) return '–';
  if (value >= 1000) return `${figure(value / 1000)} TB`;
  return value < 0.95 ? `${count(value * 1000)} MB` : `${figure(value)} GB`;
}

/** The live line tells sizes in GiB; files of models are known by decimal gigabytes, as Ollama lists them. */
export const decimalGb = (gib: number): number => gib * 1.073741824;

export function bytes(value: number | null | undefined): string {
  return known(value) ? gigabytes(value / 1e9) : '–';
}

export function percent(value: number | null | undefined): string {
  if (!known(value)) return '–';
  return `${value > 0 && value < 10 ? Number(value.toFixed(1)) : Math.round(value)} %`;
}

/** Of `ratio`, 0 to 1. */
export function share(ratio: number | null | undefined): string {
  return known(ratio) ? percent(ratio * 100) : '–';
}

/** A time that something took: 8 ms, 410 ms, 4.2 s, 3 min 5 s, 2 h 10 min, 3 d 4 h. */
export function duration(ms: number | null | undefined): string {
  if (!known(ms)) return '–';
  if (ms < 999.5) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = ms / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return pair(Math.floor(whole / 60), 'min', whole % 60, 's');
  const minutes = Math.round(whole / 60);
  if (minutes < 1440) return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(minutes / 60);
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** `just now`, `4 min ago`, `in 2 h`, a date for what is far; times are epoch milliseconds. */
export function relative(at: number | null | undefined, now: number): string {
  if (!known(at)) return 'never';
  const away = Math.abs(now - at);
  if (away < 5000) return 'just now';
  if (away > longAgoMs) return new Date(at).toLocaleDateString(undefined, { dateStyle: 'medium' });
  const text = away < 10_000 ? `${Math.floor(away / 1000)} s` : duration(coarse(away));
  return at > now ? `in ${text}` : `${text} ago`;
}

/** Beyond this a date says more. */
const longAgoMs = 60 * 86_400_000;

/** The larger unit alone. */
function coarse(ms: number): number {
  const unit = [86_400_000, 3_600_000, 60_000, 1000].find((one) => ms >= one) ?? 1000;
  return Math.floor(ms / unit) * unit;
}

/** Made when it is needed first, and once: it is slow to make. */
let moments: Intl.DateTimeFormat | undefined;

/** The moment itself, in the reader's own time zone. */
export function moment(at: number | null | undefined): string {
  if (!known(at)) return 'never';
  moments ??= new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
  return moments.format(at);
}

export function plural(amount: number, one: string, many = `${one}s`): string {
  return `${count(amount)} ${amount === 1 ? one : many}`;
}

/** A code or field name as words: `high_error_rate` is `high error rate`. */
export function words(name: string): string {
  return name.replace(/[_-]+/g, ' ').replace(/([a-z])([A-Z])/g, (_, left: string, right: string) => `${left} ${right.toLowerCase()}`);
}

function known(value: number | null | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
