/** Gives tool calls ids where a dialect has none, and finds which call a tool's result answers. */

interface OpenCall {
  readonly id: string;
  readonly name: string;
  answered: boolean;
}

/** Numbers `call_0`, `call_1` …, passing over ids that are taken. */
export class CallNumbers {
  readonly #taken: ReadonlySet<string>;
  #next = 0;

  constructor(taken: Iterable<string>) {
    this.#taken = new Set(taken);
  }

  next(): string {
    for (;;) {
      const id = `call_${this.#next}`;
      this.#next += 1;
      if (!this.#taken.has(id)) return id;
    }
  }
}

/** The calls of one conversation, told in order. `given`: every id that the conversation spells out. */
export class ToolThread {
  readonly #calls: OpenCall[] = [];
  readonly #numbers: CallNumbers;

  constructor(given: Iterable<string>) {
    this.#numbers = new CallNumbers(given);
  }

  /** The id of the next call; its own when it has one. */
  call(id: string | undefined, name: string): string {
    const known = id || this.#numbers.next();
    this.#calls.push({ id: known, name, answered: false });
    return known;
  }

  /** Which call a result answers: the one of that id, else the first unanswered of that name, else the first unanswered. */
  answer(id: string | undefined, name: string | undefined): { readonly id: string; readonly name?: string } {
    const call = id ? this.#byId(id) : this.#byName(name);
    if (call) call.answered = true;
    const toolName = name || call?.name;
    return { id: id || call?.id || this.#numbers.next(), ...(toolName ? { name: toolName } : {}) };
  }

  /** Servers that number per answer repeat ids over the turns: the last one still open is meant. */
  #byId(id: string): OpenCall | undefined {
    const same = this.#calls.filter((call) => call.id === id);
    return same.findLast((call) => !call.answered) ?? same.at(-1);
  }

  #byName(name: string | undefined): OpenCall | undefined {
    const open = this.#calls.filter((call) => !call.answered);
    return open.find((call) => call.name === name) ?? (name ? undefined : open[0]);
  }
}
