/** The named rules that take out of the front of a prompt what agents change with every request. */

/** A text without what changes. */
export interface Steadied {
  readonly text: string;
  /** What the front no longer says and the model may need to know, for the end of the prompt. */
  readonly moved?: readonly string[];
}

/**
 * `front`: system texts before the first turn. `system`: system texts anywhere. `user`: the last text of a user's message, in
 * which agents leave notes behind what the user wrote. A rule gives null when it finds nothing to do, which must be cheap.
 */
export interface TextRule {
  readonly name: string;
  readonly at: 'front' | 'system' | 'user';
  readonly steady: (text: string) => Steadied | null;
}

/** In the order in which they are applied. `tool-order` is the fourth name, see `ToolOrders`. */
export const textRules: readonly TextRule[] = [
  // Claude Code's attribution: version, entry point and a hash of the request, as the first system block.
  { name: 'billing-header', at: 'front', steady: withoutBillingHeader },
  // Claude Code's countdown, in the system prompt, in system messages of its own and behind user turns; it is no count of this backend's.
  { name: 'token-budget', at: 'system', steady: withoutTokenBudget },
  { name: 'token-budget', at: 'user', steady: withoutLastTokenBudget },
  // The time of day, which Open WebUI, Home Assistant and others put into the system prompt: the date stays, the rest moves to the end.
  { name: 'clock-time', at: 'front', steady: withoutClockTime },
];

export const toolOrderRule = 'tool-order';

const billingHeader = /^x-anthropic-billing-header:(?:[ \t]*[a-z_]+=[^;\n]*;)+\s*/;

function withoutBillingHeader(text: string): Steadied | null {
  if (!text.startsWith('x-anthropic-billing-header:')) return null;
  const rest = text.replace(billingHeader, '');
  return rest === text ? null : { text: rest };
}

const count = String.raw`\d[\d,.]*`;
const usage = `Token usage: ${count}/${count}; ${count} remaining`;
const countdown = `<total_tokens>${count} tokens left</total_tokens>|<system_warning>${usage}</system_warning>`;
const note = String.raw`(?:<system-reminder>\s*(?:${countdown}|${usage})\s*</system-reminder>|${countdown})`;
/** Lines of their own: what stands within a sentence is somebody's text. */
const budgetLines = new RegExp(String.raw`^[ \t]*${note}[ \t]*(?:\n|$(?![^]))`, 'gm');
const lastBudgetLine = new RegExp(String.raw`(?:^|\s*\n)[ \t]*${note}\s*$`);

function withoutTokenBudget(text: string): Steadied | null {
  if (!text.includes('<total_tokens>') && !text.includes('Token usage: ')) return null;
  const rest = text.replace(budgetLines, '');
  return rest === text ? null : { text: rest };
}

/** The longest such note, with its wrapper. */
const noteCharacters = 200;

function withoutLastTokenBudget(text: string): Steadied | null {
  const tail = text.slice(-noteCharacters);
  if (!tail.trimEnd().endsWith('>')) return null;
  const rest = tail.replace(lastBudgetLine, '');
  // What may have begun before the tail is left alone.
  if (rest === tail || (rest === '' && text.length > tail.length)) return null;
  return { text: text.slice(0, text.length - tail.length) + rest };
}

