/** Zoom and pan: how a picture's coordinates become the screen's. */

export interface View {
  scale: number; // screen pixels for each pixel of the picture
  x: number; // where the picture's corner is on the screen
  y: number;
}

const MOST = 32;

export function fit(width: number, height: number, across: number, down: number, margin: number): View {
  const room = [Math.max(1, across - 2 * margin), Math.max(1, down - 2 * margin)] as const;
  const scale = Math.min(room[0] / width, room[1] / height, 4);
  return { scale, x: (across - width * scale) / 2, y: (down - height * scale) / 2 };
}

/** Zoom by a factor while the place under (x, y) stays where it is. */
export function zoom(view: View, factor: number, x: number, y: number, least: number): View {
  const scale = Math.min(MOST, Math.max(least, view.scale * factor));
  const by = scale / view.scale;
  return { scale, x: x - (x - view.x) * by, y: y - (y - view.y) * by };
}

/** Keep some of the picture in sight. */
export function kept(view: View, width: number, height: number, across: number, down: number): View {
  const edge = 48;
  const clamp = (at: number, size: number, room: number) =>
    Math.min(room - edge, Math.max(edge - size * view.scale, at));
  return { scale: view.scale, x: clamp(view.x, width, across), y: clamp(view.y, height, down) };
}
