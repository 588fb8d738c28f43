/** The queue and the history, as the server has them. */
import { api } from './api';
import { t } from './i18n.svelte';
import { toasts } from './toasts.svelte';
import { isOpen, type Job, type JobAsk, type Losses, type Progress } from './types';

const OFTEN = 1500;
const SELDOM = 4000; // other pages and programs begin jobs too
const KINDS = ['state', 'progress', 'preview', 'end'] as const;

class Jobs {
  list = $state<Job[]>([]);
  next = $state<string | null>(null);
  loaded = $state(false);
  offline = $state(false);
  open = $derived(this.list.filter(isOpen));
  #timer = 0;
  #count = 0; // how many the history shows

  start(): void {
    document.addEventListener('visibilitychange', () => !document.hidden && void this.refresh());
    void this.refresh();
  }

  /** Look again now, and then as often as something is going on. */
  async refresh(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      const page = await api.jobs(null, Math.min(100, Math.max(30, this.#count)));
      const ids = new Set(page.jobs.map((job) => job.id));
      const oldest = page.jobs.at(-1)?.id ?? '';
      const older = page.next ? this.list.filter((job) => job.id < oldest && !ids.has(job.id)) : [];
      this.list = [...page.jobs, ...older];
      if (!older.length) this.next = page.next ?? null;
      this.loaded = true;
      this.offline = false;
    } catch {
      this.offline = true;
    }
    const wait = this.offline || this.open.length ? OFTEN : SELDOM;
    this.#timer = window.setTimeout(() => void this.refresh(), document.hidden ? SELDOM : wait);
  }

  async more(): Promise<void> {
    const page = await api.jobs(this.next);
    this.list = [...this.list, ...page.jobs.filter((job) => !this.of(job.id))];
    this.next = page.next ?? null;
    this.#count = this.list.length;
  }

  of(id: string): Job | undefined {
    return this.list.find((job) => job.id === id);
  }

  put(job: Job): void {
    const known = this.list.some((j) => j.id === job.id);
    this.list = known ? this.list.map((j) => (j.id === job.id ? job : j)) : [job, ...this.list];
  }

  async submit(ask: JobAsk): Promise<Job[]> {
    const made = await api.submit(ask);
    for (const job of made) this.put(job);
    void this.refresh();
    return made;
  }

  async act(job: Job, verb: 'cancel' | 'pause' | 'resume'): Promise<void> {
    try {
      this.put(await api.act(job.id, verb));
    } catch (error) {
      toasts.error(t(`error.${verb}`), error);
    }
    void this.refresh();
  }

  async remove(job: Job): Promise<void> {
    try {
      await api.removeJob(job.id);
      this.list = this.list.filter((j) => j.id !== job.id);
    } catch (error) {
      toasts.error(t('error.delete'), error);
    }
  }
}

export const jobs = new Jobs();

export interface Shot {
  step: number;
  url: string;
}

/** One job, followed by its events: progress, intermediate pictures, losses. */
export class Follow {
  progress = $state<Progress>({});
  shots = $state<Shot[]>([]);
  losses = $state<Losses>({ steps: [], losses: {} });
  #source: EventSource | null = null;

  constructor(readonly id: string) {}

  /** Begin to listen; returns how to stop. */
  start(): () => void {
    this.#source = new EventSource(`/v1/jobs/${this.id}/events`);
    for (const kind of KINDS) {
      this.#source.addEventListener(kind, (event) => this.#take(kind, JSON.parse((event as MessageEvent<string>).data)));
    }
    void api.losses(this.id).then((known) => this.losses.steps.length < known.steps.length && (this.losses = known), () => undefined);
    return () => this.#source?.close();
  }

  #take(kind: (typeof KINDS)[number], data: Record<string, unknown>): void {
    if (kind === 'progress') this.#step(data as Progress);
    if (kind === 'preview') this.#shot(data as unknown as Shot);
    if (kind === 'end') this.#source?.close();
    if (kind === 'state' || kind === 'end') {
      void api.job(this.id).then((job) => jobs.put(job), () => undefined);
    }
  }

  #step(progress: Progress): void {
    this.progress = progress;
    const { step, losses, loss } = progress;
    if (step === undefined || step <= (this.losses.steps.at(-1) ?? -1)) return;
    const parts = { ...(typeof loss === 'number' ? { loss } : {}), ...losses };
    if (!Object.keys(parts).length) return;
    const { steps, losses: known } = this.losses;
    const all = Object.entries(parts).map(([name, value]) => [name, [...(known[name] ?? []), value]]);
    this.losses = { steps: [...steps, step], losses: Object.fromEntries(all) };
  }

  #shot(shot: Shot): void {
    if (this.shots.some((s) => s.step === shot.step)) return;
    this.shots = [...this.shots, shot].sort((a, b) => a.step - b.step);
  }
}
