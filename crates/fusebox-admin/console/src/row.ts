// One circuit in the list. State and name are there from the start, for whoever searches or walks
// the rows; the other cells are made when the row comes near the window and go when it leaves, since
// of hundreds of rows a screen shows few. While they are there only texts that differ change.

import { icon, STATE_WORD } from "./chip.ts";
import { h, mark, say } from "./dom.ts";
import { clock, latency, NONE, percent, rate, since, span, wait } from "./format.ts";
import { spark } from "./spark.ts";
import { rates, retryIn, type Entry } from "./store.ts";
import { felt, feltSince, HOLD_WORD, nearness } from "./words.ts";
import type { State } from "./types.ts";

export interface Row {
  name: string;
  element: HTMLElement;
  /** It is in the window or near it: its numbers are kept up to date. */
  visible: boolean;
  update: (entry: Entry) => void;
  /** Takes away what only a row in the window needs. */
  leave: () => void;
}

/** Columns with their sort keys, in the order of the cells. */
export const COLUMNS: { key: string; label: string; title: string; number: boolean }[] = [
  { key: "state", label: "State", title: "what callers feel", number: false },
  { key: "name", label: "Circuit", title: "", number: false },
  { key: "rate", label: "Calls/s", title: "ended calls, over 10 s", number: true },
  { key: "failed", label: "Failed", title: "share of ended calls, over 10 s", number: true },
  { key: "p95", label: "p95", title: "over a minute, from buckets", number: true },
  { key: "rejected", label: "Rejected/s", title: "over 10 s", number: true },
  { key: "fallbacks", label: "Fallbacks", title: "in the last minute", number: true },
  { key: "since", label: "For", title: "time in this state", number: true },
  { key: "next", label: "Next trial", title: "when a call would be let through", number: true },
  { key: "near", label: "To trip", title: "how near it is to opening", number: true },
  { key: "trend", label: "10 min", title: "calls, and failed or rejected ones", number: false },
];

/** State and name. */
const ALWAYS = 2;

export function row(name: string): Row {
  const state = h("span", { class: "chip" });
  const link = h("a", { href: `#/circuit/${encodeURIComponent(name)}` }, name);
  const badges = h("span", { class: "badges" });
  const element = h("div", { role: "row", class: "row" }, cell(0, state), cell(1, link, badges));
  let shown: State | "" = "";
  let badged = "";
  let tell: Row["update"] | null = null;
  const one: Row = {
    name,
    element,
    visible: false,
    update(entry) {
      const { circuit } = entry;
      const now = felt(circuit);
      if (now !== shown) {
        shown = now;
        mark(element, "data-state", now);
        mark(state, "class", `chip ${now}`);
        state.replaceChildren(icon(now), STATE_WORD[now]);
      }
      const badge = `${circuit.priority}|${circuit.hold?.kind}|${circuit.hold?.until}|${circuit.override?.since}`;
      if (badge !== badged) {
        badged = badge;
        badges.replaceChildren(...marks(entry));
      }
      if (one.visible) (tell ??= numbers(element))(entry);
    },
    leave() {
      one.visible = false;
      tell = null;
      while (element.children.length > ALWAYS) element.lastElementChild?.remove();
    },
  };
  return one;
}

function cell(column: number, ...children: (Node | string)[]): HTMLElement {
  const { key, label, number } = COLUMNS[column] ?? { key: "", label: "", number: false };
  return h(
    "div",
    { role: "cell", class: `cell c-${key}${number ? " number" : ""}`, "data-label": label },
    ...children,
  );
}

/** Adds the cells after the name; what is returned brings them up to date. */
function numbers(element: HTMLElement): Row["update"] {
  const texts = ["rate", "failed", "p95", "rejected", "fallbacks", "since", "next"].map(() =>
    h("span", {}),
  );
  const bar = h("span", { class: "fillbar" });
  const near = h("span", { class: "near-text" });
  const line = spark();
  const nearCell = cell(9, h("span", { class: "bar", "aria-hidden": "true" }, bar), near);
  element.append(
    ...texts.map((text, i) => cell(i + 2, text)),
    nearCell,
    cell(10, line.element as unknown as Node),
  );
  let drawn: unknown = undefined;
  const put = (i: number, text: string, loud: boolean) => {
    const place = texts[i];
    if (!place) return;
    say(place, text);
    mark(place, "class", loud ? "loud" : text === "0" || text === NONE ? "quiet" : null);
  };
  return (entry) => {
    const { circuit, activity } = entry;
    const { calls, rejected, failed } = rates(entry);
    put(0, rate(calls), false);
    put(1, percent(failed), (failed ?? 0) >= 0.1);
    put(2, latency(activity?.p95 ?? null), false);
    put(3, rate(rejected), rejected > 0);
    put(4, String(activity?.fallbacks ?? 0), false);
    put(5, span(since(feltSince(circuit))), false);
    const left = felt(circuit) === "closed" ? null : retryIn(entry);
    put(6, left === null ? NONE : left > 0 ? wait(left) : "next call", false);
    const part = nearness(circuit);
    say(near, percent(part));
    mark(near, "class", part === null || part === 0 ? "near-text quiet" : "near-text");
    mark(nearCell, "data-near", part === null ? null : part >= 0.8 ? "high" : part > 0 ? "some" : "none");
    // Painted, not moved: a width is laid out anew, and a transform makes a layer of every row.
    bar.style.backgroundSize = `${((part ?? 0) * 100).toFixed(0)}% 100%`;
    if (activity !== drawn) {
      drawn = activity;
      line.draw(activity);
    }
  };
}

/** Priority, hold and override, each with what it means. */
export function marks(entry: Entry): HTMLElement[] {
  const { circuit } = entry;
  const found: HTMLElement[] = [];
  if (circuit.priority === 1) {
    found.push(h("span", { class: "badge", title: "critical: priority 1" }, "P1"));
  }
  if (circuit.hold) {
    const { kind, author, reason, until } = circuit.hold;
    const ends = until ? `until ${clock(until)}` : "until it is released";
    const title = `${HOLD_WORD[kind]} by ${author} ${ends}: ${reason}`;
    found.push(h("span", { class: "badge hold", title }, icon("hold"), h("span", {}, HOLD_WORD[kind])));
  }
  if (circuit.override) {
    const { author, reason } = circuit.override;
    const title = `other settings by ${author}: ${reason}`;
    found.push(h("span", { class: "badge", title }, "Override"));
  }
  return found;
}
