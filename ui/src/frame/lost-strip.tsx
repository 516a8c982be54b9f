/** Says that the line to the router is lost, and when it is tried again. */
import { useEffect, useState } from 'preact/hooks';
import { connect, line, live } from '../data/live.ts';
import { keyNeeded } from '../data/request.ts';

export function LostStrip() {
  const state = line.value;
  const [, tick] = useState(0);
  const lost = state.state === 'lost';
  useEffect(() => {
    if (!lost) return;
    const timer = setInterval(() => tick((count) => count + 1), 250);
    return () => clearInterval(timer);
  }, [lost]);
  if (keyNeeded.value || state.state === 'open' || (state.state === 'connecting' && live.value === null)) return null;
  const seconds = lost ? Math.max(0, Math.ceil((state.againAt - performance.now()) / 1000)) : 0;
  return (
    <div class="lost" role="alert">
      <span><span aria-hidden="true">▲ </span>No connection to the router. {live.value === null ? 'Nothing is known yet.' : 'These are the last figures.'}</span>
      <span class="lost-count">{lost && seconds > 0 ? `Trying again in ${seconds} s` : 'Trying …'}</span>
      <button type="button" onClick={connect}>Try now</button>
    </div>
  );
}
