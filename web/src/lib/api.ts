/** The server, typed. Every failure is an ApiError whose message is one line for people. */
import type { Ask, Declared, Job, JobAsk, Losses, StoredFile, Style, Verdict } from './types';

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }

  /** Whether the server was not reached at all. */
  get offline(): boolean {
    return this.status === 0;
  }
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

function problem(status: number, body: string, retryAfter: string | null): ApiError {
  let text = '';
  try {
    const read = JSON.parse(body) as { detail?: unknown; title?: unknown };
    text = [read.detail, read.title].find((x) => typeof x === 'string' && x) as string;
  } catch {
    // not JSON: a proxy's page, or nothing
  }
  return new ApiError(status, text || `HTTP ${status}`, retryAfter ? Number(retryAfter) : null);
}

async function call(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: 'same-origin', ...init });
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new ApiError(0, '');
  }
  if (response.ok) return response;
  throw problem(response.status, await response.text(), response.headers.get('retry-after'));
}

async function json<T>(path: string, init: RequestInit = {}): Promise<T> {
  return (await call(path, init)).json() as Promise<T>;
}

function post(body: unknown, headers: Record<string, string> = {}): RequestInit {
  const all = { 'content-type': 'application/json', ...headers };
  return { method: 'POST', body: JSON.stringify(body), headers: all };
}

export interface Painted {
  blob: Blob;
  seconds: number;
}

export const api = {
  options: () => json<Declared>('/v1/options'),
  styles: async () => (await json<{ styles: Style[] }>('/v1/styles')).styles,

  addStyle(name: string, pictures: Blob[]): Promise<Style> {
    const form = new FormData();
    form.set('name', name);
    for (const picture of pictures) form.append('picture', picture);
    return json<Style>('/v1/styles', { method: 'POST', body: form });
  },

  removeStyle: (name: string) => call(`/v1/styles/${encodeURIComponent(name)}`, { method: 'DELETE' }),

  /** Paint at once. `longest` is the preview's longest side; without it, the whole size. */
  async stylize(content: string, ask: Ask, longest: number | null, signal?: AbortSignal): Promise<Painted> {
    const form = new FormData();
    form.set('content_id', content);
    form.set('request', JSON.stringify(longest ? { ...ask, longest } : ask));
    const response = await call('/v1/stylize', { method: 'POST', body: form, signal });
    const seconds = Number(response.headers.get('x-impasto-seconds') ?? 0);
    return { blob: await response.blob(), seconds };
  },

  verify(file: Blob, name: string): Promise<Verdict> {
    const form = new FormData();
    form.set('file', file, name);
    return json<Verdict>('/v1/verify', { method: 'POST', body: form });
  },

  async submit(ask: JobAsk): Promise<Job[]> {
    const key = { 'idempotency-key': crypto.randomUUID?.() ?? String(Math.random()) };
    const made = await json<Job | { jobs: Job[] }>('/v1/jobs', post(ask, key));
    return 'jobs' in made ? made.jobs : [made];
  },

  jobs(before: string | null = null, limit = 30): Promise<{ jobs: Job[]; next?: string | null }> {
    const query = new URLSearchParams({ limit: String(limit) });
    if (before) query.set('before', before);
    return json(`/v1/jobs?${query}`);
  },

  job: (id: string) => json<Job>(`/v1/jobs/${id}`),
  losses: (id: string) => json<Losses>(`/v1/jobs/${id}/losses`),
  act: (id: string, verb: 'cancel' | 'pause' | 'resume') => json<Job>(`/v1/jobs/${id}/${verb}`, { method: 'POST' }),
  keep: (id: string, step: number) => json<Job>(`/v1/jobs/${id}/keep`, post({ step })),
  removeJob: (id: string) => call(`/v1/jobs/${id}`, { method: 'DELETE' }),
  removeFile: (id: string) => call(`/v1/files/${id}`, { method: 'DELETE' }),
  fileUrl: (id: string) => `/v1/files/${id}`,
  ready: () => call('/readyz'),
};

export function thumbnail(id: string, size: number): string {
  return `/v1/files/${id}/thumbnail?size=${size}`;
}

/** Send a file; fetch cannot say how far it is, so this is the older interface. */
export function upload(file: Blob, name: string, onprogress?: (share: number) => void): Promise<StoredFile> {
  const form = new FormData();
  form.set('file', file, name);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', '/v1/files');
    request.upload.onprogress = (e) => e.lengthComputable && onprogress?.(e.loaded / e.total);
    request.onerror = () => reject(new ApiError(0, ''));
    request.onload = () => {
      if (request.status < 300) resolve(JSON.parse(request.responseText) as StoredFile);
      else reject(problem(request.status, request.responseText, request.getResponseHeader('retry-after')));
    };
    request.send(form);
  });
}

/** Let the browser save something under a name. */
export function save(href: string, name: string): void {
  const link = document.createElement('a');
  link.href = href;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
}
