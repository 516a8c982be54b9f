/** Replaces `${NAME}` and `${NAME:-default}` in texts from the environment. Pure. */

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Replaced {
  readonly text: string;
  /** Names that are not set and have no default. */
  readonly missing: readonly string[];
}

/** Null when the text names no variable. An empty variable counts as set, except where there is a default, as in a shell. */
export function replaceVariables(text: string, env: Environment): Replaced | null {
  if (!text.includes('${')) return null;
  const missing: string[] = [];
  const replaced = text.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g, (_, name: string, fallback: string | undefined) => {
    const value = env[name];
    if (fallback !== undefined) return value || fallback;
    if (value === undefined) missing.push(name);
    return value ?? '';
  });
  return { text: replaced, missing };
}
