/** Names of file formats. What the server can write it says itself, in its options. */
import type { Option } from './types';

const FILMS = new Set(['mp4', 'webm', 'mov', 'mkv', 'gif']);

function only(option: Option, films: boolean): Option {
  if (option.name !== 'format' || !option.choices) return option;
  return { ...option, choices: option.choices.filter((choice) => FILMS.has(choice) === films) };
}

/** Leave out the formats that only films have. */
export function pictureOnly(option: Option): Option {
  return only(option, false);
}

/** Leave out the formats that only pictures have. */
export function filmOnly(option: Option): Option {
  return only(option, true);
}

/** Return what a file's name ends with: image/jpeg -> jpg. */
export function suffixOf(type: string): string {
  const name = type.split(';')[0]!.split('/')[1] ?? 'bin';
  return { jpeg: 'jpg', tiff: 'tif', quicktime: 'mov', 'x-matroska': 'mkv' }[name] ?? name;
}

export function isFilm(file: File): boolean {
  return file.type.startsWith('video/') || /\.(mkv|mov|avi|m4v)$/i.test(file.name);
}
