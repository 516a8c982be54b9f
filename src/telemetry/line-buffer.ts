/** Gathers log lines and writes them in batches, so that a line costs no system call of its own. */

const fullChars = 16_384;
const longestMs = 500;

export interface LineBuffer {
  write(line: string): void;
  /** Hands over what has been gathered. */
  flush(): void;
  close(): void;
}

/** `sink` takes text that ends with a line end. Lines wait for at most half a second. */
export function createLineBuffer(sink: (text: string) => void): LineBuffer {
  let pending = '';
  const flush = (): void => {
    if (pending === '') return;
    const text = pending;
    pending = '';
    sink(text);
  };
  const timer = setInterval(flush, longestMs);
  timer.unref();
  return {
    write(line) {
      pending += line;
      if (pending.length >= fullChars) flush();
    },
    flush,
    close() {
      clearInterval(timer);
      flush();
    },
  };
}
