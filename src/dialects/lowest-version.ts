/** Compares versions of servers, so that clients are promised only what all of them can do. */

/** Null when none of them begins with a number. Numbers are compared as numbers, a pre-release comes before its release. */
export function lowestVersion(versions: readonly string[]): string | null {
  let lowest: string | null = null;
  for (const version of versions) {
    if (/^v?\d/.test(version) && (lowest === null || compare(version, lowest) < 0)) lowest = version;
  }
  return lowest;
}

function compare(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return Number(!a.includes('-')) - Number(!b.includes('-'));
}

function numbersOf(version: string): number[] {
  const [release = ''] = version.replace(/^v/, '').split(/[-+]/);
  return release.split('.').map((part) => Number.parseInt(part, 10) || 0);
}
