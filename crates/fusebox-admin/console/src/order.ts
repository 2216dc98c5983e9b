// Which circuits are listed, and in which order.

import { rates, retryIn, type Entry } from "./store.ts";
import { felt, feltSince, nearness } from "./words.ts";
import { since } from "./format.ts";
import type { State } from "./types.ts";

export type Filter = "all" | State | "held" | "override";

export interface View {
  filter: Filter;
  text: string;
  sort: string;
  down: boolean;
}

/** Made once: to make one for every comparison is most of the work of a sort. */
const BY_NAME = new Intl.Collator("en");

const WORST: Record<State, number> = { open: 0, half_open: 1, closed: 2 };

/** The worst first: open before half-open before held before closed, critical ones first. */
export function severity(entry: Entry): number {
  const { circuit } = entry;
  const state = felt(circuit);
  // Somebody means a held one to be as it is: it comes after the others of its state, but before
  // what nothing is wrong with.
  const held = circuit.hold ? (state === "closed" ? -50 : 50) : 0;
  return WORST[state] * 100 + held + Math.min(circuit.priority, 9);
}

export function matches(entry: Entry, view: View): boolean {
  const { circuit } = entry;
  if (view.text && !circuit.name.toLowerCase().includes(view.text.toLowerCase())) return false;
  switch (view.filter) {
    case "all":
      return true;
    case "held":
      return circuit.hold !== null;
    case "override":
      return circuit.override !== null;
    default:
      return felt(circuit) === view.filter;
  }
}

function value(entry: Entry, key: string): number | string {
  switch (key) {
    case "name":
      return entry.circuit.name;
    case "rate":
      return rates(entry).calls;
    case "failed":
      return rates(entry).failed ?? -1;
    case "p95":
      return entry.activity?.p95 ?? -1;
    case "rejected":
      return rates(entry).rejected;
    case "fallbacks":
      return entry.activity?.fallbacks ?? 0;
    case "since":
      return since(feltSince(entry.circuit));
    case "next":
      return retryIn(entry) ?? Infinity;
    case "near":
      return nearness(entry.circuit) ?? -1;
    case "trend":
      return (entry.activity?.calls ?? []).reduce((a, b) => a + b, 0);
    default:
      return severity(entry);
  }
}

export function sorted(entries: Entry[], view: View): Entry[] {
  const keyed = entries.map((entry) => ({ entry, key: value(entry, view.sort) }));
  const sign = view.down ? -1 : 1;
  const byName = (a: Entry, b: Entry) => BY_NAME.compare(a.circuit.name, b.circuit.name);
  keyed.sort((a, b) => {
    const order =
      typeof a.key === "string"
        ? BY_NAME.compare(a.key, String(b.key))
        : a.key - Number(b.key) || 0;
    return sign * order || byName(a.entry, b.entry);
  });
  return keyed.map(({ entry }) => entry);
}
