/** The frame around every view. */
import { effect } from '@preact/signals';
import { keyNeeded } from '../data/request.ts';
import { live, line } from '../data/live.ts';
import { place } from '../data/place.ts';
import { dismiss, notices } from '../parts/act.tsx';
import { catalogue } from './catalogue.ts';
import { Help } from './help.tsx';
import { helpOpen, searchOpen } from './keys.ts';
import { LostStrip } from './lost-strip.tsx';
import { Rail } from './rail.tsx';
import { Search } from './search.tsx';
import { SignIn } from './sign-in.tsx';
import { TopStrip } from './top-strip.tsx';
import { View } from './view.tsx';

effect(() => {
  const title = catalogue.find((entry) => entry.name === place.value.view)?.title ?? 'Fleet';
  document.title = `${title} · ollama-agent-router`;
});

export function App() {
  const stale = line.value.state === 'lost' && live.value !== null;
  return (
    <div class={`app ${stale ? 'is-stale' : ''}`}>
      <a class="skip" href="#main">Skip to content</a>
      <Rail />
      <div class="column">
        <TopStrip />
        <LostStrip />
        <main id="main" tabIndex={-1}>
          <View key={place.value.view} name={place.value.view} />
        </main>
      </div>
      <Notices />
      {searchOpen.value && <Search close={() => { searchOpen.value = false; }} />}
      {helpOpen.value && <Help close={() => { helpOpen.value = false; }} />}
      {keyNeeded.value && <SignIn />}
    </div>
  );
}

function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map(({ id, text, error }) => (
        <div key={id} class={`notice ${error ? 'failed' : ''}`}>
          <p>{error === null ? text : <><strong>{text} failed.</strong> {error.message}{error.requestId !== '' && <> Request <code>{error.requestId}</code></>}</>}</p>
          <button type="button" class="quiet" onClick={() => dismiss(id)}>Dismiss</button>
        </div>
      ))}
    </div>
  );
}
