/** Pictures of the server, decoded. */
import { ApiError } from './api';

export async function bitmapOf(url: string): Promise<ImageBitmap> {
  const response = await fetch(url);
  if (!response.ok) throw new ApiError(response.status, `HTTP ${response.status}`);
  return createImageBitmap(await response.blob());
}