const label = String.raw`(?:the\s+)?(?:current|present|today's|local)[ _-](?:local[ _-])?(?:date[ _]?(?:and|&|/)?[ _]?time|time[ _]?(?:and|&|/)[ _]?date|timestamp|time|date)\b(?:\s+in\s+ISO(?:[ -]8601)?(?:\s+format)?)?`;
const sentence = '(?:it is (?:currently|now)|today is|the (?:date|time) is(?: now)?)';
const between = String.raw`(?:\s+is(?:\s+now)?\b)?[\s:=>*"'${'`'}(]{0,12}`;
const dateWord = String.raw`\d{4}-\d{2}-\d{2}|(?:(?:mon|tue|tues|wed|wednes|thu|thur|thurs|fri|sat|satur|sun)(?:day)?|jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|\d{1,4}(?:st|nd|rd|th)?|of)\b`;
const date = String.raw`(?:(?:${dateWord})(?:[ ,/-]|\.(?=\S))*){1,8}`;
const clock = String.raw`(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?(?:\s?[ap]\.?m\b\.?)?(?:Z\b|[+-]\d{2}:?\d{2})?`;
/** One phrase that tells the time, after a label or in a sentence of its own. The date, when there is one, stands before or after the clock. */
const told = new RegExp(String.raw`(?<![\w-])(?:${label}${between}|${sentence}[ :]{1,2})(?<before>${date})?(?<join>T|at\s+)?(?<clock>${clock})(?:(?<link>,?\s+(?:on\s+)?)(?<after>${date}))?`, 'gi');
const zone = /^ ?(?:\([^()\n]{1,60}\)|(?:UTC|GMT)(?:[+-]\d{1,2}(?::?\d{2})?)?\b|[A-Z]{2,5}\b)/;

/** Far enough back for a label and a date, far enough on for a date and a time zone. */
const reachBack = 120;
const reachOn = 100;

function withoutClockTime(text: string): Steadied | null {
  let rest = '';
  let from = 0;
  const moved: string[] = [];
  for (let colon = text.indexOf(':'); colon >= 0; colon = text.indexOf(':', colon + 1)) {
    if (colon < from || !isDigit(text, colon - 1) || !isDigit(text, colon + 1) || !isDigit(text, colon + 2)) continue;
    const found = toldAround(text, Math.max(from, colon - reachBack), colon);
    if (found === null) continue;
    rest += text.slice(from, found.cutAt);
    from = found.cutEnd;
    moved.push(found.said);
  }
  return moved.length === 0 ? null : { text: rest + text.slice(from), moved };
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
}

/** What is to be cut, and what was said; null when the clock at the colon is no current time, or could not go without harm. */
function toldAround(text: string, start: number, colon: number): { readonly cutAt: number; readonly cutEnd: number; readonly said: string } | null {
  const window = text.slice(start, colon + reachOn);
  for (const match of window.matchAll(told)) {
    const { before, join = '', clock: time = '', link = '', after } = match.groups ?? {};
    const phraseAt = start + match.index;
    const phraseEnd = phraseAt + match[0].length;
    const timeEnd = phraseEnd - link.length - (after?.length ?? 0);
    const timeAt = timeEnd - time.length;
    if (colon <= timeAt || colon >= timeEnd) continue;
    const zoned = phraseEnd + (zone.exec(text.slice(phraseEnd, phraseEnd + reachOn))?.[0].length ?? 0);
    const valueAt = timeAt - join.length - (before?.length ?? 0);
    const said = `Current ${before === undefined && after === undefined ? 'time' : 'date and time'}: ${text.slice(valueAt, zoned).trim()}`;
    if (isWholeDate(before)) return { cutAt: timeAt - join.length - (before.length - before.replace(/[ ,./-]+$/, '').length), cutEnd: timeEnd, said };
    if (before === undefined && isWholeDate(after)) return { cutAt: timeAt - join.length, cutEnd: timeEnd + link.length, said };
    return before === undefined && after === undefined ? aloneIn(text, phraseAt, zoned, said) : null;
  }
  return null;
}

/** With a year, or a month by name. */
function isWholeDate(written: string | undefined): written is string {
  return written !== undefined && /\d{4}|\d{1,2}[./]\d{1,2}[./]\d{2}|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec/i.test(written);
}

/** A time without a date goes as a whole, when it is a sentence or a line of its own. */
function aloneIn(text: string, at: number, end: number, said: string): { readonly cutAt: number; readonly cutEnd: number; readonly said: string } | null {
  const begins = /(?:^|\n|[.!?]\s)[ \t*#-]*$/.test(text.slice(Math.max(0, at - 20), at));
  const ends = /^[ \t*]*(?:\.(?:\s+|$)|\n|$)/.exec(text.slice(end, end + 20));
  return begins && ends !== null ? { cutAt: at, cutEnd: end + ends[0].length, said } : null;
}
