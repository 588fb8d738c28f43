/** Dark or light: what the system says, unless the user said otherwise. */

export type Theme = 'system' | 'light' | 'dark';
const KEY = 'impasto.theme';

class Appearance {
  theme = $state<Theme>('system');

  set(theme: Theme): void {
    this.theme = theme;
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    localStorage.setItem(KEY, theme);
  }

  next(): void {
    const all: Theme[] = ['system', 'light', 'dark'];
    this.set(all[(all.indexOf(this.theme) + 1) % 3]!);
  }
}

export const appearance = new Appearance();

export function startTheme(): void {
  const kept = localStorage.getItem(KEY);
  if (kept === 'light' || kept === 'dark') appearance.set(kept);
}
