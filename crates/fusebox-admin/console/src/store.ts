// Every circuit as it was told last, and what follows from the difference to before.

import { now } from "./format.ts";
import type { Circuit, HistoryEvent, Main, ShortActivity } from "./types.ts";

/** Seconds over which a rate is taken: long enough to be steady, short enough to be now. */
const RATE_OVER = 10;

interface Sample {
  at: number;
  done: number;
  failed: number;
  rejected: number;
}

/** A circuit with what this page knows beyond it. */
export interface Entry {
  circuit: Circuit;
  /** When it was told, by the daemon's clock: the time left counts from there. */
  toldAt: number;
  samples: Sample[];
  activity: ShortActivity | null;
  /** Raised by every change, so that a row knows whether it is up to date. */
  version: number;
}

export interface Rates {
  calls: number;
  rejected: number;
  /** Of the calls of the last seconds; null: there were none. */
  failed: number | null;
}

type Listener = (what: "snapshot" | "delta" | "event", event?: HistoryEvent) => void;

export const store = {
  entries: new Map<string, Entry>(),
  main: null as Main | null,
  /** Nothing was told yet. */
  isEmpty: true,
  listeners: new Set<Listener>(),

  snapshot(main: Main, circuits: Circuit[]): void {
    const names = new Set(circuits.map((circuit) => circuit.name));
    for (const name of store.entries.keys()) if (!names.has(name)) store.entries.delete(name);
    store.main = main;
    store.isEmpty = false;
    circuits.forEach(put);
    tell("snapshot");
  },

  delta(main: Main, circuits: Circuit[], removed: string[]): void {
    store.main = main;
    circuits.forEach(put);
    for (const name of removed) store.entries.delete(name);
    tell("delta");
  },

  event(event: HistoryEvent): void {
    tell("event", event);
  },

  activity(lines: Record<string, ShortActivity>): void {
    for (const [name, entry] of store.entries) {
      entry.activity = lines[name] ?? null;
      entry.version += 1;
    }
  },
};

function tell(what: "snapshot" | "delta" | "event", event?: HistoryEvent): void {
  for (const listener of store.listeners) listener(what, event);
}

function put(circuit: Circuit): void {
  const at = now();
  const known = store.entries.get(circuit.name);
  const entry = known ?? { circuit, toldAt: at, samples: [], activity: null, version: 0 };
  entry.circuit = circuit;
  entry.toldAt = at;
  entry.version += 1;
  const { success, failure, ignored } = circuit.totals;
  const rejected = rejections(circuit);
  const sample = { at, done: success + failure + ignored, failed: failure, rejected };
  const last = entry.samples.at(-1);
  // Counters that went back are another process's.
  if (last && (sample.done < last.done || sample.rejected < last.rejected)) entry.samples = [];
  entry.samples.push(sample);
  // One before the time that is looked at stays, to be the beginning of it.
  while (entry.samples.length > 2 && (entry.samples[1]?.at ?? at) < at - RATE_OVER * 1000) {
    entry.samples.shift();
  }
  if (!known) store.entries.set(circuit.name, entry);
}

export function rejections(circuit: Circuit): number {
  let sum = 0;
  for (const reason in circuit.rejected) sum += circuit.rejected[reason] ?? 0;
  return sum;
}

/** What goes on now. A circuit that is told nothing of has not changed. */
export function rates(entry: Entry): Rates {
  const end = now();
  const begin = end - RATE_OVER * 1000;
  const last = entry.samples.at(-1);
  let first = entry.samples[0];
  for (const sample of entry.samples) if (sample.at <= begin) first = sample;
  if (!last || !first || first === last) return { calls: 0, rejected: 0, failed: null };
  // A first look that is younger than the time is taken for all there is.
  const over = Math.min(RATE_OVER, Math.max(1, (end - first.at) / 1000));
  const done = last.done - first.done;
  return {
    calls: done / over,
    rejected: (last.rejected - first.rejected) / over,
    failed: done > 0 ? (last.failed - first.failed) / done : null,
  };
}

/** Seconds until a call would be admitted, counted on since it was told. */
export function retryIn(entry: Entry): number | null {
  const left = entry.circuit.retry_after;
  return left === null ? null : Math.max(0, left - (now() - entry.toldAt) / 1000);
}
