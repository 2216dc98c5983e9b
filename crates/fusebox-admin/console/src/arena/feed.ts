// The stream of the arena. Each event is the whole document, so there is nothing to take up again:
// the newest one is all there is to know.

import { address, Problem, problem } from "../api.ts";
import { readEvents } from "../sse.ts";
import type { Arena } from "./types.ts";

/** It writes four times a second; so long without is a hang. */
const SILENCE_MS = 5000;
const RETRY_MS = [500, 1000, 2000, 3000];

export const feed = {
  state: "connecting" as "connecting" | "live" | "lost",
  heardAt: 0,
  retryAt: 0,
  problem: null as Problem | null,
};

let attempt = 0;
let stop: AbortController | null = null;
let timer = 0;

/** Follows the stream for ever. `take` gets each document, `changed` is called when the link does. */
export function follow(take: (arena: Arena) => void, changed: () => void): void {
  const connect = () => {
    clearTimeout(timer);
    stop?.abort();
    stop = new AbortController();
    void listen(stop.signal, take, changed).then((again) => {
      if (!again) return;
      const wait = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] ?? SILENCE_MS;
      attempt += 1;
      feed.state = "lost";
      feed.retryAt = Date.now() + wait;
      timer = window.setTimeout(connect, wait);
      changed();
    });
  };
  setInterval(() => {
    if (feed.state !== "live" || Date.now() - feed.heardAt < SILENCE_MS) return;
    feed.state = "lost";
    changed();
    connect();
  }, 1000);
  connect();
}

/** One connection, to its end. False where it was given up for another one. */
async function listen(
  signal: AbortSignal,
  take: (arena: Arena) => void,
  changed: () => void,
): Promise<boolean> {
  const heard = () => {
    feed.heardAt = Date.now();
    attempt = 0;
    if (feed.state === "live") return;
    feed.state = "live";
    changed();
  };
  try {
    const response = await fetch(address("api/stream"), {
      headers: { Accept: "text/event-stream" },
      signal,
      cache: "no-store",
      credentials: "omit",
    });
    if (!response.ok) throw await problem(response);
    if (!response.body) throw new Problem(0, "No answer", "The stream is empty.", "");
    feed.problem = null;
    await readEvents(response.body, signal, heard, ({ data }) => {
      if (data) take(JSON.parse(data) as Arena);
    });
  } catch (error) {
    feed.problem = error instanceof Problem ? error : null;
  }
  return !signal.aborted;
}
