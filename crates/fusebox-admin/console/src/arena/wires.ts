// The wires of a system, drawn to where its boxes are: one bus, and from it two taps to each upstream.
// The upper one has a switch, which is its circuit; the lower one has none.

import { mark, svg } from "../dom.ts";
import type { State } from "../types.ts";
import type { Side } from "./types.ts";

export type Spot = [x: number, y: number];

/** A way from the system to an upstream. `gate`: how far along its switch is, in pixels. */
export interface Way {
  spots: Spot[];
  length: number;
  gate: number;
}

interface Lane {
  group: SVGElement;
  with: SVGElement;
  without: SVGElement;
  hinge: SVGElement;
  ways: Record<Side, Way>;
}

interface Boxes {
  source: HTMLElement;
  node: HTMLElement;
  boxes: HTMLElement[];
}

const BLADE = 20;
const TAP = 17;
/** Room for a dot or a ring around a wire. */
const MARGIN = 12;
const NONE: Way = { spots: [], length: 0, gate: 0 };

export class Wires {
  readonly element = svg("svg", { class: "wires", "aria-hidden": "true" });
  readonly lanes: Lane[];
  /** Where the dots are, from left to right: no more than this is painted anew. */
  band = { left: 0, width: 0 };
  private readonly trunk = svg("path", { class: "wire trunk" });

  constructor(
    private readonly around: HTMLElement,
    private readonly at: Boxes,
  ) {
    this.lanes = at.boxes.map(lane);
    this.element.append(this.trunk, ...this.lanes.map(({ group }) => group));
    const observer = new ResizeObserver(() => this.measure());
    for (const box of [around, at.node, ...at.boxes]) observer.observe(box);
  }

  state(i: number, state: State, sick: boolean): void {
    const group = this.lanes[i]?.group;
    if (!group) return;
    mark(group, "data-state", state);
    mark(group, "data-sick", sick ? "" : null);
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
    const bus = Math.round(beside ? node.right + 18 : node.left + 14) + 0.5;
    const y = Math.round((node.top + node.bottom) / 2) + 0.5;
    const start: Spot[] = beside ? [[node.right, y], [bus, y]] : [[bus, node.bottom]];
    const ends = boxes.map(({ top, bottom, left }) => {
      return { left, with: Math.round(top) + TAP + 0.5, without: Math.round(bottom) - TAP + 0.5 };
    });
    const lowest = Math.max(...ends.map((end) => end.without));
    const source = box(this.at.source);
    const middle = Math.round((source.left + source.right) / 2) + 0.5;
    const highest = beside ? Math.min(y, ends[0]?.with ?? y) : node.bottom;
    const down = beside ? Math.max(y, lowest) : lowest;
    mark(
      this.trunk,
      "d",
      `M${middle} ${source.bottom}V${node.top} ${beside ? `M${node.right} ${y}H${bus}` : ""} M${bus} ${highest}V${down}`,
    );
    const left = Math.floor(Math.min(bus, start[0]?.[0] ?? bus)) - MARGIN;
    this.band = { left, width: Math.ceil(first.left) + MARGIN - left };
    ends.forEach((end, i) => this.lanes[i] && place(this.lanes[i], start, bus, end));
  }
}

function place(
  lane: Lane,
  start: Spot[],
  bus: number,
  end: { left: number; with: number; without: number },
): void {
  const from = Math.round(bus + (end.left - bus - BLADE) / 2);
  mark(lane.with, "d", `M${bus} ${end.with}H${from} M${from + BLADE} ${end.with}H${end.left}`);
  mark(lane.without, "d", `M${bus} ${end.without}H${end.left}`);
  mark(lane.hinge, "transform", `translate(${from} ${end.with})`);
  for (const side of ["with", "without"] as const) {
    const spots: Spot[] = [...start, [bus, end[side]], [end.left, end[side]]];
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
  const group = svg(
    "g",
    { class: "lane" },
    parts.without,
    parts.with,
    parts.hinge,
  );
  return { ...parts, group, ways: { with: NONE, without: NONE } };
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
