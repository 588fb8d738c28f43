/** What a job is called. */
import { t } from './i18n.svelte';
import { studio } from './studio.svelte';
import type { Job, StyleRef } from './types';

export function styleTitle(ref: StyleRef): string {
  if ('name' in ref && ref.name) return studio.styles.find((s) => s.name === ref.name)?.title ?? ref.name;
  const own = 'file' in ref ? studio.own.find((o) => o.id === ref.file) : undefined;
  return own?.title ?? t('styles.picture');
}

export function titleOf(job: Job): string {
  const named = job.request.train?.name;
  if (job.kind === 'train' && typeof named === 'string') return named;
  return (job.request.styles ?? []).map(styleTitle).join(' + ') || t(`kind.${job.kind}`);
}
