/** Keys that do something wherever the focus is, but where text is written. */
import { t } from './i18n.svelte';
import { jobs } from './jobs.svelte';
import { studio } from './studio.svelte';
import { appearance } from './theme.svelte';
import { toasts } from './toasts.svelte';
import { tools } from './tools.svelte';

interface Doings {
  open: () => void;
  tab: (number: number) => void;
  viewer: () => { zoomBy: (factor: number) => void; fitAll: () => void; actual: () => void } | undefined;
  help: () => void;
}

function writing(target: EventTarget | null): boolean {
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !['range', 'checkbox', 'radio'].includes(target.type);
}

export function shortcut(e: KeyboardEvent, doings: Doings): void {
  if ((e.ctrlKey || e.metaKey) && e.key === 'Enter') return void keep();
  if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented || writing(e.target)) return;
  const does = pressed(e, doings);
  if (!does) return;
  does();
  e.preventDefault();
}

function pressed(e: KeyboardEvent, doings: Doings): (() => void) | undefined {
  const keys: Record<string, () => void> = {
    o: doings.open,
    '?': doings.help,
    t: () => appearance.next(),
    '/': () => document.getElementById('style-search')?.focus(),
    d: () => (tools.split = !tools.split),
    b: () => (tools.before = true),
    '+': () => doings.viewer()?.zoomBy(1.5),
    '=': () => doings.viewer()?.zoomBy(1.5),
    '-': () => doings.viewer()?.zoomBy(1 / 1.5),
    '0': () => doings.viewer()?.fitAll(),
    '[': () => step(-1),
    ']': () => step(1),
    ',': () => (tools.radius = Math.max(0.005, tools.radius / 1.25)),
    '.': () => (tools.radius = Math.min(0.25, tools.radius * 1.25)),
  };
  for (const number of [1, 2, 3, 4]) keys[number] = () => doings.tab(number - 1);
  const tool = ({ p: 'brush', e: 'eraser', g: 'fill', h: 'hand' } as const)[e.key.toLowerCase()];
  if (tool && studio.regions === 'paint') return () => (tools.tool = tool);
  return keys[e.key.toLowerCase()];
}

/** Go to the photo before or after. */
function step(by: number): void {
  const count = studio.photos.length;
  if (count) studio.active = (studio.active + by + count) % count;
}

async function keep(): Promise<void> {
  if (!studio.photo?.id || !studio.chosen.length) return;
  try {
    const made = await jobs.submit(studio.job(studio.quality, false));
    toasts.note(t('export.queued', { count: made.length }));
  } catch (error) {
    toasts.error(t('error.job'), error);
  }
}
