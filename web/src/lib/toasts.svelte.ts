/** Short messages at the edge of the page. */
import { ApiError, isAbort } from './api';
import { t } from './i18n.svelte';

export interface Toast {
  key: number;
  kind: 'note' | 'error';
  text: string;
  detail: string;
  action?: { text: string; run: () => void };
}

class Toasts {
  list = $state<Toast[]>([]);
  #key = 0;

  note(text: string, action?: Toast['action']): void {
    this.#add({ key: ++this.#key, kind: 'note', text, detail: '', action }, 5000);
  }

  /** Show what went wrong: in the reader's language what failed, and the server's own line. */
  error(text: string, cause?: unknown): void {
    if (isAbort(cause)) return;
    const detail = cause === undefined ? '' : explain(cause);
    const same = this.list.find((x) => x.text === text && x.detail === detail);
    if (same) this.drop(same.key);
    this.#add({ key: ++this.#key, kind: 'error', text, detail }, 12_000);
  }

  drop(key: number): void {
    this.list = this.list.filter((toast) => toast.key !== key);
  }

  #add(toast: Toast, milliseconds: number): void {
    this.list = [...this.list.slice(-3), toast];
    setTimeout(() => this.drop(toast.key), milliseconds);
  }
}

export function explain(cause: unknown): string {
  if (cause instanceof ApiError) {
    if (cause.offline) return t('error.offline');
    if (cause.status === 429) return t('error.busy', { seconds: cause.retryAfter ?? 5 });
    if (cause.status === 413) return `${t('error.large')} ${cause.message}`;
    if (cause.status === 401 || cause.status === 403) return `${t('error.token')} ${cause.message}`;
    return cause.message;
  }
  return cause instanceof Error ? cause.message : String(cause);
}

export const toasts = new Toasts();
