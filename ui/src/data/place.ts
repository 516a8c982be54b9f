/** The open place of the app, kept in the address. */
import { computed, signal } from '@preact/signals';
import { addressOf, type Choices, type Place, placeOf, withChoices } from './url-state.ts';

/** Ends with a slash. */
const home = new URL('.', document.baseURI);

/** The router's own addresses lie beside the dashboard's. */
export function routerUrl(path: string): string {
  return new URL(`..${path}`, home).href;
}

function read(): Place {
  return placeOf(location.pathname.slice(home.pathname.length - 1), location.search);
}

export const place = signal(read());
export const choices = computed(() => place.value.choices);

addEventListener('popstate', () => {
  place.value = read();
});

export function hrefOf(view: Place['view'], chosen: Choices = {}): string {
  return new URL(addressOf({ view, choices: chosen }), home).href;
}

/** A new place is a step back in the browser; a changed filter (`replace`) is not. */
export function open(next: Place, { replace = false } = {}): void {
  const address = hrefOf(next.view, next.choices);
  if (address === location.href) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', address);
  const moved = next.view !== place.value.view;
  place.value = read();
  if (moved) document.querySelector('main')?.scrollTo(0, 0);
}

export function choose(change: Choices, options?: { readonly replace?: boolean }): void {
  open({ view: place.value.view, choices: withChoices(choices.value, change) }, options);
}

/** For links: the browser's own ways (new tab, save) stay. */
export function follow(event: MouseEvent): void {
  const link = event.currentTarget;
  if (!(link instanceof HTMLAnchorElement) || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const target = new URL(link.href);
  open(placeOf(target.pathname.slice(home.pathname.length - 1), target.search));
}
