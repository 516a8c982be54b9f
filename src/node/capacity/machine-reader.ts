/** Looks at a machine: processor time, processes, network. Reads what each system offers; what it does not offer is absent. */
import type { CollectorTools } from '../collectors/collector.ts';
import { parseNetstat, parseProcNetDev } from './network-bytes.ts';
import type { MachineLook } from './owner-load.ts';
import { parseProcStat, parsePs, parseWindowsProcesses, type ProcessRow } from './process-table.ts';

/** How often a machine is looked at: where that means starting a program, less often. */
export function lookEveryMs(platform: string): number {
  if (platform === 'linux') return 10_000;
  return platform === 'win32' ? 30_000 : 15_000;
}

const limitMs = 10_000;
const windowsQuery = 'Get-CimInstance Win32_Process | Select-Object ProcessId,ParentProcessId,Name,KernelModeTime,UserModeTime,WorkingSetSize | ConvertTo-Csv -NoTypeInformation';

/** Never rejects. */
export async function lookAtMachine(tools: CollectorTools, now: () => number, signal: AbortSignal): Promise<MachineLook> {
  const [processes, networkBytes] = await Promise.all([readProcesses(tools, signal), readNetwork(tools, signal)]);
  const times = tools.host.cpus().map((cpu) => cpu.times);
  const totalMs = times.reduce((sum, one) => sum + Object.values(one).reduce((all, ms) => all + ms, 0), 0);
  const idleMs = times.reduce((sum, one) => sum + (one['idle'] ?? 0), 0);
  return { at: now(), totalMs, busyMs: totalMs - idleMs, processes, ...(networkBytes === null ? {} : { networkBytes }) };
}

async function readProcesses(tools: CollectorTools, signal: AbortSignal): Promise<readonly ProcessRow[] | null> {
  const rows = await rowsOf(tools, signal).catch(() => null);
  return rows === null || rows.length === 0 ? null : rows;
}

async function rowsOf(tools: CollectorTools, signal: AbortSignal): Promise<readonly ProcessRow[]> {
  const { platform } = tools.host;
  if (platform === 'linux') return linuxProcesses(tools);
  if (platform === 'win32') return parseWindowsProcesses(await tools.run('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', windowsQuery], limitMs, signal));
  return parsePs(await tools.run('ps', ['-A', '-o', 'pid=,ppid=,time=,rss=,args='], limitMs, signal));
}

async function linuxProcesses(tools: CollectorTools): Promise<readonly ProcessRow[]> {
  const pids = (await tools.list('/proc')).filter((name) => /^\d+$/.test(name));
  const rows = await Promise.all(pids.map(async (pid) => {
    const row = parseProcStat((await tools.read(`/proc/${pid}/stat`)) ?? '');
    // What Python runs is in its arguments.
    if (row === null || !/^(python|pt_main)/.test(row.name)) return row;
    const command = (await tools.read(`/proc/${pid}/cmdline`)) ?? '';
    return { ...row, name: command.replaceAll('\0', ' ').trim() || row.name };
  }));
  return rows.filter((row) => row !== null);
}

async function readNetwork(tools: CollectorTools, signal: AbortSignal): Promise<number | null> {
  const { platform } = tools.host;
  const text = platform === 'linux' ? await tools.read('/proc/net/dev') : platform === 'darwin' ? await tools.run('netstat', ['-ibn'], limitMs, signal).catch(() => null) : null;
  if (text === null) return null;
  return platform === 'linux' ? parseProcNetDev(text) : parseNetstat(text);
}
