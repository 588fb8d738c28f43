/** What a job is called. */
import { labelOf, qualityText, t } from './i18n.svelte';
import { shortTitle, studio } from './studio.svelte';
import type { Job, StyleRef } from './types';

export function styleTitle(ref: StyleRef): string {
  const named = studio.styles.find((s) => s.name === ref.name);
  if (named) return shortTitle(named);
  if (ref.name) return ref.name;
  const own = studio.own.find((o) => o.id === ref.file);
  return own?.title ?? t('styles.picture');
}

export function titleOf(job: Job): string {
  const named = job.request.train?.name;
  if (job.kind === 'train' && typeof named === 'string') return named;
  return (job.request.styles ?? []).map(styleTitle).join(' + ') || t(`kind.${job.kind}`);
}

/** What an option is called, wherever it is declared. */
export function optionLabel(name: string): string {
  if (name === 'quality') return t('adjust.quality');
  const { methods = {}, film = [], train = [], guides = [] } = studio.declared ?? {};
  const found = [...Object.values(methods).flat(), ...film, ...train, ...guides].find((o) => o.name === name);
  return found ? labelOf(found) : name;
}

export function valueText(name: string, value: unknown): string {
  return name === 'quality' ? qualityText(String(value)) : String(value ?? '–');
}
