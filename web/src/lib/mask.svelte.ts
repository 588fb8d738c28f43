/** Where which style goes: one number for each place, painted with brushes, with undo.

0 is the photo itself, 1 to 4 are the styles in their order. Borders are hard here; the server
softens them by `feather`.
*/

export const LONGEST = 1024; // pixels; borders are softened, so this is fine for any photo
export const PHOTO = 0;
const STEPS = 60;

interface Patch {
  x: number;
  y: number;
  width: number;
  height: number;
  before: Uint8Array;
  after: Uint8Array;
}

type Box = [left: number, top: number, right: number, bottom: number];

export class Mask {
  readonly width: number;
  readonly height: number;
  labels: Uint8Array;
  /** Counts finished changes: what depends on the mask looks at it. */
  version = $state(0);
  canUndo = $state(false);
  canRedo = $state(false);
  /** Called while a stroke goes on, with what changed. */
  ondraw: (() => void) | null = null;
  #undo: Patch[] = [];
  #redo: Patch[] = [];
  #before: Uint8Array | null = null;
  #box: Box | null = null;

  constructor(width: number, height: number, label = 1) {
    const scale = Math.min(1, LONGEST / Math.max(width, height));
    this.width = Math.max(1, Math.round(width * scale));
    this.height = Math.max(1, Math.round(height * scale));
    this.labels = new Uint8Array(this.width * this.height).fill(label);
  }

  /** Take over a mask for each style, as an earlier run had them: each place is its strongest's. */
  static of(width: number, height: number, pictures: ImageBitmap[]): Mask {
    const mask = new Mask(width, height, PHOTO);
    const strongest = new Uint8Array(mask.labels.length).fill(127);
    pictures.forEach((picture, style) => {
      const levels = mask.#levels(picture);
      mask.labels.forEach((_, i) => {
        if (levels[4 * i]! <= strongest[i]!) return;
        strongest[i] = levels[4 * i]!;
        mask.labels[i] = style + 1;
      });
    });
    return mask;
  }

  /** Return the mean of a grey picture where each label is, 0 to 1; 1 where it is nowhere. */
  means(picture: ImageBitmap): number[] {
    const levels = this.#levels(picture);
    const [sums, counts] = [[0, 0, 0, 0, 0], [0, 0, 0, 0, 0]];
    this.labels.forEach((label, i) => {
      sums[label]! += levels[4 * i]!;
      counts[label]!++;
    });
    return sums.map((sum, label) => (counts[label] ? Math.round((sum / counts[label]! / 255) * 100) / 100 : 1));
  }

