/** What the server says and takes; see docs/server.md. */

export interface Option {
  name: string;
  help: string;
  group: string;
  type: 'number' | 'integer' | 'boolean' | 'string' | 'choice' | 'list';
  default: unknown;
  minimum?: number | null;
  maximum?: number | null;
  choices?: string[] | null;
  advanced?: boolean;
}

export interface Declared {
  qualities: string[];
  methods: Record<string, Option[]>;
  guides: Option[];
  film: Option[];
  train: Option[];
  output: Option[];
  film_output: Option[];
  live_pixels: number; // of a picture that is painted at once
}

export interface Style {
  name: string;
  title: string;
  kind: 'preset' | 'own' | 'network';
  thumbnail: string;
  credit?: string | null;
  removable?: boolean;
  picture?: boolean; // whether its picture is here, which patient methods need
}

export interface StoredFile {
  id: string;
  kind: 'picture' | 'film' | 'style';
  type: string;
  bytes: number;
  width?: number | null;
  height?: number | null;
  frames?: number | null;
  seconds?: number | null;
  name?: string | null;
}

export interface StyleRef {
  name?: string | null;
  file?: string | null;
}

export type Values = Record<string, unknown>;

export interface Ask {
  styles: StyleRef[];
  blend?: number[];
  masks?: string[];
  strength_map?: string;
  feather?: number;
  faces?: number;
  options?: Values;
  output?: Values;
}

export interface JobAsk extends Ask {
  kind: 'stylize' | 'video' | 'train';
  content?: string | string[];
  film?: Values;
  train?: Values;
}

export type JobState = 'queued' | 'running' | 'paused' | 'done' | 'failed' | 'cancelled';

export interface Progress {
  step?: number;
  total?: number;
  done?: number;
  width?: number;
  height?: number;
  loss?: number | null;
  losses?: Record<string, number> | null;
  seconds_left?: number | null;
  rate?: number | null;
  message?: string | null;
}

export interface Result {
  url: string;
  type: string;
  bytes: number;
  width?: number | null;
  height?: number | null;
  preview?: string | null;
  recipe?: Values | null;
}

export interface Job {
  id: string;
  kind: 'stylize' | 'video' | 'train';
  state: JobState;
  created: string;
  started?: string | null;
  ended?: string | null;
  position?: number | null;
  request: JobAsk;
  contents: string[]; // their names
  progress?: Progress | null;
  error?: string | null;
  result?: Result | null;
  command?: string | null;
  python?: string | null;
  thumbnail?: string | null;
}

/** What a file's signature says; see docs/provenance.md. */
export interface Verdict {
  state: 'trusted' | 'valid' | 'tampered' | 'none';
  signer?: string | null;
  issuer?: string | null;
  program?: string | null;
  sources: { name: string; role: string; sha256: string | null; state: string }[];
  recipe?: Values | null;
  notes: string[];
}

export interface Losses {
  steps: number[];
  losses: Record<string, number[]>;
}

export function isOpen(job: Job): boolean {
  return job.state === 'queued' || job.state === 'running' || job.state === 'paused';
}
