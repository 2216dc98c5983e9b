// What happened, the newest first: each line with its time, a shape for its tone, and its text.

import { h, svg } from "../dom.ts";
import { elapsed } from "../format.ts";
import { announce } from "../toast.ts";
import type { Arena, Happening } from "./types.ts";

// A cross, a tick, three dots, a finger's press.
const SHAPES: Record<Happening["tone"], string> = {
  bad: "M4 4l8 8 M12 4l-8 8",
  good: "M3 8.5l3.5 3.5 6.5-8",
  trying: "M3 8h.01 M8 8h.01 M13 8h.01",
  act: "M6 3l6 5-6 5z",
};

const TONE_WORD: Record<Happening["tone"], string> = {
  bad: "Trouble",
  good: "Well",
  trying: "Trying",
  act: "You",
};

export class Happened {
  readonly element: HTMLElement;
  private readonly list = h("ol", {});
  private readonly scrolls = h(
    "div",
    { class: "scrolls", tabindex: "0", role: "group", "aria-label": "What happened" },
    this.list,
  );
  private readonly rows = new Map<string, HTMLElement>();
  private known: string | null = null;

  constructor() {
    this.element = h(
      "section",
      { class: "happened" },
      h("h2", {}, "What happened"),
      h("div", { class: "room" }, this.scrolls),
    );
    new ResizeObserver(() => this.fit()).observe(this.element);
  }

  show({ events }: Arena): void {
    const keys = events.map((event, i) => keyOf(event, events.slice(i + 1)));
    const newest = keys[0] ?? "";
    if (newest === this.known) return;
    if (this.known !== null) this.tell(events, keys);
    this.known = newest;
    for (const [key] of this.rows) if (!keys.includes(key)) this.rows.delete(key);
    const rows = events.map((event, i) => this.rowOf(event, keys[i] ?? ""));
    this.list.replaceChildren(...(rows.length > 0 ? rows : [nothing()]));
    this.fit();
  }

  /** As high as the newest lines that fit whole: none is cut in two at the lower edge. */
  private fit(): void {
    const room = this.scrolls.parentElement?.clientHeight ?? 0;
    const top = this.list.getBoundingClientRect().top;
    const ends = [...this.list.children].map((row) => row.getBoundingClientRect().bottom - top);
    const height = Math.max(0, ...ends.filter((end) => end <= room));
    this.scrolls.style.height = `${height}px`;
  }

  private rowOf(event: Happening, key: string): HTMLElement {
    const row = this.rows.get(key) ?? line(event);
    this.rows.set(key, row);
    return row;
  }

  /** Reads out what is new, the oldest first. */
  private tell(events: Happening[], keys: string[]): void {
    const fresh = events.filter((_, i) => !this.rows.has(keys[i] ?? ""));
    for (const event of [...fresh].reverse()) announce(shortened(event.text));
  }
}

/** Two of the same text in the same millisecond are two. */
function keyOf(event: Happening, older: Happening[]): string {
  const same = older.filter((one) => one.at_ms === event.at_ms && one.text === event.text);
  return `${event.at_ms} ${same.length} ${event.text}`;
}

function nothing(): HTMLElement {
  return h("li", { class: "nothing" }, "Nothing yet. Every change of a circuit will be told here.");
}

/** On this page whatever opens is a circuit. */
function shortened(text: string): string {
  return text.replace(/^circuit /, "");
}

function line(event: Happening): HTMLElement {
  const tone = event.tone in SHAPES ? event.tone : "act";
  return h(
    "li",
    { class: tone },
    h("span", { class: "at number" }, elapsed(event.at_ms)),
    svg(
      "svg",
      { viewBox: "0 0 16 16", width: 12, height: 12, class: "icon", "aria-hidden": "true" },
      svg("path", { d: SHAPES[tone] }),
    ),
    h("span", {}, h("span", { class: "unseen" }, `${TONE_WORD[tone]}: `), shortened(event.text)),
  );
}
