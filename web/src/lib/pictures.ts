/** Pictures, decoded. */
import { api, ApiError, thumbnail } from './api';

const MOST = 4096; // longest side that is kept in memory to be looked at

export async function bitmapOf(url: string): Promise<ImageBitmap> {
  const response = await fetch(url);
  if (!response.ok) throw new ApiError(response.status, `HTTP ${response.status}`);
  return decoded(await response.blob());
}

/** Return an uploaded photo as it is, or where the browser cannot show that, its thumbnail. */
export async function photoOf(id: string): Promise<ImageBitmap> {
  try {
    return await bitmapOf(api.fileUrl(id));
  } catch (error) {
    if (error instanceof ApiError) throw error;
    return bitmapOf(thumbnail(id, 1024));
  }
}

/** Decode a picture, turned as its camera was, at most so large. */
export async function decoded(blob: Blob): Promise<ImageBitmap> {
  const whole = await createImageBitmap(blob);
  const scale = MOST / Math.max(whole.width, whole.height);
  if (scale >= 1) return whole;
  const size = { resizeWidth: Math.round(whole.width * scale), resizeHeight: Math.round(whole.height * scale) };
  const small = await createImageBitmap(whole, { ...size, resizeQuality: 'high' });
  whole.close();
  return small;
}

/** Return whether some of a picture is transparent, as seen on a small copy. */
export function transparent(bitmap: ImageBitmap): boolean {
  const canvas = new OffscreenCanvas(64, 64);
  const context = canvas.getContext('2d')!;
  context.drawImage(bitmap, 0, 0, 64, 64);
  return context.getImageData(0, 0, 64, 64).data.some((value, i) => i % 4 === 3 && value < 250);
}
