// A system as a circuit: its users, the system with both its copies, and a wire to each upstream.

import { h, mark, say, svg } from "../dom.ts";
import { count, percent } from "../format.ts";
import { SIDES, type Arena, type Side, type System } from "./types.ts";
import { lookOf, UpstreamCard } from "./upstream.ts";
import { Wires } from "./wires.ts";

/** Under this share of answered users a system is in trouble, whichever copy it is. */
const TROUBLED = 0.9;

export class SystemCard {
  readonly element: HTMLElement;
  readonly canvas = h("canvas", { "aria-hidden": "true" });
  readonly upstreams: UpstreamCard[];
  readonly wires: Wires;
  private readonly users = h("span", { class: "number" });
  private readonly meters: Record<Side, Meter>;

  constructor(
    readonly system: System,
    arena: Arena,
  ) {
    const own = arena.upstreams.filter((upstream) => upstream.system === system.name);
    this.upstreams = own.map((upstream) => new UpstreamCard(upstream, system, arena.faults));
    this.meters = { with: meter("with"), without: meter("without") };
    const node = h(
      "div",
      { class: "node" },
      h("h2", {}, system.title),
      h("dl", {}, ...SIDES.map((side) => this.meters[side].element)),
    );
    const source = h("p", { class: "users" }, person(), this.users);
    const cards = h("ul", { class: "upstreams" }, ...this.upstreams.map(({ element }) => element));
    this.element = h("section", { class: "system", "aria-label": system.title });
    const boxes = this.upstreams.map(({ element }) => element);
    const meters = { with: this.meters.with.element, without: this.meters.without.element };
    this.wires = new Wires(this.element, { source, node, meters, boxes });
    this.element.append(
      this.wires.element,
      this.canvas,
      h("div", { class: "side" }, source, node, h("p", { class: "does" }, system.does)),
      cards,
    );
  }

  show(arena: Arena): void {
    const now = arena.systems.find(({ name }) => name === this.system.name);
    if (!now) return;
    say(this.users, `${count(Math.round(now.users_per_second))} users/s`);
    for (const side of SIDES) this.meters[side].show(now[side].recent_answered);
    const byName = new Map(arena.upstreams.map((upstream) => [upstream.name, upstream]));
    this.upstreams.forEach((card, i) => {
      const upstream = byName.get(card.name);
      if (!upstream) return;
      card.show(upstream);
      this.wires.state(i, lookOf(upstream.circuit), upstream.fault !== null);
    });
  }
}

interface Meter {
  element: HTMLElement;
  show: (share: number | null) => void;
}

/** How many users were answered lately, as a number and a bar. */
function meter(side: Side): Meter {
  const bar = svg("rect", { width: 100, height: 6, rx: 0, class: "level" });
  const value = h("span", { class: "number" });
  const element = h(
    "div",
    { class: `meter ${side}` },
    h("dt", {}, side),
    h(
      "dd",
      {},
      svg(
        "svg",
        { viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" },
        svg("rect", { width: 100, height: 6, class: "ground" }),
        bar,
      ),
      value,
    ),
  );
  return {
    element,
    show(share) {
      mark(bar, "width", String(Math.round((share ?? 0) * 100)));
      say(value, percent(share));
      mark(element, "data-troubled", share !== null && share < TROUBLED ? "" : null);
    },
  };
}

function person(): SVGElement {
  return svg(
    "svg",
    { viewBox: "0 0 16 16", width: 16, height: 16, class: "icon", "aria-hidden": "true" },
    svg("path", { d: "M8 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z M3 14c0-3 2-4.5 5-4.5s5 1.5 5 4.5" }),
  );
}
