// Requests to the admin interface that this page was served by, with the tab's token.

import type { Me } from "./types.ts";

const KEY = "fusebox-token";

/** A refusal in the words of the interface. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly requestId: string,
    readonly retryAfter: number | null = null,
  ) {
    super(detail || title);
  }
}

/** What the tab knows of its user. The token ends with the tab: it is in no cookie and no file. */
export const session = {
  me: null as Me | null,
  token(): string | null {
    return sessionStorage.getItem(KEY);
  },
  enter(token: string): void {
    sessionStorage.setItem(KEY, token);
  },
  leave(): void {
    sessionStorage.removeItem(KEY);
    session.me = null;
  },
};

/** Where the interface is: below this page's address, whether or not a slash ends that. */
export function address(path: string): string {
  return `${location.origin}${location.pathname.replace(/\/?$/, "/")}${path}`;
}

export function headers(more: Record<string, string> = {}): Record<string, string> {
  const token = session.token();
  return token ? { ...more, Authorization: `Bearer ${token}` } : more;
}

interface Ask {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

async function send(path: string, ask: Ask): Promise<Response> {
  const more: Record<string, string> = { ...ask.headers };
  if (ask.body !== undefined) more["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(address(path), {
      method: ask.method ?? "GET",
      headers: headers(more),
      body: ask.body === undefined ? null : JSON.stringify(ask.body),
      signal: ask.signal ?? null,
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, "No answer", "The daemon does not answer.", "");
  }
  if (!response.ok) throw await problem(response);
  return response;
}

export async function problem(response: Response): Promise<Problem> {
  const told = await response.json().catch(() => ({}));
  return new Problem(
    response.status,
    told.title ?? `Status ${response.status}`,
    told.detail ?? "",
    told.request_id ?? response.headers.get("x-request-id") ?? "",
    told.retry_after ?? null,
  );
}

/** Reads JSON. */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await send(path, signal ? { signal } : {});
  return (await response.json()) as T;
}

/** Reads JSON with its entity tag. */
export async function tagged<T>(path: string): Promise<[T, string | null]> {
  const response = await send(path, {});
  return [(await response.json()) as T, response.headers.get("etag")];
}

/** Reads a text as it is. */
export async function text(path: string): Promise<string> {
  return (await send(path, {})).text();
}

/** Does something. The answer says whether its audit entry is on disk already. */
export async function act(
  method: string,
  path: string,
  body?: unknown,
  more: Record<string, string> = {},
): Promise<{ pending: boolean; body: unknown }> {
  const response = await send(path, { method, body, headers: more });
  const told: unknown = await response.json().catch(() => null);
  return { pending: response.headers.get("fusebox-audit") === "pending", body: told };
}

export function circuitPath(name: string): string {
  return `api/v1/circuit-breakers/${encodeURIComponent(name)}`;
}

export function branchPath(name: string, key: string): string {
  return `${circuitPath(name)}/branches/${encodeURIComponent(key)}`;
}
