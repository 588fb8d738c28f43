/** Names of files. What the server can write it says itself, in its options. */

/** Return what a file's name ends with: image/jpeg -> jpg. */
export function suffixOf(type: string): string {
  const name = type.split(';')[0]!.split('/')[1] ?? 'bin';
  return { jpeg: 'jpg', tiff: 'tif', quicktime: 'mov', 'x-matroska': 'mkv' }[name] ?? name;
}

export function isFilm(file: File): boolean {
  return file.type.startsWith('video/') || /\.(mkv|mov|avi|m4v)$/i.test(file.name);
}
