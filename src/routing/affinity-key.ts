/** Names a conversation by how it begins, which all of its turns share. */
import type { InferenceRequest, Message } from '../core/request.ts';

/** Of each text the front and the end are read: agents say the same thousands of characters before what their user wrote. */
const keptCharacters = 500;
const keptOfPrompt = 1000;
/** What is made stable, to have as many left. */
const readCharacters = 4 * keptCharacters;
const mostParts = 32;

/**
 * A number made of the model, the system messages in front and the first turn of the user; of a bare prompt, its front.
 * Null for what has no turns. `stable` takes out of a text what changes with every request.
 */
export function conversationKey(request: InferenceRequest, modelKey: string, stable: (text: string) => string = asItIs): number | null {
  if (request.task !== 'chat') return null;
  const hash = new TextHash();
  hash.add(modelKey);
  if (request.raw !== undefined) {
    hash.add(stable(request.raw.prompt.slice(0, readCharacters)).slice(0, keptOfPrompt));
    return hash.value();
  }
  for (const message of request.messages) {
    if (message.role !== 'system' && message.role !== 'user') break;
    addMessage(hash, message, stable);
    if (message.role === 'user') return hash.value();
  }
  return null;
}

function asItIs(text: string): string {
  return text;
}

function addMessage(hash: TextHash, { role, content }: Message, stable: (text: string) => string): void {
  hash.add(role);
  for (const part of content.slice(0, mostParts)) {
    if (part.type === 'text') addText(hash, part.text, stable);
    else hash.add(part.type);
  }
}

function addText(hash: TextHash, text: string, stable: (text: string) => string): void {
  const whole = text.length <= 2 * readCharacters;
  const front = stable(whole ? text : text.slice(0, readCharacters));
  const end = whole ? front : stable(text.slice(-readCharacters));
  hash.add(front.slice(0, keptCharacters));
  hash.add(end.slice(-keptCharacters));
}

/** Two 32-bit multiply-and-xor hashes (FNV-1a over UTF-16 units, with two seeds and primes), taken together as 53 bits. */
class TextHash {
  #low = 0x811c9dc5;
  #high = 0x9e3779b9;

  add(text: string): void {
    let low = this.#low;
    let high = this.#high;
    for (let index = 0; index < text.length; index += 1) {
      const unit = text.charCodeAt(index);
      low = Math.imul(low ^ unit, 0x01000193);
      high = Math.imul(high ^ unit, 0x85ebca6b);
    }
    // An end of its own, so that two texts are not one.
    this.#low = Math.imul(low ^ 0x10000, 0x01000193);
    this.#high = Math.imul(high ^ 0x10000, 0x85ebca6b);
  }

  value(): number {
    const low = (this.#low ^ (this.#low >>> 15)) >>> 0;
    const high = (this.#high ^ (this.#high >>> 13)) >>> 0;
    return (high & 0x1fffff) * 0x100000000 + low;
  }
}