  #levels(picture: ImageBitmap): Uint8ClampedArray {
    const context = new OffscreenCanvas(this.width, this.height).getContext('2d')!;
    context.drawImage(picture, 0, 0, this.width, this.height);
    return context.getImageData(0, 0, this.width, this.height).data;
  }

  /** Begin a change; `commit` ends it. */
  begin(): void {
    this.#before = this.labels.slice();
    this.#box = null;
  }

  /** Paint a thick line between two places, in the mask's pixels. */
  line(x0: number, y0: number, x1: number, y1: number, radius: number, label: number): void {
    const left = Math.max(0, Math.floor(Math.min(x0, x1) - radius));
    const right = Math.min(this.width, Math.ceil(Math.max(x0, x1) + radius) + 1);
    const top = Math.max(0, Math.floor(Math.min(y0, y1) - radius));
    const bottom = Math.min(this.height, Math.ceil(Math.max(y0, y1) + radius) + 1);
    const [dx, dy] = [x1 - x0, y1 - y0];
    const length = dx * dx + dy * dy || 1;
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        const along = Math.max(0, Math.min(1, ((x - x0) * dx + (y - y0) * dy) / length));
        const [ex, ey] = [x - x0 - along * dx, y - y0 - along * dy];
        if (ex * ex + ey * ey <= radius * radius) this.labels[y * this.width + x] = label;
      }
    }
    if (right > left && bottom > top) this.#touch([left, top, right, bottom]);
    this.ondraw?.();
  }

  /** Fill what is connected and looks like the place: `pixels` is the photo, RGBA, at this size. */
  fill(x: number, y: number, pixels: Uint8ClampedArray, tolerance: number, label: number): void {
    const { width, height, labels } = this;
    const start = Math.round(y) * width + Math.round(x);
    const seen = new Uint8Array(width * height);
    const stack = [start];
    const [r, g, b] = [pixels[4 * start]!, pixels[4 * start + 1]!, pixels[4 * start + 2]!];
    const most = 3 * tolerance * tolerance;
    seen[start] = 1;
    while (stack.length) {
      const at = stack.pop()!;
      labels[at] = label;
      const column = at % width;
      for (const next of [column > 0 ? at - 1 : -1, column < width - 1 ? at + 1 : -1, at - width, at + width]) {
        if (next < 0 || next >= width * height || seen[next]) continue;
        seen[next] = 1;
        const [dr, dg, db] = [pixels[4 * next]! - r, pixels[4 * next + 1]! - g, pixels[4 * next + 2]! - b];
        if (dr * dr + dg * dg + db * db <= most) stack.push(next);
      }
    }
    this.#touch([0, 0, width, height]);
  }

  /** Give the whole picture one label. */
  all(label: number): void {
    this.begin();
    this.labels.fill(label);
    this.#touch([0, 0, this.width, this.height]);
    this.commit();
  }

  commit(): void {
    const [before, box] = [this.#before, this.#box];
    this.#before = this.#box = null;
    if (!before || !box) return;
    const patch = { ...place(box), before: this.#cut(before, box), after: this.#cut(this.labels, box) };
    if (patch.before.every((label, i) => label === patch.after[i])) return;
    this.#undo = [...this.#undo.slice(1 - STEPS), patch];
    this.#redo = [];
    this.#changed();
  }

  undo(): void {
    const patch = this.#undo.pop();
    if (!patch) return;
    this.#paste(patch, patch.before);
    this.#redo.push(patch);
    this.#changed();
  }

  redo(): void {
    const patch = this.#redo.pop();
    if (!patch) return;
    this.#paste(patch, patch.after);
    this.#undo.push(patch);
    this.#changed();
  }

  /** Styles that are gone give their places to the photo. */
  limit(styles: number): void {
    if (!this.labels.some((label) => label > styles)) return;
    this.begin();
    this.labels = this.labels.map((label) => (label > styles ? PHOTO : label));
    this.#touch([0, 0, this.width, this.height]);
    this.commit();
  }

  /** Return the shares of the picture that the labels have. */
  shares(): number[] {
    const counts = [0, 0, 0, 0, 0];
    for (const label of this.labels) counts[label]!++;
    return counts.map((count) => count / this.labels.length);
  }

  /** Return a grey PNG of one number for each label, 0 to 1. */
  grey(values: number[], blur = 0): Promise<Blob> {
    const canvas = this.#canvas((label) => {
      const level = Math.round(255 * (values[label] ?? 0));
      return [level, level, level, 255];
    });
    return png(blur > 0 ? blurred(canvas, blur * Math.max(this.width, this.height)) : canvas);
  }

  /** Return the labels in colours, to lay over the photo. */
  colored(colors: [number, number, number][], alpha: number): HTMLCanvasElement {
    return this.#canvas((label) => (label === PHOTO ? [0, 0, 0, 0] : [...colors[label - 1]!, alpha]));
  }

  #canvas(color: (label: number) => number[]): HTMLCanvasElement {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [this.width, this.height];
    const image = new ImageData(this.width, this.height);
    // four bytes at a time, as this happens at every move of the brush
    const table = new Uint32Array(new Uint8Array([0, 1, 2, 3, 4].flatMap(color)).buffer);
    const pixels = new Uint32Array(image.data.buffer);
    for (let i = 0; i < pixels.length; i++) pixels[i] = table[this.labels[i]!]!;
    canvas.getContext('2d')!.putImageData(image, 0, 0);
    return canvas;
  }

  #touch(box: Box): void {
    const old = this.#box ?? box;
    const [a, b, c, d] = box;
    this.#box = [Math.min(a, old[0]), Math.min(b, old[1]), Math.max(c, old[2]), Math.max(d, old[3])];
  }

  #cut(labels: Uint8Array, [left, top, right, bottom]: Box): Uint8Array {
    const cut = new Uint8Array((right - left) * (bottom - top));
    for (let y = top; y < bottom; y++) {
      cut.set(labels.subarray(y * this.width + left, y * this.width + right), (y - top) * (right - left));
    }
    return cut;
  }

  #paste(patch: Patch, labels: Uint8Array): void {
    for (let y = 0; y < patch.height; y++) {
      const row = labels.subarray(y * patch.width, (y + 1) * patch.width);
      this.labels.set(row, (patch.y + y) * this.width + patch.x);
    }
  }

  #changed(): void {
    this.canUndo = this.#undo.length > 0;
    this.canRedo = this.#redo.length > 0;
    this.version++;
  }
}

function place([left, top, right, bottom]: Box): { x: number; y: number; width: number; height: number } {
  return { x: left, y: top, width: right - left, height: bottom - top };
}

function blurred(canvas: HTMLCanvasElement, radius: number): HTMLCanvasElement {
  const soft = document.createElement('canvas');
  [soft.width, soft.height] = [canvas.width, canvas.height];
  const context = soft.getContext('2d')!;
  context.drawImage(canvas, 0, 0); // so that edges blur into themselves, not into nothing
  context.filter = `blur(${radius}px)`;
  context.drawImage(canvas, 0, 0);
  return soft;
}

function png(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no picture of the mask'))), 'image/png');
  });
}
