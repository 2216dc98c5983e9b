// The calls as dots on the wires. Each is one that the clients counted: it arrives, it is wasted, or
// the open switch turns it back. Whoever wants less motion sees none of them.

import type { SystemCard } from "./system.ts";
import { SIDES, type Arena, type Calls, type Side } from "./types.ts";
import { along, type Way } from "./wires.ts";

const TICK_MS = 250;
const TRAVEL_MS = 650;
const END_MS = 260;
/** Thirty pictures a second are smooth for dots, and half the work of sixty. */
const FRAME_MS = 30;
const RADIUS = 2.5;
/** More in one tick on one wire would be a line. */
const DOTS_MAX = 6;
/** More on one system at once would be fog; a page that was asleep must not wake up in it. */
const DOTS_IN_ALL_MAX = 240;
/** Colours change with the theme; to ask for them in each frame would cost more than the dots. */
const COLOURS_MS = 500;

type Fate = "arrives" | "wasted" | "rejected";

interface Dot {
  way: Way;
  side: Side;
  fate: Fate;
  born: number;
}

interface Plane {
  card: SystemCard;
  dots: Dot[];
  blank: boolean;
}

export class Traffic {
  private readonly planes: Plane[];
  private readonly calm = matchMedia("(prefers-reduced-motion: reduce)");
  private before = new Map<string, Record<Side, Calls>>();
  private colours: Record<string, string> = {};
  private colouredAt = 0;
  private frame = 0;
  private drawnAt = 0;
  private live = true;

  constructor(cards: SystemCard[]) {
    this.planes = cards.map((card) => ({ card, dots: [], blank: true }));
    this.calm.addEventListener("change", () => this.run(this.live));
  }

  /** Whether there is anything to be seen; what is not live does not move. */
  run(live: boolean): void {
    this.live = live;
    if (live && !this.calm.matches) return;
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    for (const plane of this.planes) {
      plane.dots = [];
      wipe(plane);
    }
  }

  /** Sets out as many dots as there were calls since the last document. */
  remember(arena: Arena): void {
    const now = performance.now();
    const moves = this.live && !this.calm.matches && !document.hidden;
    for (const plane of this.planes) {
      plane.card.upstreams.forEach(({ name }, i) => {
        const upstream = arena.upstreams.find((one) => one.name === name);
        const ways = plane.card.wires.lanes[i]?.ways;
        if (!upstream || !ways) return;
        const before = this.before.get(name);
        this.before.set(name, { with: upstream.with, without: upstream.without });
        if (!before || !moves) return;
        for (const side of SIDES) {
          const fates = fatesOf(before[side], upstream[side]);
          fates.forEach((fate, n) => {
            if (plane.dots.length >= DOTS_IN_ALL_MAX) return;
            const born = now + (n / fates.length) * TICK_MS;
            plane.dots.push({ way: ways[side], side, fate, born });
          });
        }
      });
    }
    if (moves && this.frame === 0) this.frame = requestAnimationFrame((time) => this.draw(time));
  }

  private draw(time: number): void {
    if (time - this.drawnAt < FRAME_MS) {
      this.frame = requestAnimationFrame((next) => this.draw(next));
      return;
    }
    this.drawnAt = time;
    if (time - this.colouredAt > COLOURS_MS) this.readColours(time);
    let some = false;
    for (const plane of this.planes) {
      plane.dots = plane.dots.filter((dot) => time - dot.born < TRAVEL_MS + END_MS);
      if (plane.dots.length > 0) some = true;
      else if (plane.blank) continue;
      wipe(plane);
      const brush = plane.card.canvas.getContext("2d");
      if (!brush) continue;
      for (const dot of plane.dots) this.paint(brush, dot, time);
      plane.blank = plane.dots.length === 0;
    }
    this.frame = some ? requestAnimationFrame((next) => this.draw(next)) : 0;
  }

  private paint(brush: CanvasRenderingContext2D, dot: Dot, time: number): void {
    const age = time - dot.born;
    if (age < 0 || dot.way.length === 0) return;
    const { length, gate } = dot.way;
    const goal = dot.fate === "rejected" ? gate : length;
    const duration = (TRAVEL_MS * goal) / length;
    const [x, y] = along(dot.way, Math.min(1, age / duration) * goal);
    const after = (age - duration) / END_MS;
    if (after >= 1) return;
    brush.beginPath();
    brush.globalAlpha = after > 0 ? 1 - after : 1;
    const colour = this.colours[dot.fate === "arrives" ? dot.side : dot.fate] ?? "gray";
    if (after > 0 && dot.fate === "arrives") return;
    if (after > 0) {
      // Lost at the upstream, or turned back at the switch: a ring that goes.
      brush.arc(x, y, RADIUS + after * (dot.fate === "wasted" ? 7 : 4), 0, 2 * Math.PI);
      brush.lineWidth = 1.5;
      brush.strokeStyle = colour;
      brush.stroke();
      return;
    }
    brush.arc(x, y, dot.fate === "wasted" ? RADIUS + 0.5 : RADIUS, 0, 2 * Math.PI);
    brush.fillStyle = colour;
    brush.fill();
  }

  private readColours(time: number): void {
    this.colouredAt = time;
    const style = getComputedStyle(document.documentElement);
    const of = (name: string) => style.getPropertyValue(name).trim();
    this.colours = {
      with: of("--accent"),
      without: of("--quiet"),
      wasted: of("--bad"),
      rejected: of("--warn"),
    };
  }
}

/** Clears the canvas, and makes it as large as what it lies over. */
function wipe(plane: Plane): void {
  const { canvas, wires } = plane.card;
  const sharp = Math.min(2, devicePixelRatio);
  canvas.style.left = `${wires.band.left}px`;
  canvas.style.width = `${wires.band.width}px`;
  const width = Math.round(canvas.clientWidth * sharp);
  const height = Math.round(canvas.clientHeight * sharp);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const brush = canvas.getContext("2d");
  brush?.setTransform(1, 0, 0, 1, 0, 0);
  brush?.clearRect(0, 0, width, height);
  brush?.setTransform(sharp, 0, 0, sharp, -wires.band.left * sharp, 0);
  plane.blank = true;
}

/** What became of the calls between two documents, mixed as they may have come. */
function fatesOf(before: Calls, now: Calls): Fate[] {
  const since = (key: "calls" | "wasted" | "rejected") =>
    Math.max(0, (now[key] ?? 0) - (before[key] ?? 0));
  const wasted = since("wasted");
  const rejected = since("rejected");
  const arrived = Math.max(0, since("calls") - wasted - rejected);
  const fates: Fate[] = [];
  const all: [Fate, number][] = [
    ["wasted", wasted],
    ["rejected", rejected],
    ["arrives", arrived],
  ];
  for (let i = 0; fates.length < DOTS_MAX && i < DOTS_MAX; i += 1) {
    for (const [fate, many] of all) if (i < many && fates.length < DOTS_MAX) fates.push(fate);
  }
  return fates;
}
