/** What the pointer does on the picture. */
import { PHOTO, type Mask } from './mask.svelte';

export type Tool = 'hand' | 'brush' | 'eraser' | 'fill';

class Tools {
  tool = $state<Tool>('hand');
  radius = $state(0.05); // a share of the longest side
  tolerance = $state(28); // levels of 255
  label = $state(1);
  overlay = $state(true);
  split = $state(true);
  before = $state(false); // the photo alone, while a key is held
  #last: [number, number] | null = null;

  /** The brush's radius in pixels of a mask. */
  pixels(mask: Mask): number {
    return this.radius * Math.max(mask.width, mask.height);
  }

  /** A pointer goes down at a place, in shares of the picture's sides. */
  down(mask: Mask, x: number, y: number, photo: ImageBitmap): void {
    mask.begin();
    if (this.tool === 'fill') {
      this.#fill(mask, x * mask.width, y * mask.height, photo);
      return mask.commit();
    }
    this.#last = [x * mask.width, y * mask.height];
    this.move(mask, x, y);
  }

  move(mask: Mask, x: number, y: number): void {
    if (!this.#last) return;
    const at: [number, number] = [x * mask.width, y * mask.height];
    mask.line(...this.#last, ...at, this.pixels(mask), this.tool === 'eraser' ? PHOTO : this.label);
    this.#last = at;
  }

  up(mask: Mask): void {
    if (this.#last) mask.commit();
    this.#last = null;
  }

  #fill(mask: Mask, x: number, y: number, photo: ImageBitmap): void {
    if (x < 0 || y < 0 || x >= mask.width || y >= mask.height) return;
    const canvas = new OffscreenCanvas(mask.width, mask.height);
    const context = canvas.getContext('2d')!;
    context.drawImage(photo, 0, 0, mask.width, mask.height);
    const pixels = context.getImageData(0, 0, mask.width, mask.height).data;
    const inside = [Math.min(mask.width - 1, Math.floor(x)), Math.min(mask.height - 1, Math.floor(y))] as const;
    mask.fill(...inside, pixels, this.tolerance, this.label);
  }
}

export const tools = new Tools();
