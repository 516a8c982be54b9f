/** The last requests' durations, and the one that three quarters of them did not exceed; always at hand, since it is asked for with every placement. */

const mostKept = 500;
const share = 0.75;

export class RecentLatencies {
  /** In order of arrival, around and around. */
  readonly #ring: number[] = [];
  #next = 0;
  /** The same in order of size; only the first `#ring.length` count. */
  readonly #sorted: number[] = [];

  /** Durations that no clock can have measured are passed over. */
  add(ms: number): void {
    if (!(ms >= 0) || ms === Number.POSITIVE_INFINITY) return;
    const oldest = this.#ring.length < mostKept ? undefined : this.#ring[this.#next];
    // The new one goes where the oldest was, and then on to its place.
    this.#moveTo(oldest === undefined ? this.#sorted.length : this.#indexOf(oldest), ms);
    this.#ring[this.#next] = ms;
    this.#next = (this.#next + 1) % mostKept;
  }

  /** Undefined until there was one. */
  get p75(): number | undefined {
    return this.#sorted[Math.ceil(share * this.#sorted.length) - 1];
  }

  #moveTo(from: number, ms: number): void {
    const sorted = this.#sorted;
    let at = from;
    for (; at > 0 && (sorted[at - 1] ?? 0) > ms; at -= 1) sorted[at] = sorted[at - 1] ?? 0;
    for (; at < sorted.length - 1 && (sorted[at + 1] ?? 0) < ms; at += 1) sorted[at] = sorted[at + 1] ?? 0;
    sorted[at] = ms;
  }

  /** The first place whose value is not smaller. */
  #indexOf(ms: number): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sorted[middle] ?? 0) < ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
