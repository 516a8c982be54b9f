/** What this browser remembers for its reader: theme and choice of columns; nothing of the fleet. */

export function recall(name: string): string | null {
  try {
    return localStorage.getItem(`oar.${name}`);
  } catch {
    return null;
  }
}

/** Null forgets it. Browsers may refuse to keep anything. */
export function remember(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`oar.${name}`);
    else localStorage.setItem(`oar.${name}`, value);
  } catch {
    // Then it holds until the page is left.
  }
}
