/** Keys: `/` searches, `g` and a letter goes to a view, `?` lists them, Esc closes what is open. */
import { signal } from '@preact/signals';
import { choices, choose, open } from '../data/place.ts';
import { catalogue } from './catalogue.ts';

export const searchOpen = signal(false);
export const helpOpen = signal(false);

const goForMs = 1200;
let goUntil = 0;

export function startKeys(): void {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]') !== null) return;
    if (isWriting(event.target)) {
      if (event.key === 'Escape') (event.target as HTMLElement).blur();
      return;
    }
    if (act(event.key)) event.preventDefault();
  });
}

function act(key: string): boolean {
  const going = performance.now() < goUntil;
  goUntil = 0;
  if (going) {
    const entry = catalogue.find((one) => one.key === key);
    if (entry !== undefined) open({ view: entry.name, choices: {} });
    return entry !== undefined;
  }
  switch (key) {
    case 'g':
      goUntil = performance.now() + goForMs;
      return true;
    case '/':
      searchOpen.value = true;
      return true;
    case '?':
      helpOpen.value = true;
      return true;
    case 'Escape':
      if (choices.value['id'] === undefined) return false;
      choose({ id: '' });
      return true;
    default:
      return false;
  }
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) && !(target instanceof HTMLInputElement && /^(?:checkbox|radio|button)$/.test(target.type));
}
