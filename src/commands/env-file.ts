/** Reads files of `NAME=value` lines. Pure. */

export interface EnvLine {
  readonly name: string;
  readonly value: string;
  readonly line: number;
}

export interface EnvFile {
  /** Of a name that stands twice, the last. */
  readonly lines: readonly EnvLine[];
  /** Numbers of lines that say nothing a shell would take. */
  readonly unread: readonly number[];
}

/** `#` begins a comment where a line or a word could begin, `export ` may stand in front, outer quotes are taken off. */
export function readEnvFile(text: string): EnvFile {
  const lines = new Map<string, EnvLine>();
  const unread: number[] = [];
  text.replace(/^\uFEFF/, '').split(/\r?\n/).forEach((written, index) => {
    const plain = written.trim();
    if (plain === '' || plain.startsWith('#')) return;
    const [, name, value] = /^(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*)$/.exec(plain) ?? [];
    if (name === undefined || value === undefined) unread.push(index + 1);
    else lines.set(name, { name, value: unquoted(value), line: index + 1 });
  });
  return { lines: [...lines.values()], unread };
}

function unquoted(value: string): string {
  const quoted = /^(["'])(.*)\1(?:\s+#.*)?$/.exec(value);
  return quoted?.[2] ?? value.replace(/\s+#.*$/, '');
}
