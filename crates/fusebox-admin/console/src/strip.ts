// The state of the last hour as a strip, with its table twin.

import { STATE_WORD } from "./chip.ts";
import { fill, h, svg } from "./dom.ts";
import { clock, now, span } from "./format.ts";
import type { HistoryEvent, State } from "./types.ts";

export const HOUR_MS = 3_600_000;

export interface Piece {
  from: number;
  until: number;
  state: State | "held";
}

/** Pieces as a strip. The times are milliseconds; what lies outside is cut. */
export function strip(pieces: Piece[], from: number, until: number, label: string): SVGElement {
  const width = 1000;
  const at = (time: number) => ((Math.min(until, Math.max(from, time)) - from) / (until - from)) * width;
  const parts = pieces
    .filter((piece) => piece.until > from && piece.from < until)
    .map((piece) => {
      const x = at(piece.from);
      const wide = Math.max(1.5, at(piece.until) - x);
      const rect = svg("rect", { x: x.toFixed(1), y: 0, width: wide.toFixed(1), height: 20, class: piece.state });
      rect.append(svg("title", {}, `${word(piece.state)} ${clock(piece.from)}, ${lasted(piece)}`));
      return rect;
    });
  return svg(
    "svg",
    { viewBox: `0 0 ${width} 20`, preserveAspectRatio: "none", class: "state-strip", role: "img", "aria-label": label },
    ...parts,
  );
}

function word(state: Piece["state"]): string {
  return state === "held" ? "Held" : STATE_WORD[state];
}

function lasted(piece: Piece): string {
  return span((piece.until - piece.from) / 1000);
}

export class StateStrip {
  readonly element = h("div", { class: "strip-box" });
  private events: HistoryEvent[] = [];
  private state: State = "closed";
  private drawnAt = 0;

  now(state: State): void {
    if (state === this.state && Date.now() - this.drawnAt < 5000) return;
    this.state = state;
    this.redraw();
  }

  /** Events, the newest first. */
  draw(events: HistoryEvent[]): void {
    this.events = events;
    this.redraw();
  }

  private redraw(): void {
    this.drawnAt = Date.now();
    const until = now();
    const from = until - HOUR_MS;
    const pieces = piecesOf(this.events, this.state, until);
    const open = pieces.filter((p) => p.state === "open" && p.until > from);
    const openFor = open.reduce((sum, p) => sum + p.until - Math.max(from, p.from), 0) / 1000;
    const label = `State over the last hour: open ${open.length} times, ${span(openFor)} in all`;
    const wasOpen = this.element.querySelector("details")?.open ?? false;
    fill(
      this.element,
      strip(pieces, from, until, label) as Node,
      h("p", { class: "axis" }, h("span", {}, clock(from)), h("span", {}, label), h("span", {}, "now")),
      twin(pieces.filter((piece) => piece.until > from), wasOpen),
    );
  }
}

/** From what the machine did and who held it to what callers felt. */
function piecesOf(events: HistoryEvent[], state: State, until: number): Piece[] {
  const pieces: Piece[] = [];
  let machine: State = "closed";
  let hold: string | null = null;
  let main = false;
  let from = 0;
  const feels = (): Piece["state"] => {
    if (main || hold === "forced_open") return "open";
    return hold ? "held" : machine;
  };
  const changes = [...events].reverse();
  const first = changes.find((event) => event.kind === "transition");
  if (first?.from) machine = first.from;
  else if (!first) machine = state;
  for (const event of changes) {
    const before = feels();
    if (event.kind === "transition" && event.to) machine = event.to;
    else if (event.kind === "reset") machine = "closed";
    else if (event.kind === "hold_set") hold = String(event.details?.kind ?? event.details?.hold ?? "held");
    else if (event.kind === "hold_ended") hold = null;
    else if (event.kind === "main_opened") main = true;
    else if (event.kind === "main_closed") main = false;
    if (feels() === before) continue;
    const at = Date.parse(event.at);
    pieces.push({ from, until: at, state: before });
    from = at;
  }
  pieces.push({ from, until, state: feels() });
  return pieces;
}

function twin(pieces: Piece[], open: boolean): HTMLElement {
  const rows = [...pieces].reverse().map((piece) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, word(piece.state)),
      h("td", { class: "number" }, piece.from > 0 ? clock(piece.from) : "before"),
      h("td", { class: "number" }, piece.from > 0 ? lasted(piece) : "–"),
    ),
  );
  return h(
    "details",
    { open },
    h("summary", {}, "As a table"),
    h(
      "div",
      { class: "scrolls", tabindex: "0", role: "group", "aria-label": "States of the last hour" },
      h(
        "table",
        { class: "plain-table" },
        h("thead", {}, h("tr", {}, ...["State", "From", "For"].map((t) => h("th", { scope: "col" }, t)))),
        h("tbody", {}, ...rows),
      ),
    ),
  );
}
