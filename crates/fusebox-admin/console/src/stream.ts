// The live stream. It comes again by itself, goes on where it was, and says at every moment how
// things stand.

import { address, headers, Problem, problem, session } from "./api.ts";
import { readEvents, type Told } from "./sse.ts";
import { store } from "./store.ts";

export type Link = "connecting" | "live" | "stale" | "lost" | "refused";

/** The daemon writes something every 15 s at least; so long without is a hang. */
const SILENCE_MS = 20_000;
const RETRY_MS = [500, 1000, 2000, 4000, 5000];

export const link = {
  state: "connecting" as Link,
  /** When something was heard last, by this machine's clock. */
  heardAt: 0,
  /** When it tries again, while it is lost. */
  retryAt: 0,
  problem: null as Problem | null,
  listeners: new Set<() => void>(),
};

let attempt = 0;
let lastId = "";
let stop: AbortController | null = null;
let timer = 0;

/** Begins, or begins anew: after a token was entered. */
export function connect(): void {
  clearTimeout(timer);
  stop?.abort();
  stop = new AbortController();
  void follow(stop.signal);
}

export function disconnect(): void {
  clearTimeout(timer);
  stop?.abort();
  lastId = "";
}

/** Called every second: what is silent for too long is stale. */
export function watch(): void {
  if (link.state === "live" && Date.now() - link.heardAt > SILENCE_MS) {
    become("stale");
    connect();
  }
}

async function follow(signal: AbortSignal): Promise<void> {
  try {
    const more: Record<string, string> = { Accept: "text/event-stream" };
    if (lastId) more["Last-Event-ID"] = lastId;
    const response = await fetch(address("api/v1/circuit-breakers/stream"), {
      headers: headers(more),
      signal,
      cache: "no-store",
      credentials: "omit",
    });
    if (!response.ok) throw await problem(response);
    if (!response.body) throw new Error("no body");
    await readEvents(response.body, signal, heard, take);
    // It ends by itself every ten minutes: no trouble, and no reason to wait.
    if (!signal.aborted) again(attempt === 0 ? 0 : undefined);
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof Problem && (error.status === 401 || error.status === 403)) {
      link.problem = error;
      lastId = "";
      become("refused");
      return;
    }
    link.problem = error instanceof Problem ? error : null;
    again();
  }
}

function again(after?: number): void {
  const wait = after ?? RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] ?? 5000;
  attempt += 1;
  link.retryAt = Date.now() + wait;
  if (wait > 0) become("lost");
  timer = window.setTimeout(connect, wait);
}

function heard(): void {
  link.heardAt = Date.now();
  attempt = 0;
  if (link.state !== "live") become("live");
}

function take({ id, kind, data }: Told): void {
  if (id) lastId = id;
  if (!data) return;
  const told = JSON.parse(data);
  if (kind === "snapshot") store.snapshot(told.main, told.circuits);
  else if (kind === "delta") store.delta(told.main, told.circuits, told.removed);
  else if (kind === "event") store.event(told);
}

function become(state: Link): void {
  link.state = state;
  if (state === "refused" && link.problem?.status === 401) session.me = null;
  for (const listener of link.listeners) listener();
}
