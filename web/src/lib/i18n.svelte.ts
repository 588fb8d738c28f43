/** Texts in the reader's language: what the browser asks for, unless the user chose another. */
import { de } from '../texts/de';
import { en } from '../texts/en';
import { labels } from '../texts/options';
import { zh } from '../texts/zh';
import type { Option } from './types';

export type Key = keyof typeof en;
export type Language = 'en' | 'de' | 'zh';
export const LANGUAGES: Record<Language, string> = { en: 'English', de: 'Deutsch', zh: '中文' };
const TEXTS: Record<Language, Record<Key, string>> = { en, de, zh };
const KEY = 'impasto.language';

function preferred(): Language {
  const kept = localStorage.getItem(KEY);
  for (const tag of [kept ?? '', ...navigator.languages]) {
    const found = tag.toLowerCase().slice(0, 2);
    if (found in LANGUAGES) return found as Language;
  }
  return 'en';
}

let language = $state<Language>(preferred());

export function currentLanguage(): Language {
  return language;
}

export function setLanguage(next: Language): void {
  language = next;
  localStorage.setItem(KEY, next);
}

/** Return a text, `{name}` in it replaced. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  return TEXTS[language][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Return the text of a key that is made up, or what stands in for it. */
export function maybe(key: string, otherwise: string): string {
  return (TEXTS[language] as Record<string, string>)[key] ?? otherwise;
}

function spaced(name: string): string {
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What an option is called: translated where there is a word, else its name. */
export function labelOf(option: Option): string {
  return labels[language]?.[option.name]?.[0] ?? spaced(option.name);
}

/** What an option does: translated where there is a text, else the server's. */
export function helpOf(option: Option): string {
  return labels[language]?.[option.name]?.[1] ?? option.help;
}

export function choiceText(choice: string): string {
  return maybe(`choice.${choice}`, spaced(choice));
}

export function groupText(group: string): string {
  return maybe(`group.${group}`, group);
}

export function qualityText(quality: string): string {
  return maybe(`quality.${quality}`, spaced(quality));
}

export function number(value: number, digits = 0): string {
  return value.toLocaleString(language, { maximumFractionDigits: digits, minimumFractionDigits: digits });
}

export function bytes(value: number): string {
  if (value < 1000) return `${value} B`;
  const power = Math.min(3, Math.floor(Math.log10(value) / 3));
  return `${number(value / 1000 ** power, value / 1000 ** power < 10 ? 1 : 0)} ${['B', 'kB', 'MB', 'GB'][power]}`;
}

/** Return a time span, as 7 s, 2:05 min or 1:10 h. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const two = (n: number) => String(n).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole % 60)} min`;
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)} h`;
}

export function moment(iso: string): string {
  const time = new Date(iso);
  const today = time.toDateString() === new Date().toDateString();
  const how: Intl.DateTimeFormatOptions = today ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' };
  // as the browser's region writes it
  return time.toLocaleString(navigator.languages.find((tag) => tag.toLowerCase().startsWith(language)) ?? language, how);
}
