// The wires of a system, drawn to where its boxes are: a rail for each copy, from its own meter, and
// from it a tap to each upstream. The tap of the copy with breakers has a switch, which is its circuit;
// the other copy's passes below that rail, and has none.

import { mark, svg } from "../dom.ts";
import { SIDES, type Side } from "./types.ts";

export type Spot = [x: number, y: number];

/** A way from the system to an upstream. `gate`: how far along its switch is, in pixels. */
export interface Way {
  spots: Spot[];
  length: number;
  gate: number;
}

interface Lane {
  above: SVGElement;
  below: SVGElement;
  with: SVGElement;
  without: SVGElement;
  hinge: SVGElement;
  ways: Record<Side, Way>;
}

interface Boxes {
  source: HTMLElement;
  node: HTMLElement;
  meters: Record<Side, HTMLElement>;
  boxes: HTMLElement[];
}

const BLADE = 20;
const TAP = 17;
/** Room for a dot or a ring around a wire. */
const MARGIN = 12;
/** How far the rails are from the system: beside it, and below its left edge. */
const RAILS: Record<"beside" | "below", Record<Side, number>> = {
  beside: { with: 28, without: 14 },
  below: { with: 22, without: 8 },
};
const NONE: Way = { spots: [], length: 0, gate: 0 };

export class Wires {
  readonly element = svg("svg", { class: "wires", "aria-hidden": "true" });
  readonly lanes: Lane[];
  /** Where the dots are, from left to right: no more than this is painted anew. */
  band = { left: 0, width: 0 };
  private readonly source = svg("path", { class: "wire" });
  private readonly rails: Record<Side, SVGElement> = {
    with: svg("path", { class: "wire with rail" }),
    without: svg("path", { class: "wire without rail" }),
  };
  /** Keeps the wires that pass below the rail with breakers apart from it. */
  private readonly gap = svg("path", { class: "gap" });

  constructor(
    private readonly around: HTMLElement,
    private readonly at: Boxes,
  ) {
    this.lanes = at.boxes.map(lane);
    this.element.append(
      this.source,
      this.rails.without,
      ...this.lanes.map(({ below }) => below),
      this.gap,
      this.rails.with,
      ...this.lanes.map(({ above }) => above),
    );
    const observer = new ResizeObserver(() => this.measure());
    for (const box of [around, at.node, ...at.boxes]) observer.observe(box);
  }

  state(i: number, look: string, sick: boolean): void {
    const lane = this.lanes[i];
    if (!lane) return;
    mark(lane.above, "data-state", look);
    mark(lane.below, "data-sick", sick ? "" : null);
  }

  private measure(): void {
    const frame = this.around.getBoundingClientRect();
    const box = (element: HTMLElement) => {
      const { left, right, top, bottom } = element.getBoundingClientRect();
      return {
        left: left - frame.left,
        right: right - frame.left,
        top: top - frame.top,
        bottom: bottom - frame.top,
      };
    };
    const node = box(this.at.node);
    const boxes = this.at.boxes.map(box);
    const [first] = boxes;
    if (!first) return;
    // Beside the system where there is room, else below it.
    const beside = first.left > node.right;
    const ends = boxes.map(({ top, bottom, left }) => {
      return { left, with: Math.round(top) + TAP + 0.5, without: Math.round(bottom) - TAP + 0.5 };
    });
    const source = box(this.at.source);
    const middle = Math.round((source.left + source.right) / 2) + 0.5;
    mark(this.source, "d", `M${middle} ${source.bottom}V${node.top}`);
    const rails = {} as Record<Side, Rail>;
    for (const side of SIDES) {
      const x = Math.round(beside ? node.right + RAILS.beside[side] : node.left + RAILS.below[side]) + 0.5;
      const meter = box(this.at.meters[side]);
      const y = Math.round((meter.top + meter.bottom) / 2) + 0.5;
      rails[side] = { x, start: beside ? [[node.right, y], [x, y]] : [[x, node.bottom]] };
      const heights = [...ends.map((end) => end[side]), beside ? y : node.bottom];
      const start = beside ? `M${node.right} ${y}H${x} ` : "";
      const path = `${start}M${x} ${Math.min(...heights)}V${Math.max(...heights)}`;
      mark(this.rails[side], "d", path);
      if (side === "with") mark(this.gap, "d", path);
    }
    const left = Math.floor(beside ? node.right : rails.without.x) - MARGIN;
    this.band = { left, width: Math.ceil(first.left) + MARGIN - left };
    ends.forEach((end, i) => this.lanes[i] && place(this.lanes[i], rails, end));
  }
}

/** Where a copy's wires branch off, and the way there from the system. */
interface Rail {
  x: number;
  start: Spot[];
}

function place(lane: Lane, rails: Record<Side, Rail>, end: { left: number } & Record<Side, number>): void {
  const from = Math.round(rails.with.x + (end.left - rails.with.x - BLADE) / 2);
  mark(lane.with, "d", `M${rails.with.x} ${end.with}H${from} M${from + BLADE} ${end.with}H${end.left}`);
  mark(lane.without, "d", `M${rails.without.x} ${end.without}H${end.left}`);
  mark(lane.hinge, "transform", `translate(${from} ${end.with})`);
  for (const side of SIDES) {
    const { x, start } = rails[side];
    const spots: Spot[] = [...start, [x, end[side]], [end.left, end[side]]];
    const length = lengthOf(spots);
    lane.ways[side] = { spots, length, gate: length - (end.left - from) };
  }
}

function lane(): Lane {
  const parts = {
    with: svg("path", { class: "wire with" }),
    without: svg("path", { class: "wire without" }),
    hinge: svg(
      "g",
      {},
      svg("path", { class: "blade", d: `M0 0H${BLADE}` }),
      svg("circle", { class: "terminal", r: 2.5 }),
      svg("circle", { class: "terminal", r: 2.5, cx: BLADE }),
    ),
  };
  const above = svg("g", { class: "lane" }, parts.with, parts.hinge);
  const below = svg("g", { class: "lane" }, parts.without);
  return { ...parts, above, below, ways: { with: NONE, without: NONE } };
}

function lengthOf(spots: Spot[]): number {
  return spots.slice(1).reduce((sum, [x, y], i) => {
    const [fromX, fromY] = spots[i] ?? [x, y];
    return sum + Math.abs(x - fromX) + Math.abs(y - fromY);
  }, 0);
}

/** Where one is after so many pixels of a way. All its pieces are level or upright. */
export function along(way: Way, pixels: number): Spot {
  let left = pixels;
  for (let i = 1; i < way.spots.length; i += 1) {
    const [fromX, fromY] = way.spots[i - 1] as Spot;
    const [x, y] = way.spots[i] as Spot;
    const length = Math.abs(x - fromX) + Math.abs(y - fromY);
    if (left <= length && length > 0) {
      return [fromX + ((x - fromX) * left) / length, fromY + ((y - fromY) * left) / length];
    }
    left -= length;
  }
  return way.spots.at(-1) ?? [0, 0];
}
