/** How busy the owner's programs keep the GPUs, where inference can be told from them. Pure. */

/** `nvidia-smi pmon -c 1 -s u`: a line a process; the head names the columns, `-` means unknown. Percent of each GPU by process id. */
export function parsePmon(text: string): readonly { readonly gpu: number; readonly pid: number; readonly pct: number | null }[] {
  const lines = text.split('\n').map((line) => line.trim());
  const columns = (lines.find((line) => /^#\s*gpu\b/.test(line)) ?? '').replace(/^#\s*/, '').split(/\s+/);
  const [gpu, pid, sm] = [columns.indexOf('gpu'), columns.indexOf('pid'), columns.indexOf('sm')];
  if (gpu < 0 || pid < 0 || sm < 0) return [];
  return lines.flatMap((line) => {
    const fields = line.split(/\s+/);
    if (line.startsWith('#') || !/^\d+$/.test(fields[pid] ?? '')) return [];
    return [{ gpu: Number(fields[gpu]), pid: Number(fields[pid]), pct: /^\d+$/.test(fields[sm] ?? '') ? Number(fields[sm]) : null }];
  });
}

/** The busiest GPU without the inference; undefined: it cannot be told. */
export function ownerGpuPct(totalPct: number | undefined, inferring: boolean, byProcess: ReturnType<typeof parsePmon> | null, inference: ReadonlySet<number>): number | undefined {
  if (totalPct === undefined || !inferring || totalPct === 0) return totalPct;
  if (byProcess === null || byProcess.length === 0 || !byProcess.some(({ pid }) => inference.has(pid))) return undefined;
  const others = byProcess.filter(({ pid }) => !inference.has(pid));
  const byGpu = new Map<number, number>();
  for (const { gpu, pct } of others) byGpu.set(gpu, (byGpu.get(gpu) ?? 0) + (pct ?? 0));
  return Math.min(100, Math.max(0, ...byGpu.values()));
}
