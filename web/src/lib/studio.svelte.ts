/** What the user is working on: photos, styles, options, regions. */
import { api, thumbnail, upload } from './api';
import { t } from './i18n.svelte';
import { Mask, PHOTO } from './mask.svelte';
import { bitmapOf, decoded, photoOf, transparent } from './pictures';
import { explain, toasts } from './toasts.svelte';
import type { Ask, Declared, JobAsk, Option, StoredFile, Style, StyleRef, Values } from './types';

export const MOST_STYLES = 4;
export const REGION_COLORS: [number, number, number][] = [[232, 83, 47], [52, 84, 209], [222, 165, 33], [24, 140, 104]];

export class Photo {
  id = $state('');
  share = $state(0); // of the upload
  error = $state('');
  mask = $state<Mask | null>(null);
  bitmap = $state<ImageBitmap | null>(null);
  width = $state(0);
  height = $state(0);

  clear = $state(false); // whether some of it is transparent

  constructor(
    readonly name: string,
    readonly file: File | null,
  ) {}

  take(stored: StoredFile): void {
    this.id = stored.id;
    this.width = stored.width ?? 0;
    this.height = stored.height ?? 0;
  }

  get longest(): number {
    return Math.max(this.width, this.height);
  }

  /** Get what is shown of it, once: from the file itself, where the browser knows its format. */
  async show(): Promise<void> {
    if (this.bitmap || (!this.id && !this.file)) return;
    this.bitmap = this.file ? await decoded(this.file).catch(() => null) : await photoOf(this.id);
    if (!this.bitmap && this.id) this.bitmap = await bitmapOf(thumbnail(this.id, 1024));
    if (!this.bitmap) return;
    this.clear = transparent(this.bitmap);
    if (!this.width) [this.width, this.height] = [this.bitmap.width, this.bitmap.height];
  }
}

export interface Chosen {
  key: string;
  ref: StyleRef;
  title: string;
  thumb: string;
  picture: boolean; // whether its picture is known, and not its code alone
  strength: number; // where regions are painted
}

