/** The processes of a machine, as its kernel or its programs list them. Pure parsers. */

export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  /** As the system shortens it; on macOS and Windows the program, on macOS with its arguments. */
  readonly name: string;
  /** Processor time since it started. */
  readonly cpuMs: number;
  readonly memoryBytes: number;
  /** Tells a process from a later one with the same id; absent: the system does not say. */
  readonly startedAt?: number;
}

/** What Linux counts in: it has been a hundredth of a second and four KiB on every machine this runs on. */
const tickMs = 10;
const pageBytes = 4096;

/** One `/proc/<pid>/stat` (proc_pid_stat(5)); the name stands in brackets and may hold anything. */
export function parseProcStat(text: string): ProcessRow | null {
  const [open, close] = [text.indexOf('('), text.lastIndexOf(')')];
  const pid = Number(text.slice(0, open));
  const fields = text.slice(close + 2).trim().split(' ').map(Number);
  const [parent, user, system, startedAt, pages] = [fields[1], fields[11], fields[12], fields[19], fields[21]];
  if (open < 1 || close < open || parent === undefined || user === undefined || system === undefined || startedAt === undefined || pages === undefined || !Number.isInteger(pid)) return null;
  return { pid, parent, name: text.slice(open + 1, close), cpuMs: (user + system) * tickMs, memoryBytes: pages * pageBytes, startedAt };
}

/** `ps -A -o pid=,ppid=,time=,rss=,args=`: the time as `[days-][hours:]minutes:seconds[.hundredths]`, memory in KiB. */
export function parsePs(text: string): readonly ProcessRow[] {
  return text.split('\n').flatMap((line) => {
    const [, pid, parent, time, kib, name] = /^\s*(\d+)\s+(\d+)\s+([\d:.-]+)\s+(\d+)\s+(.*\S)\s*$/.exec(line) ?? [];
    const cpuMs = time === undefined ? null : spanMs(time);
    return name === undefined || cpuMs === null ? [] : [{ pid: Number(pid), parent: Number(parent), name, cpuMs, memoryBytes: Number(kib) * 1024 }];
  });
}

function spanMs(time: string): number | null {
  const [, days = 0, clock = ''] = /^(?:(\d+)-)?([\d:.]+)$/.exec(time) ?? [];
  const parts = clock.split(':').map(Number);
  if (parts.length < 2 || parts.length > 3 || parts.some((part) => !Number.isFinite(part))) return null;
  const seconds = parts.reduce((sum, part) => sum * 60 + part, 0);
  return Math.round((Number(days) * 86_400 + seconds) * 1000);
}

/** What PowerShell prints of Win32_Process as CSV: times in units of 100 ns. */
export function parseWindowsProcesses(text: string): readonly ProcessRow[] {
  const [head = '', ...lines] = text.trim().split(/\r?\n/);
  const columns = cells(head);
  return lines.flatMap((line) => {
    const values = cells(line);
    const value = (name: string): string => values[columns.indexOf(name)] ?? '';
    const [pid, parent, kernel, user, memory] = ['ProcessId', 'ParentProcessId', 'KernelModeTime', 'UserModeTime', 'WorkingSetSize'].map((name) => (value(name) === '' ? Number.NaN : Number(value(name))));
    if (pid === undefined || parent === undefined || Number.isNaN(pid) || value('Name') === '') return [];
    return [{ pid, parent, name: value('Name'), cpuMs: ((kernel || 0) + (user || 0)) / 10_000, memoryBytes: memory || 0 }];
  });
}

function cells(line: string): readonly string[] {
  return [...line.matchAll(/"((?:[^"]|"")*)"|([^,]+)/g)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '');
}

/** Programs that serve models, by the first word of what runs or by the module that Python runs. */
const servers = /^(ollama|ollama_llama_se\w*|ollama-runner|llama-server|llama-box|llama-swap|llamafile|koboldcpp|vllm|VLLM::\w+|sglang\S*|tritonserver|tabbyapi|whisper-server|whisper-cli|sd-server|sd-cli|mflux-\S+|diffusionkit-cli|text-generation-\S+|lms|LM Studio\b.*)(\.exe)?$/i;
const modules = /\b(vllm|sglang|mlx_lm|mlx_vlm|llama_cpp|faster_whisper|speaches|mflux|comfyui|exllamav2|aphrodite)\b|\bComfyUI\b/i;

/** Inference servers and everything they started, and so with the processes of these ids. */
export function inferencePids(rows: readonly ProcessRow[], ownPids: readonly number[] = []): ReadonlySet<number> {
  const found = new Set<number>(rows.filter(({ name, pid }) => ownPids.includes(pid) || isServer(name)).map(({ pid }) => pid));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const { pid, parent } of rows) if (found.has(parent)) found.add(pid);
  }
  return found;
}

function isServer(name: string): boolean {
  // A path may have blanks in it; the program is what stands after its last slash.
  const program = /^(?:.*[/\\])?([^/\\]*?)(?:\s+-.*|\s+(?:serve|runner|start)\b.*)?$/.exec(name.trim())?.[1] ?? '';
  const first = (name.trim().split(/\s+/)[0] ?? '').split(/[/\\]/).at(-1) ?? '';
  return servers.test(program) || servers.test(first) || (/^python[\d.]*(\.exe)?$/i.test(first) && modules.test(name));
}
