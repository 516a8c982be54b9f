/** Light or dark: as the system says, or as this reader has chosen. */
import { signal } from '@preact/signals';
import { recall, remember } from './local.ts';

export type Theme = 'system' | 'light' | 'dark';

export const theme = signal<Theme>('system');
/** What is shown now; charts draw with its colours. */
export const shownTheme = signal<'light' | 'dark'>('light');

const dark = matchMedia('(prefers-color-scheme: dark)');

export function startTheme(): void {
  const kept = recall('theme');
  chooseTheme(kept === 'light' || kept === 'dark' ? kept : 'system');
  dark.addEventListener('change', apply);
}

export function chooseTheme(chosen: Theme): void {
  theme.value = chosen;
  remember('theme', chosen === 'system' ? null : chosen);
  apply();
}

function apply(): void {
  const chosen = theme.peek();
  shownTheme.value = chosen === 'system' ? (dark.matches ? 'dark' : 'light') : chosen;
  document.documentElement.dataset['theme'] = shownTheme.peek();
}
