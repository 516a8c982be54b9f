/** One prompt to two models or two places, side by side: what they say, how fast, where, and why there. */
import { useRef, useState } from 'preact/hooks';
import * as api from '../data/api.ts';
import { count, duration, figure } from '../data/format.ts';
import { nodes } from '../data/live.ts';
import { choices, choose, follow, hrefOf } from '../data/place.ts';
import { useAnswer, type Answer } from '../data/answer.ts';
import { useResource } from '../data/resource.ts';
import { Empty, ErrorNote, HowToJoin } from '../parts/notes.tsx';
import '../style/playground.css';

const sides = ['a', 'b'] as const;
type Side = (typeof sides)[number];

export default function Playground() {
  const models = useResource('models', api.modelNames);
  const [prompt, setPrompt] = useState('');
  const [temperature, setTemperature] = useState('');
  const answers: Readonly<Record<Side, Answer>> = { a: useAnswer(), b: useAnswer() };
  const two = choices.value['two'] !== 'no';
  const shown = two ? sides : (['a'] as const);
  const running = shown.some((side) => answers[side].state === 'running');
  const start = (): void => {
    if (prompt.trim() === '') return;
    for (const side of shown) void answers[side].start({ model: choices.value[side] || 'auto', backend: choices.value[`${side}-at`] ?? '', prompt, ...(temperature === '' ? {} : { temperature: Number(temperature) }) });
  };
  return (
    <div>
      <header class="view-head"><h1>Playground</h1><label class="fine"><input type="checkbox" checked={two} onChange={() => choose({ two: two ? 'no' : '' }, { replace: true })} /> compare two</label></header>
      <form class="ask" onSubmit={(event) => { event.preventDefault(); start(); }}>
        <PromptField prompt={prompt} change={setPrompt} send={start} />
        <div class="buttons">
          {/* Two buttons: one that became the other while it is clicked would ask again. */}
          {running ? <button key="stop" type="button" onClick={() => shown.forEach((side) => void answers[side].stop())}>Stop</button> : <button key="ask" type="submit" class="primary" disabled={prompt.trim() === ''}>Ask</button>}
          <label class="fine">Temperature <input class="narrow" type="number" min={0} max={2} step={0.1} placeholder="model’s" value={temperature} onInput={(event) => setTemperature(event.currentTarget.value)} /></label>
          <span class="fine">Ctrl + Enter asks</span>
        </div>
      </form>
      {models.error && <ErrorNote what="Reading the models" error={models.error} retry={models.reload} />}
      {models.data?.length === 0
        ? <Empty title="There is no model to ask."><HowToJoin /></Empty>
        : <div class={`answers ${two ? 'two' : ''}`}>{shown.map((side) => <Column key={side} side={side} models={models.data ?? []} answer={answers[side]} />)}</div>}
    </div>
  );
}

function PromptField({ prompt, change, send }: { readonly prompt: string; readonly change: (text: string) => void; readonly send: () => void }) {
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      send();
    }
  };
  return <label>Prompt <textarea rows={4} value={prompt} onInput={(event) => change(event.currentTarget.value)} onKeyDown={onKey} /></label>;
}

function Column({ side, models, answer }: { readonly side: Side; readonly models: readonly string[]; readonly answer: Answer }) {
  const end = useRef<HTMLDivElement>(null);
  const backends = nodes.value.flatMap((node) => (node.backends ?? []).map((backend) => backend.id));
  const model = choices.value[side] || 'auto';
  return (
    <section class="card answer" aria-label={side === 'a' ? 'First answer' : 'Second answer'}>
      <header class="card-head">
        <label>Model <select value={model} onChange={(event) => choose({ [side]: event.currentTarget.value === 'auto' ? '' : event.currentTarget.value }, { replace: true })}>{['auto', ...new Set([...models, model])].filter((name, index, all) => all.indexOf(name) === index).map((name) => <option key={name}>{name}</option>)}</select></label>
        <label>On <select value={choices.value[`${side}-at`] ?? ''} onChange={(event) => choose({ [`${side}-at`]: event.currentTarget.value }, { replace: true })}><option value="">wherever is best</option>{backends.map((id) => <option key={id}>{id}</option>)}</select></label>
      </header>
      <div class="answer-body" aria-live="polite" aria-busy={answer.state === 'running'} ref={end}>
        {answer.error && <ErrorNote what="The answer" error={answer.error} />}
        {answer.thinking !== '' && <details class="thinking" open={answer.text === ''}><summary class="fine">Thinking</summary><p>{answer.thinking}</p></details>}
        {answer.text !== '' && <p class="answer-text">{answer.text}</p>}
        {answer.state === 'idle' && answer.text === '' && answer.error === null && <p class="fine">The answer comes here.</p>}
        {answer.state === 'running' && answer.text === '' && answer.thinking === '' && <p class="fine">Waiting for the first token, {duration(answer.ms)} …</p>}
      </div>
      <Foot answer={answer} />
    </section>
  );
}

function Foot({ answer }: { readonly answer: Answer }) {
  const { facts } = answer;
  if (answer.state === 'idle' && facts.requestId === '') return null;
  return (
    <footer class="card-foot answer-foot">
      <dl>
        <div><dt>Model</dt><dd>{facts.model || '–'}</dd></div>
        <div><dt>Server</dt><dd>{facts.backend || '–'}</dd></div>
        <div><dt>First token</dt><dd>{duration(answer.firstMs)}</dd></div>
        <div><dt>Speed</dt><dd>{answer.speed === null ? '–' : `${figure(answer.speed)} tokens/s`}</dd></div>
        <div><dt>Tokens</dt><dd>{count(answer.tokens)}</dd></div>
        <div><dt>Total</dt><dd>{duration(answer.ms)}</dd></div>
      </dl>
      <p class="fine">{facts.why}{facts.requestId !== '' && answer.state !== 'running' && <> <a href={hrefOf('requests', { id: facts.requestId })} onClick={follow}>Why there?</a></>}</p>
    </footer>
  );
}
