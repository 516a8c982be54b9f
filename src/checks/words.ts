/** Figures as people read them. */

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;
export const gigabyte = 1024 ** 3;

export function gb(bytes: number): string {
  const value = bytes / gigabyte;
  return `${value >= 10 ? Math.round(value) : value.toFixed(1)} GB`;
}

/** Of a share from 0 to 1. */
export function percent(share: number): string {
  const value = share * 100;
  return `${value >= 10 ? Math.round(value) : value.toFixed(1)} %`;
}

export function duration(ms: number): string {
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 2 * hourMs) return `${Math.round(ms / 60_000)} min`;
  return ms < 2 * dayMs ? `${Math.round(ms / hourMs)} h` : `${Math.round(ms / dayMs)} days`;
}

/** `1 request`, `3 requests`. */
export function counted(count: number, word: string, words = `${word}s`): string {
  return `${count} ${count === 1 ? word : words}`;
}
