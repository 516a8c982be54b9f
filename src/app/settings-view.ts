/** The configuration as the settings endpoint shows it, by the contract's topics, and where each value came from. */
import type { Config, LoadedConfig } from '../config/config.ts';
import type { LiveSettings, LiveValues } from '../config/live-settings.ts';

type Json = Readonly<Record<string, unknown>>;

/** Of each value that the file decides: its name here, the key it comes from, and how it is told. */
const shown: readonly (readonly [name: string, key: string, value: (config: Config) => unknown])[] = [
  ['context.protect', 'context.protect', ({ context }) => context.protect],
  ['context.overflow', 'context.overflow', ({ context }) => context.overflow],
  ['context.thinking_overhead', 'context.thinkingBudget.factor', ({ context }) => context.thinkingBudget.factor],
  ['context.thinking_min_predict', 'context.thinkingBudget.minTokens', ({ context }) => context.thinkingBudget.minTokens],
  ['server.host', 'server.host', ({ server }) => server.host],
  ['server.port', 'server.port', ({ server }) => server.port],
  ['server.base_path', 'server.basePath', ({ server }) => server.basePath],
  ['heartbeat.interval', 'fleet.heartbeatMs', ({ fleet }) => fleet.heartbeatMs / 1000],
  ['heartbeat.timeout', 'fleet.degradedAfterMs', ({ fleet }) => fleet.degradedAfterMs / 1000],
  ['heartbeat.offline', 'fleet.offlineAfterMs', ({ fleet }) => fleet.offlineAfterMs / 1000],
  ['heartbeat.forget', 'fleet.forgetAfterMs', ({ fleet }) => fleet.forgetAfterMs / 1000],
  ['scoring.placement', 'router.placement', ({ router }) => router.placement],
  ['scoring.substitution', 'router.substitution', ({ router }) => router.substitution],
  ['scoring.affinity', 'router.affinity.enabled', ({ router }) => router.affinity.enabled],
  ['rebalancer.mode', '', () => 'late_binding'],
  ['rebalancer.hold', 'router.holdMs', ({ router }) => router.holdMs / 1000],
  ['rebalancer.max_retries', 'router.retries', ({ router }) => router.retries],
  ['pre_warm.enabled', 'preload.enabled', ({ preload }) => preload.enabled],
  ['pre_warm.threshold', 'preload.prewarmAfterQueued', ({ preload }) => preload.prewarmAfterQueued],
  ['pre_warm.max_models', 'preload.maxModels', ({ preload }) => preload.maxModels],
  ['auto_pull_config.allowed', 'fleet.autoPull', ({ fleet }) => fleet.autoPull],
  ['auto_pull_config.wait', 'router.holdMs', ({ router }) => router.holdMs / 1000],
  ['context_protection.mode', 'context.protect', ({ context }) => context.protect],
  ['reaper.mode', '', () => 'silence'],
  ['reaper.first_byte', '', () => 'backends[].timeouts.firstByteMs'],
  ['reaper.idle', '', () => 'backends[].timeouts.idleMs'],
  ['reaper.keep_alive', 'ollama.keepAlive', ({ ollama }) => ollama.keepAlive ?? null],
];

/** The keys behind what may be changed while the router runs. */
const switches: Readonly<Record<Exclude<keyof LiveValues, 'num_ctx_overrides'>, string>> = {
  auto_pull: 'fleet.autoPull', vram_fallback: 'router.substitution', image_generation: 'media.images', transcription: 'media.transcription', dynamic_num_ctx: 'context.presets.enabled', num_ctx_auto_calculate: 'context.presets.fromUse',
};

export function configView(config: Config): Json {
  const view: Record<string, Record<string, unknown>> = {};
  for (const [name, , value] of shown) {
    const [topic = '', key = ''] = name.split('.');
    view[topic] = { ...view[topic], [key]: value(config) };
  }
  return view;
}

/** Of each value that is shown, by its path there: `default`, `file:line`, a variable or flag, or `run-time`. Empty when nobody knows. */
export function settingSources(whereFrom: LoadedConfig['whereFrom'] | undefined, live: LiveSettings): Readonly<Record<string, string>> {
  if (whereFrom === undefined) return {};
  const from = (key: string): string => (key === '' ? 'default' : whereFrom(key.split('.')));
  const sources: Record<string, string> = Object.fromEntries(shown.map(([name, key]) => [name, from(key)]));
  for (const [name, key] of Object.entries(switches)) {
    const source = live.isChanged(name as keyof LiveValues) ? runTime : from(key);
    sources[`toggles.${name}`] = source;
    if (key.startsWith('context.')) sources[`context.${name}`] = source;
  }
  for (const model of Object.keys(live.values.num_ctx_overrides)) sources[`context.num_ctx_overrides.${model}`] = live.isChangedContext(model) ? runTime : whereFrom(['context', 'presets', 'models', model]);
  return sources;
}

const runTime = 'run-time';
