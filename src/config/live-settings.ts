/** Settings that may be changed while the router runs (contract fleet part 1.3); changes outlive a restart. */
import { RouterError } from '../core/errors.ts';
import { KeptValue, type ValueStore } from '../util/kept-value.ts';
import { closestName } from './closest-name.ts';

export interface LiveValues {
  /** May an unknown model be pulled, by whom `fleet.autoPull` allows it? */
  readonly auto_pull: boolean;
  /** May another model that is in memory take the place of the one that was asked for? */
  readonly vram_fallback: boolean;
  readonly image_generation: boolean;
  readonly transcription: boolean;
  /** Is `num_ctx_overrides` sent for callers who name no context? */
  readonly dynamic_num_ctx: boolean;
  /** Is a context that fits how the model was used sent for them? */
  readonly num_ctx_auto_calculate: boolean;
  /** Tokens by model. */
  readonly num_ctx_overrides: Readonly<Record<string, number>>;
}

export class LiveSettings {
  readonly #defaults: LiveValues;
  /** What differs from the defaults, or did once. */
  readonly #changes: KeptValue<Partial<LiveValues>>;
  /** Read with each request. */
  #values: LiveValues;

  /** `defaults`: what the configuration says. */
  constructor(store: ValueStore, defaults: LiveValues) {
    this.#defaults = defaults;
    this.#values = defaults;
    this.#changes = new KeptValue<Partial<LiveValues>>({ store, key: 'settings.live', initial: {}, write: JSON.stringify, read: (text) => JSON.parse(text) as Partial<LiveValues> });
  }

  /** Takes over what was changed before. Rejects like the store. */
  async load(): Promise<void> {
    await this.#changes.load();
    this.#values = this.#with(this.#changes.now);
  }

  get values(): LiveValues {
    return this.#values;
  }

  /** Is it another value than the configuration's? */
  isChanged(name: keyof LiveValues): boolean {
    return JSON.stringify(this.#values[name]) !== JSON.stringify(this.#defaults[name]);
  }

  isChangedContext(model: string): boolean {
    return this.#values.num_ctx_overrides[model] !== this.#defaults.num_ctx_overrides[model];
  }

  /**
   * Returns what is different now; kept when it resolves. Contexts are changed model by model: null takes one away. Rejects
   * with `invalid_request` naming the field, or like the store; then nothing has changed.
   */
  async change(wanted: Readonly<Record<string, unknown>>): Promise<Partial<LiveValues>> {
    let updated: Partial<LiveValues> = {};
    const changes = await this.#changes.change((before) => {
      const now = this.#with(before);
      updated = Object.fromEntries(Object.entries(this.#checked(wanted, now)).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(now[name as keyof LiveValues])));
      return Object.keys(updated).length === 0 ? before : { ...before, ...updated };
    });
    this.#values = this.#with(changes);
    return updated;
  }

  #with(changes: Partial<LiveValues>): LiveValues {
    return { ...this.#defaults, ...changes };
  }

  #checked(wanted: Readonly<Record<string, unknown>>, now: LiveValues): Partial<LiveValues> {
    const names = Object.keys(this.#defaults);
    return Object.fromEntries(
      Object.entries(wanted).flatMap(([name, value]): (readonly [string, unknown])[] => {
        if (name === 'fleet_intelligence') return checkBriefings(value);
        if (!names.includes(name)) throw new RouterError('invalid_request', `There is no setting \`${name}\`. ${hintFor(name, names)}`, { param: name });
        if (name === 'num_ctx_overrides') return [[name, overridesIn(value, now)]];
        if (typeof value !== 'boolean') throw new RouterError('invalid_request', `\`${name}\` must be true or false.`, { param: name });
        return [[name, value]];
      }),
    );
  }
}

/** Those that hold, with the wanted ones changed. */
function overridesIn(wanted: unknown, { num_ctx_overrides: before }: LiveValues): LiveValues['num_ctx_overrides'] {
  if (typeof wanted !== 'object' || wanted === null || Array.isArray(wanted)) throw wrongOverride('num_ctx_overrides', 'an object of models and their contexts');
  const merged = new Map(Object.entries(before));
  for (const [model, context] of Object.entries(wanted)) {
    if (context === null) merged.delete(model);
    else if (typeof context === 'number' && Number.isSafeInteger(context) && context > 0) merged.set(model, context);
    else throw wrongOverride(`num_ctx_overrides.${model}`, 'a whole number above 0, or null to take it away');
  }
  return Object.fromEntries(merged);
}

/** Old clients send all switches at once: what is off anyway may be said. */
function checkBriefings(value: unknown): never[] {
  if (value === false) return [];
  throw new RouterError('invalid_request', 'No model writes briefings about this fleet, so `fleet_intelligence` can only be false. GET /dashboard/api/health says what is wrong and how to mend it.', { param: 'fleet_intelligence' });
}

function wrongOverride(param: string, expected: string): RouterError {
  return new RouterError('invalid_request', `\`${param}\` must be ${expected}.`, { param });
}

function hintFor(name: string, names: readonly string[]): string {
  const close = closestName(name, names);
  return close === null ? `There are ${names.join(', ')}.` : `Did you mean \`${close}\`?`;
}
