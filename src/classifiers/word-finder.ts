/** Finds key words in a text, as whole words in any script. */

/** Group names with their words. `*` at the end of a word stands for any ending; a phrase has several words. */
export type WordTable = Readonly<Record<string, readonly string[]>>;

interface Phrase {
  readonly group: string;
  /** What must follow the first word. */
  readonly rest: readonly string[];
  /** The first word's length that counts; null: the whole word. */
  readonly stem: string | null;
}

/** Letters that belong to one word; Han characters stand alone, since nothing separates their words. */
const wordPattern = /\p{Script=Han}|[\p{L}\p{N}_]+(?:['’.+#-][\p{L}\p{N}_]+)*[+#]*/gu;
const stemIndexChars = 3;

export function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(wordPattern) ?? [];
}

/** Made once from a table, then asked for each text; the time grows with the words of the text, hardly with the table. */
export class WordFinder {
  readonly #byWord = new Map<string, Phrase[]>();
  readonly #byStem = new Map<string, Phrase[]>();

  constructor(table: WordTable) {
    for (const [group, phrases] of Object.entries(table)) {
      for (const phrase of phrases) this.#add(group, wordsOf(phrase.replace('*', '')), phrase.endsWith('*'));
    }
  }

  /** How often each group occurs; groups that do not occur are absent. */
  count(words: readonly string[]): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    words.forEach((word, index) => {
      for (const phrase of this.#byWord.get(word) ?? []) this.#match(phrase, words, index, counts);
      for (const phrase of this.#byStem.get(word.slice(0, stemIndexChars)) ?? []) {
        if (phrase.stem !== null && word.startsWith(phrase.stem)) this.#match(phrase, words, index, counts);
      }
    });
    return counts;
  }

  #match(phrase: Phrase, words: readonly string[], index: number, counts: Map<string, number>): void {
    if (phrase.rest.every((word, offset) => words[index + 1 + offset] === word)) counts.set(phrase.group, (counts.get(phrase.group) ?? 0) + 1);
  }

  #add(group: string, words: readonly string[], open: boolean): void {
    const [first, ...rest] = words;
    if (first === undefined) return;
    const stem = open && rest.length === 0 ? first : null;
    const index = stem === null ? this.#byWord : this.#byStem;
    const key = stem === null ? first : first.slice(0, stemIndexChars);
    index.set(key, [...(index.get(key) ?? []), { group, rest, stem }]);
  }
}
