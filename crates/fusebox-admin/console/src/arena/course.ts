// The share of users answered over the last minute and a half: both sides as lines, what lies between
// them as an area, and the time in which something was broken below them.

import { h, mark, say, svg } from "../dom.ts";
import { percent } from "../format.ts";
import { SIDES, type Arena, type Past, type Side } from "./types.ts";

const SPAN_MS = 90_000;
/** A share is over so long: the users of one instant are too few. */
const OVER_MS = 2500;
const WIDTH = 900;
const HEIGHT = 100;

interface Point extends Past {
  share: Record<Side, number | null>;
}

export class Course {
  readonly element: HTMLElement;
  private points: Point[] = [];
  private readonly lines: Record<Side, SVGElement>;
  private readonly between = svg("path", { class: "between" });
  private readonly sick = svg("path", { class: "sick" });
  private readonly values: Record<Side, HTMLElement>;
  private readonly picture: SVGElement;

  constructor() {
    this.lines = { with: line("with"), without: line("without") };
    this.values = { with: h("b", { class: "number" }), without: h("b", { class: "number" }) };
    this.picture = svg(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" },
      this.sick,
      svg("path", { class: "grid", d: `M0 0.5H${WIDTH} M0 ${HEIGHT / 2}H${WIDTH} M0 ${HEIGHT - 0.5}H${WIDTH}` }),
      this.between,
      this.lines.without,
      this.lines.with,
    );
    this.element = h(
      "section",
      { class: "course" },
      h(
        "h2",
        {},
        "Users answered ",
        ...SIDES.map((side) =>
          h("span", { class: `key ${side}` }, side, " ", this.values[side]),
        ),
      ),
      h(
        "div",
        { class: "plot" },
        h("div", { class: "scale", "aria-hidden": "true" }, ...["100 %", "50 %", "0 %"].map((t) => h("span", {}, t))),
        this.picture,
      ),
      h("p", { class: "axis", "aria-hidden": "true" }, h("span", {}, "90 s ago"), h("span", { class: "sick-key" }, "something is broken"), h("span", {}, "now")),
    );
  }

  remember(arena: Arena): void {
    if (arena.course) {
      // It is all there is to know, also of the time in which the connection was lost.
      this.points = [];
      for (const past of arena.course) this.add(past);
    }
    const side = (side: Side) => {
      const sum = { answered: 0, left: 0 };
      for (const system of arena.systems) {
        sum.answered += system[side].answered;
        sum.left += system[side].answered + system[side].failed;
      }
      return sum;
    };
    const sick = arena.upstreams.some(({ fault }) => fault !== null);
    this.add({ at_ms: arena.elapsed_ms, sick, with: side("with"), without: side("without") });
  }

  private add(past: Past): void {
    const last = this.points.at(-1);
    // After a reset the counters begin anew, and so does the picture.
    if (last && (past.at_ms < last.at_ms || past.with.left < last.with.left)) this.points = [];
    const point = { ...past, share: { with: this.share(past, "with"), without: this.share(past, "without") } };
    this.points.push(point);
    const from = past.at_ms - SPAN_MS - 1000;
    if ((this.points[0]?.at_ms ?? from) < from) this.points = this.points.filter(({ at_ms }) => at_ms >= from);
  }

  /** What was answered of all that was decided since so long ago. */
  private share(past: Past, side: Side): number | null {
    const start = this.points.find(({ at_ms }) => at_ms >= past.at_ms - OVER_MS)?.[side];
    const left = start ? past[side].left - start.left : 0;
    if (start && left > 0) return (past[side].answered - start.answered) / left;
    return this.points.at(-1)?.share[side] ?? null;
  }

  show(arena: Arena): void {
    const until = arena.elapsed_ms;
    const x = (at: number) => WIDTH - ((until - at) / SPAN_MS) * WIDTH;
    const seen = this.points.filter(({ at_ms, share }) => x(at_ms) >= 0 && share.with !== null);
    for (const side of SIDES) {
      mark(this.lines[side], "d", path(seen, side, x));
      say(this.values[side], percent(this.points.at(-1)?.share[side] ?? null));
    }
    const back = [...seen].reverse();
    const area = seen.length > 1 ? `${path(seen, "with", x)}L${path(back, "without", x).slice(1)}Z` : "";
    mark(this.between, "d", area);
    mark(this.sick, "d", bands(this.points, x));
    mark(this.picture, "aria-label", this.label());
  }

  private label(): string {
    const words = SIDES.map((side) => {
      const shares = this.points.flatMap(({ share }) => share[side] ?? []);
      const least = shares.length > 0 ? Math.min(...shares) : null;
      return `${percent(this.points.at(-1)?.share[side] ?? null)} ${side} breakers, at the least ${percent(least)}`;
    });
    return `Users answered: ${words.join("; ")}`;
  }
}

function line(side: Side): SVGElement {
  return svg("path", { class: `course-line ${side}` });
}

function path(points: Point[], side: Side, x: (at: number) => number): string {
  const y = (share: number) => 1 + (1 - share) * (HEIGHT - 2);
  const steps = points.map((point) => `${x(point.at_ms).toFixed(1)} ${y(point.share[side] ?? 1).toFixed(1)}`);
  return steps.length > 1 ? `M${steps.join("L")}` : "";
}

/** The times in which something was broken, as rectangles. */
function bands(points: Point[], x: (at: number) => number): string {
  let found = "";
  let from: number | null = null;
  for (const [i, point] of points.entries()) {
    if (point.sick && from === null) from = Math.max(0, x(point.at_ms));
    const ends = from !== null && (!point.sick || i === points.length - 1);
    if (!ends || from === null) continue;
    found += `M${from.toFixed(1)} 0H${Math.max(from, x(point.at_ms)).toFixed(1)}V${HEIGHT}H${from.toFixed(1)}Z`;
    from = null;
  }
  return found;
}
