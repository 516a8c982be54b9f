/** The way to the views: at the left, on a phone below. */
import { useState } from 'preact/hooks';
import { live } from '../data/live.ts';
import { follow, hrefOf, place } from '../data/place.ts';
import { shownTheme, chooseTheme } from '../data/theme.ts';
import { attention } from './attention.ts';
import { catalogue, onPhones } from './catalogue.ts';
import { helpOpen, searchOpen } from './keys.ts';

export function Rail() {
  const [more, setMore] = useState(false);
  const current = place.value.view;
  const wanted = attention.value;
  return (
    <nav class={`rail ${more ? 'more' : ''}`} aria-label="Views">
      <a class="brand" href={hrefOf('fleet')} onClick={follow}>oar<span class="fine">{live.value?.router_version ?? ''}</span></a>
      <ul>
        {catalogue.map(({ name, title, mark }, index) => (
          <li key={name} class={index >= onPhones ? 'beyond' : ''}>
            <a href={hrefOf(name)} aria-current={name === current ? 'page' : undefined} onClick={(event) => { setMore(false); follow(event); }}>
              <svg viewBox="0 0 16 16" aria-hidden="true"><path d={mark} /></svg>
              <span class="rail-word">{title}</span>
              {(wanted[name] ?? 0) > 0 && <span class="badge">{wanted[name]}<span class="hidden"> want attention</span></span>}
            </a>
          </li>
        ))}
        <li class="more-item">
          <button type="button" aria-expanded={more} onClick={() => setMore(!more)}>
            <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M3 8h.01M8 8h.01M13 8h.01" /></svg>
            <span class="rail-word">More</span>
          </button>
        </li>
      </ul>
      <div class="rail-foot">
        <button type="button" class="quiet" onClick={() => { setMore(false); searchOpen.value = true; }}>Search <kbd>/</kbd></button>
        <button type="button" class="quiet" onClick={() => { setMore(false); helpOpen.value = true; }}>Keys <kbd>?</kbd></button>
        <button type="button" class="quiet" onClick={() => chooseTheme(shownTheme.value === 'dark' ? 'light' : 'dark')}>{shownTheme.value === 'dark' ? 'Light' : 'Dark'} theme</button>
      </div>
    </nav>
  );
}
