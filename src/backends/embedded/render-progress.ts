/** What the embedded engine tells about its start, and one line of text that shows it. */

export interface EmbeddedProgress {
  /** `weights` and `engine` run side by side; `loading` follows both. */
  readonly stage: 'weights' | 'engine' | 'loading';
  /** For people: `downloading smollm2:135m from the model hub`. */
  readonly label: string;
  readonly doneBytes?: number;
  /** Absent while the size is not known; then there is no bar. */
  readonly totalBytes?: number;
}

export type OnProgress = (event: EmbeddedProgress) => void;

const barWidth = 24;

/** One line of at most `width` characters, without a line end: stage, a bar and bytes where they are known, the label. */
export function renderProgress(event: EmbeddedProgress, width: number): string {
  const line = [event.stage.padEnd(7), ...amount(event), event.label].join('  ');
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`.slice(0, Math.max(0, width));
}

function amount(event: EmbeddedProgress): string[] {
  const { doneBytes, totalBytes } = event;
  if (doneBytes === undefined) return [];
  if (totalBytes === undefined || totalBytes <= 0) return [`${megabytes(doneBytes)} MB`];
  const share = Math.min(1, Math.max(0, doneBytes / totalBytes));
  const filled = Math.floor(share * barWidth);
  const bar = `[${'#'.repeat(filled)}${'-'.repeat(barWidth - filled)}]`;
  return [bar, `${String(Math.floor(share * 100)).padStart(3)} %`, `${megabytes(doneBytes)} of ${megabytes(totalBytes)} MB`];
}

function megabytes(bytes: number): string {
  return String(Math.round(bytes / 1_000_000));
}
