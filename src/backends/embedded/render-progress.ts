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

const widestBar = 24;
const narrowestBar = 6;

/** One line of at most `width` characters, without a line end: the label, a bar as wide as there is room, and bytes where they are known. */
export function renderProgress(event: EmbeddedProgress, width: number): string {
  const tail = amount(event);
  const label = cut(event.label, tail === '' ? width : width - tail.length - 2);
  const line = tail === '' ? label : `${label}  ${tail}`;
  const bar = barOf(event, width - line.length - 2);
  return cut(bar === '' ? line : `${label}  ${bar}  ${tail}`, width);
}

function amount({ doneBytes, totalBytes }: EmbeddedProgress): string {
  if (doneBytes === undefined) return '';
  return totalBytes === undefined || totalBytes <= 0 ? `${megabytes(doneBytes)} MB` : `${megabytes(doneBytes)} of ${megabytes(totalBytes)} MB`;
}

/** Empty when the share is not known or `room` holds no bar that tells anything. */
function barOf({ doneBytes, totalBytes }: EmbeddedProgress, room: number): string {
  const width = Math.min(widestBar, room - 2);
  if (doneBytes === undefined || totalBytes === undefined || totalBytes <= 0 || width < narrowestBar) return '';
  const filled = Math.floor(Math.min(1, Math.max(0, doneBytes / totalBytes)) * width);
  return `[${'#'.repeat(filled)}${'-'.repeat(width - filled)}]`;
}

function cut(text: string, width: number): string {
  if (text.length <= width) return text;
  return width < 1 ? '' : `${text.slice(0, width - 1)}…`;
}

function megabytes(bytes: number): string {
  return String(Math.round(bytes / 1_000_000));
}