/** What a style is called on its card: without its painter, whom the card's hint names. */
export function shortTitle(style: Style): string {
  const drawn = style.title.includes('(') && style.title.includes(style.name); // "draw('ink', ...)"
  const words = drawn ? style.name.replaceAll('-', ' ') : style.title.split(',')[0]!;
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export interface OwnPicture {
  id: string;
  title: string;
}

const OWN = 'impasto.styles';
const WORK = 'impasto.work';

interface Work {
  request: JobAsk;
  names: string[];
  active: number;
}

class Studio {
  declared = $state<Declared | null>(null);
  styles = $state<Style[]>([]);
  own = $state<OwnPicture[]>(JSON.parse(localStorage.getItem(OWN) ?? '[]') as OwnPicture[]);
  photos = $state<Photo[]>([]);
  active = $state(0);
  chosen = $state<Chosen[]>([]);
  weights = $state<number[]>([]);
  values = $state<Values>({});
  guides = $state<Values>({});
  output = $state<Values>({});
  quality = $state('');
  refine = $state('');
  regions = $state<'off' | 'paint' | 'auto'>('off');
  dragging = $state(false); // a slider or the pad: the result follows at preview size
  masks = $state<string[]>([]); // the painted regions, as files
  strengthMap = $state('');

  photo = $derived<Photo | null>(this.photos[this.active] ?? null);

  /** Ask what there is to ask for. */
  async start(): Promise<void> {
    [this.declared, this.styles] = await Promise.all([api.options(), api.styles()]);
    this.quality ||= this.live[0] ?? '';
    this.refine ||= this.patient.at(-1) ?? '';
    const work = JSON.parse(sessionStorage.getItem(WORK) ?? 'null') as Work | null;
    if (work && !this.photos.length) await this.load(work.request, work.names, work.active);
  }

  /** Keep what is worked on, for a page that is loaded anew. */
  remember(): void {
    const there = this.photos.filter((photo) => photo.id);
    const request = { ...this.job(this.quality, false), content: there.map((photo) => photo.id) };
    const work: Work = { request, names: there.map((photo) => photo.name), active: this.active };
    sessionStorage.setItem(WORK, JSON.stringify(work));
  }

  /** Qualities that answer at once, and those that go step by step. */
  get live(): string[] {
    return this.#qualities(false);
  }

  get patient(): string[] {
    return this.#qualities(true);
  }

  #qualities(steps: boolean): string[] {
    const { qualities = [], methods = {} } = this.declared ?? {};
    return qualities.filter((q) => (methods[q] ?? []).some((o) => o.name === 'steps') === steps);
  }

  optionsOf(quality: string): Option[] {
    return this.declared?.methods[quality] ?? [];
  }

  async addPhotos(files: File[]): Promise<void> {
    const first = this.photos.length;
    const added = files.map((file) => new Photo(file.name, file));
    this.photos = [...this.photos, ...added];
    this.active = first;
    for (const [i, photo] of added.entries()) {
      try {
        void photo.show();
        photo.take(await upload(files[i]!, photo.name, (share) => (photo.share = share)));
        await photo.show();
      } catch (error) {
        photo.error = explain(error);
        toasts.error(t('error.photo', { name: photo.name }), error);
        this.photos = this.photos.filter((p) => p !== photo);
        this.active = Math.max(0, Math.min(this.active, this.photos.length - 1));
      }
    }
  }

  removePhoto(photo: Photo): void {
    const at = this.photos.indexOf(photo);
    this.photos = this.photos.filter((p) => p !== photo);
    if (this.active >= at) this.active = Math.max(0, this.active - 1);
  }

  chosenOf(style: Style): Chosen {
    return { key: `name:${style.name}`, ref: { name: style.name }, title: shortTitle(style), thumb: style.thumbnail, picture: style.picture ?? true, strength: 1 };
  }

  chosenFile(id: string, title: string): Chosen {
    return { key: `file:${id}`, ref: { file: id }, title, thumb: thumbnail(id, 256), picture: true, strength: 1 };
  }

  isChosen(key: string): number {
    return this.chosen.findIndex((c) => c.key === key);
  }

  /** Take a style in place of all others, or beside them. */
  choose(style: Chosen, beside: boolean): void {
    const at = this.isChosen(style.key);
    if (at >= 0 && beside) return this.unchoose(style.key);
    if (!beside) this.chosen = [style];
    else if (this.chosen.length < MOST_STYLES) this.chosen = [...this.chosen, style];
    else return toasts.note(t('styles.most', { count: MOST_STYLES }));
    this.#evenly();
  }

  unchoose(key: string): void {
    this.chosen = this.chosen.filter((c) => c.key !== key);
    this.#evenly();
  }

  #evenly(): void {
    this.weights = this.chosen.map(() => 1 / this.chosen.length);
    for (const photo of this.photos) photo.mask?.limit(this.chosen.length);
  }

  async addStylePictures(files: File[], beside = false): Promise<void> {
    for (const file of files) {
      try {
        const stored = await upload(file, file.name);
        const title = file.name.replace(/\.\w+$/, '');
        this.own = [{ id: stored.id, title }, ...this.own.filter((o) => o.id !== stored.id)].slice(0, 40);
        localStorage.setItem(OWN, JSON.stringify(this.own));
        this.choose(this.chosenFile(stored.id, title), beside || file !== files[0]);
      } catch (error) {
        toasts.error(t('error.style', { name: file.name }), error);
      }
    }
  }

  forgetOwn(id: string): void {
    this.own = this.own.filter((o) => o.id !== id);
    localStorage.setItem(OWN, JSON.stringify(this.own));
    this.unchoose(`file:${id}`);
  }

  /** What is asked for, as the server takes it; options that are as they were are left out. */
  ask(quality: string): Ask {
    const ask: Ask = { styles: this.chosen.map((c) => c.ref), options: { quality, ...this.given(this.optionsOf(quality), this.values) } };
    if (this.chosen.length > 1) ask.blend = this.weights.map((w) => Math.round(w * 1000) / 1000);
    if (ask.blend && this.regions !== 'off') delete ask.blend; // each region has one style
    const guides = this.given(this.declared?.guides ?? [], this.guides);
    if (this.regions === 'auto') ask.masks = this.chosen.map(() => 'auto');
    if (this.regions === 'paint' && this.masks.length === this.chosen.length) {
      ask.masks = this.masks;
      if (this.strengthMap) ask.strength_map = this.strengthMap;
    }
    if (!ask.masks) delete guides.feather;
    return Object.assign(ask, guides);
  }

  job(quality: string, all: boolean): JobAsk {
    const photos = all ? this.photos : this.photo ? [this.photo] : [];
    const output = this.given(this.declared?.output ?? [], this.output);
    const ask = this.ask(quality);
    if (all && this.regions === 'paint') {
      delete ask.masks; // painted for one photo alone
      delete ask.strength_map;
      delete ask.feather;
    }
    const ids = photos.map((p) => p.id).filter(Boolean);
    return { kind: 'stylize', content: ids.length === 1 ? ids[0]! : ids, ...ask, output };
  }

  /** Return the values that differ from the defaults, of options that there are. */
  given(options: Option[], values: Values): Values {
    const pairs = options.map((o) => [o.name, values[o.name]] as const);
    const set = pairs.filter(([, v], i) => v !== undefined && v !== null && v !== '' && v !== options[i]!.default);
    return Object.fromEntries(set);
  }

  /** Take over a request, to run it again with changes. */
  async load(request: JobAsk, names: string[], active = 0): Promise<void> {
    const contents = [request.content ?? []].flat();
    this.photos = contents.map((id, i) => new Photo(names[i] ?? id.slice(0, 8), null));
    this.photos.forEach((photo, i) => (photo.id = contents[i]!));
    this.active = Math.min(active, Math.max(0, contents.length - 1));
    await this.photo?.show().catch(() => undefined);
    this.chosen = (request.styles ?? []).map((ref) => this.#found(ref));
    this.weights = request.blend ?? this.chosen.map(() => 1 / this.chosen.length);
    const { quality, ...values } = { ...request.options };
    this.values = values;
    if (typeof quality === 'string') this.patient.includes(quality) ? (this.refine = quality) : (this.quality = quality);
    this.guides = Object.fromEntries(Object.entries(request).filter(([name]) => this.declared?.guides.some((g) => g.name === name)));
    this.output = { ...request.output };
    await this.#loadMasks(request.masks ?? [], request.strength_map ?? '');
  }

  async #loadMasks(masks: string[], map: string): Promise<void> {
    const { photo } = this;
    this.regions = masks.some((m) => m.startsWith('auto')) ? 'auto' : 'off';
    if (!photo?.width || !masks.length || this.regions === 'auto') return;
    const pictures = await Promise.all(masks.map((id) => bitmapOf(api.fileUrl(id)))).catch(() => []);
    if (!pictures.length) return; // they were cleaned up since
    const mask = Mask.of(photo.width, photo.height, pictures);
    const strong = map ? await bitmapOf(api.fileUrl(map)).catch(() => null) : null;
    const strengths = strong ? mask.means(strong) : [];
    this.chosen = this.chosen.map((style, i) => ({ ...style, strength: strengths[i + 1] ?? 1 }));
    photo.mask = mask;
    this.regions = 'paint';
  }

  /** Make a picture a style of the gallery, under its name. */
  async saveStyle(picture: OwnPicture): Promise<void> {
    const plain = picture.title.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '') || 'style';
    let name = plain;
    for (let n = 2; this.styles.some((style) => style.name === name); n++) name = `${plain}-${n}`;
    try {
      const response = await fetch(api.fileUrl(picture.id));
      const style = await api.addStyle(name, [await response.blob()]);
      this.styles = await api.styles();
      toasts.note(t('styles.saved', { name: style.title }));
    } catch (error) {
      toasts.error(t('error.save'), error);
    }
  }

  #found(ref: StyleRef): Chosen {
    if (ref.file) return this.chosenFile(ref.file, this.own.find((o) => o.id === ref.file)?.title ?? ref.file.slice(0, 8));
    const style = this.styles.find((s) => s.name === ref.name);
    const name = ref.name ?? '';
    return style ? this.chosenOf(style) : { key: `name:${name}`, ref: { name }, title: name, thumb: '', picture: true, strength: 1 };
  }

  /** Store the painted regions as files: a mask for each style, and how strongly where. */
  async storeMasks(mask: Mask): Promise<void> {
    const count = this.chosen.length;
    const file = async (values: number[], blur: number, name: string) =>
      (await upload(await mask.grey(values, blur), name)).id;
    const one = (label: number) => [0, 1, 2, 3, 4].map((l) => (l === label ? 1 : 0));
    const ids = await Promise.all(this.chosen.map((_, i) => file(one(i + 1), 0, `region-${i + 1}.png`)));
    const strengths = this.chosen.map((c) => c.strength);
    // where no style is to be, several would share the place
    const uneven = strengths.some((s) => s !== 1) || (count > 1 && mask.shares()[PHOTO]! > 0);
    const feather = Number(this.guides.feather ?? 0);
    const map = uneven ? await file([0, ...strengths], feather, 'strength.png') : '';
    if (count !== this.chosen.length) return; // a newer call will do
    [this.masks, this.strengthMap] = [ids, map];
  }
}

export const studio = new Studio();
