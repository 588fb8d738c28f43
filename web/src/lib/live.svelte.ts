/** The result that follows the sliders: small while they move, whole when they are still. */
import { api, ApiError, isAbort } from './api';
import { explain } from './toasts.svelte';
import type { Ask } from './types';

const STILL = 220; // milliseconds without a change until the whole size is painted
const MOST = 4096; // longest side that is painted at once; larger ones are jobs
// longest sides of previews: few, as the first picture of a size takes longer than those after it
const SIZES = [256, 384, 512, 768, 1024];
const [QUICK, SLOW] = [0.07, 0.35]; // seconds after which previews grow, and shrink

interface Want {
  content: string;
  ask: Ask;
  longest: number; // of the whole result
  dragging: boolean;
}

class Live {
  result = $state<ImageBitmap | null>(null);
  content = $state(''); // of which photo the result is
  longest = $state(0);
  whole = $state(false);
  busy = $state(false);
  error = $state('');
  seconds = $state(0); // the painting
  total = $state(0); // and the way there and back
  #preview = 2; // which of SIZES
  #took: number[] = []; // the last times at that size, without the first
  #want: Want | null = null;
  #asked = '';
  #running: { whole: boolean; abort: AbortController } | null = null;
  #timer = 0;

  /** Ask for a result, or for none. Anything that is being made for an older wish is given up. */
  want(want: Want | null): void {
    const text = JSON.stringify(want && [want.content, want.ask, want.longest]);
    const changed = text !== this.#asked;
    this.#want = want;
    this.#asked = text;
    if (!want) return this.clear();
    if (changed) {
      // a preview on its way is soon here and shown; a whole picture would be late
      if (this.#running && (this.#running.whole || this.content !== want.content)) this.#running.abort.abort();
      this.#next(true);
    } else if (!want.dragging && !this.whole && !this.#running) {
      this.#soon();
    }
  }

  /** Try the same again. */
  again(): void {
    this.#asked = '';
    this.want(this.#want);
  }

  clear(): void {
    this.#running?.abort.abort();
    clearTimeout(this.#timer);
    this.result = null;
    this.content = this.error = '';
    this.busy = this.whole = false;
  }

  #next(small: boolean): void {
    clearTimeout(this.#timer);
    if (this.#running && !this.#running.abort.signal.aborted) return; // it looks again when it is done
    const want = this.#want;
    if (!want) return;
    const most = Math.min(want.longest, MOST);
    const longest = small ? Math.min(most, SIZES[this.#preview]!) : most;
    void this.#paint(want, longest, longest === most);
  }

  #soon(): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#next(false), STILL);
  }

  async #paint(want: Want, longest: number, whole: boolean): Promise<void> {
    const running = { whole, abort: new AbortController() };
    const asked = this.#asked;
    this.#running = running;
    this.busy = true;
    const begun = performance.now();
    try {
      const size = longest < want.longest ? longest : null;
      const painted = await api.stylize(want.content, want.ask, size, running.abort.signal);
      const bitmap = await createImageBitmap(painted.blob);
      if (this.#running !== running || running.abort.signal.aborted) return;
      this.#show(want, bitmap, longest, whole, painted.seconds, (performance.now() - begun) / 1000);
    } catch (error) {
      if (!isAbort(error) && this.#running === running) this.#failed(error);
    } finally {
      if (this.#running === running) this.#after(asked, whole);
    }
  }

  #show(want: Want, bitmap: ImageBitmap, longest: number, whole: boolean, seconds: number, total: number): void {
    this.result?.close();
    [this.result, this.content, this.longest, this.whole] = [bitmap, want.content, longest, whole];
    [this.seconds, this.total, this.error] = [seconds, total, ''];
    if (!whole && longest === SIZES[this.#preview]) this.#fit(total);
  }

  /** Say what went wrong; a server that is busy or away is asked again by and by. */
  #failed(error: unknown): void {
    this.error = explain(error);
    if (!(error instanceof ApiError) || !(error.offline || error.status === 429)) return;
    const asked = this.#asked;
    const wait = 1000 * (error.retryAfter ?? 3);
    window.setTimeout(() => this.error && asked === this.#asked && this.again(), wait);
  }

  /** Let previews be as large as this machine can follow with. */
  #fit(total: number): void {
    this.#took = [...this.#took.slice(-5), total];
    const [, ...times] = this.#took;
    if (times.length < 4) return;
    const middle = times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
    const next = this.#preview + (middle > SLOW ? -1 : middle < QUICK ? 1 : 0);
    if (next === this.#preview || !SIZES[next]) return;
    this.#preview = next;
    this.#took = [];
  }

  #after(asked: string, whole: boolean): void {
    this.#running = null;
    this.busy = false;
    if (asked !== this.#asked) return this.#next(true);
    if (!whole && !this.error && this.#want && !this.#want.dragging) this.#soon();
  }
}

export const live = new Live();
