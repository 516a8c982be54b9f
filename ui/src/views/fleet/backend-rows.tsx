/** One inference server of a machine, and the models that are in its memory or on their way there. */
import * as api from '../../data/api.ts';
import { context, count, decimalGb, duration, figure, gigabytes, relative } from '../../data/format.ts';
import { live } from '../../data/live.ts';
import { isPinned, pin } from '../../data/pins.ts';
import { follow, hrefOf } from '../../data/place.ts';
import type { LiveBackend, LiveModel, LiveNode } from '../../data/shapes.ts';
import { Act } from '../../parts/act.tsx';
import { Slots } from '../../parts/figures.tsx';
import { Status } from '../../parts/status.tsx';

interface BackendProps {
  readonly node: LiveNode;
  readonly backend: LiveBackend;
  /** The only server of its machine. */
  readonly alone: boolean;
}

export function BackendRows({ node, backend, alone }: BackendProps) {
  const models = backend.models ?? [];
  const named = !alone || backend.id !== node.node_id;
  return (
    <section class="backend" aria-label={`Server ${backend.id}`}>
      <p class="backend-head">
        {named && <strong>{backend.id}</strong>}
        <span class="fine">{backend.kind}{backend.version !== undefined && ` ${backend.version}`}{backend.models_available !== undefined && ` · ${count(backend.models_available)} on disk`}</span>
        {backend.status === 'down' && <Status tone="bad" word="down" />}
        {backend.status === 'unknown' && <Status tone="gone" word="not asked yet" />}
        {backend.breaker === 'open' && <Status tone="warn" word="left alone after failures" />}
        {backend.breaker === 'half-open' && <Status tone="busy" word="on trial" />}
        {Object.entries(backend.resting ?? {}).map(([model, state]) => <Status key={model} tone={state === 'open' ? 'warn' : 'busy'} word={`${model} ${state === 'open' ? 'left alone after failures' : 'on trial'}`} />)}
      </p>
      {backend.problem !== undefined && backend.status === 'down' && <p class="bad-text">{backend.problem}</p>}
      {models.length > 0 && <ul class="model-list">{models.map((model) => <ModelRow key={model.name} backend={backend} node={node} model={model} />)}</ul>}
      {models.length === 0 && backend.status === 'up' && <p class="fine">Nothing in memory.</p>}
    </section>
  );
}

const marks = { loaded: ['●', 'good', 'in memory'], loading: ['◐', 'busy', 'loading'], unloading: ['◐', 'warn', 'leaving memory'], cold: ['○', 'gone', 'on disk'] } as const;

interface ModelProps {
  readonly node: LiveNode;
  readonly backend: LiveBackend;
  readonly model: LiveModel;
}

function ModelRow({ node, backend, model }: ModelProps) {
  const [mark, tone, word] = marks[model.state] ?? marks.cold;
  const pinned = model.pinned ?? isPinned(node.node_id, model.name);
  return (
    <li class="model-row">
      <span class={`model-mark ${tone}`} title={word}><span aria-hidden="true">{mark}</span><span class="hidden">{word}</span></span>
      <a class="model-name" href={hrefOf('models', { id: model.name })} onClick={follow} title={model.name}>{model.name}</a>
      <ModelFigures model={{ ...model, pinned }} />
      <span class="model-acts">
        {model.state === 'loaded' && <Act what={`Unload ${model.name} from ${backend.id}`} confirm="Unload?" run={() => api.unloadModel(backend.id, model.name)}>unload</Act>}
        <Act what={`${pinned ? 'Unpin' : 'Pin'} ${model.name} on ${node.node_id}`} run={() => pin(node.node_id, model.name, !pinned)}>{pinned ? 'unpin' : 'pin'}</Act>
      </span>
    </li>
  );
}

function ModelFigures({ model }: { readonly model: LiveModel }) {
  const { running = 0, slots, waiting = 0, tokens_per_second: speed } = model;
  return (
    <span class="model-figures">
      {model.state === 'loading' && <LoadingFigures model={model} />}
      {slots !== undefined && slots > 0 && <><Slots used={running} all={slots} /><span>{running}/{slots} slots</span></>}
      {slots === undefined && running > 0 && <span>{running} running</span>}
      {speed !== undefined && speed > 0 && <span class="strong">{figure(speed)} tok/s</span>}
      {waiting > 0 && <span class="warn-text">{waiting} waiting</span>}
      <span class="fine">{detailsOf(model)}</span>
    </span>
  );
}

function LoadingFigures({ model: { loading_ms: since, load_expected_ms: expected } }: { readonly model: LiveModel }) {
  const done = since === undefined || expected === undefined || expected <= 0 ? undefined : Math.min(1, since / expected);
  return (
    <>
      {done !== undefined && <span class="load-track" aria-hidden="true"><i style={{ width: `${done * 100}%` }} /></span>}
      <span>loading{since !== undefined && ` ${duration(since)}`}{expected !== undefined && ` of about ${duration(expected)}`}</span>
    </>
  );
}

function detailsOf({ size_gb: size, vram_gb: vram, context_length: tokens, expires_at: expires, pinned }: LiveModel): string {
  const onCpu = size !== undefined && vram !== undefined && vram < size * 0.98;
  const leaves = expires === undefined || pinned ? '' : leavesText(Date.parse(expires));
  const where = onCpu ? `${Math.round((100 * (vram ?? 0)) / (size ?? 1))} % on GPU` : '';
  return [size === undefined ? '' : gigabytes(decimalGb(size)), where, tokens === undefined ? '' : `${context(tokens)} context`, pinned ? 'pinned' : leaves].filter(Boolean).join(' · ');
}

/** Far times mean: it stays. */
function leavesText(at: number): string {
  const now = (live.value?.timestamp ?? 0) * 1000;
  return Number.isNaN(at) || at - now > 30 * 86_400_000 ? '' : at > now ? `leaves ${relative(at, now)}` : '';
}
