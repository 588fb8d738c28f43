/** A place on the pad and the weights of two to four styles. */

/** Where the styles stand on the pad, (x, y) in 0..1. */
export function corners(count: number): [number, number][] {
  if (count === 2) return [[0, 0.5], [1, 0.5]];
  if (count === 3) return [[0.5, 0], [0, 1], [1, 1]];
  return [[0, 0], [1, 0], [0, 1], [1, 1]];
}

export function weightsAt(x: number, y: number, count: number): number[] {
  if (count === 2) return [1 - x, x];
  if (count === 4) return [(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y];
  // the triangle's corners are (1/2, 0), (0, 1), (1, 1)
  const raw = [1 - y, y - (x - 0.5 + y / 2), x - 0.5 + y / 2].map((w) => Math.max(0, w));
  const sum = raw.reduce((a, b) => a + b, 0) || 1;
  return raw.map((w) => w / sum);
}

/** Where weights are on the pad. */
export function placeOf(weights: number[]): [number, number] {
  const sum = weights.reduce((a, b) => a + b, 0) || 1;
  let [x, y] = [0, 0];
  corners(weights.length).forEach(([cx, cy], i) => {
    x += (cx * weights[i]!) / sum;
    y += (cy * weights[i]!) / sum;
  });
  return [x, y];
}
