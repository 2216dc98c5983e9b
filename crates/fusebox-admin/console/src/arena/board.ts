// The whole of it: verdict, score, course, what happened, and the five systems.

import { h, svg } from "../dom.ts";
import { Course } from "./course.ts";
import { Happened } from "./happened.ts";
import { ScoreTable } from "./score.ts";
import { SystemCard } from "./system.ts";
import { Traffic } from "./traffic.ts";
import type { Arena, Side } from "./types.ts";
import { Verdict } from "./verdict.ts";

export class Board {
  readonly element: HTMLElement;
  private readonly verdict = new Verdict();
  private readonly score = new ScoreTable();
  private readonly course = new Course();
  private readonly happened = new Happened();
  private readonly systems: SystemCard[];
  private readonly traffic: Traffic;
  private readonly names: string;

  constructor(arena: Arena) {
    this.names = shapeOf(arena);
    this.systems = arena.systems.map((system) => new SystemCard(system, arena));
    this.traffic = new Traffic(this.systems);
    this.element = h(
      "div",
      { class: "arena" },
      this.verdict.element,
      h("div", { class: "facts" }, this.score.element, this.course.element, this.happened.element),
      legend(),
      h("div", { class: "systems" }, ...this.systems.map((system) => system.element)),
    );
  }

  /** Are these the systems that it was made for? */
  fits(arena: Arena): boolean {
    return shapeOf(arena) === this.names;
  }

  /** Keeps what lies between two pictures: every document counts for the course and the traffic. */
  remember(arena: Arena): void {
    this.course.remember(arena);
    this.traffic.remember(arena);
  }

  show(arena: Arena): void {
    this.verdict.show(arena);
    this.score.show(arena);
    this.course.show(arena);
    this.happened.show(arena);
    for (const system of this.systems) system.show(arena);
  }

  alive(live: boolean): void {
    this.traffic.run(live);
  }
}

/** What would make it another board: systems and upstreams, by name. */
function shapeOf(arena: Arena): string {
  const parts = arena.upstreams.map(({ name, system, keys }) => [name, system, keys]);
  return JSON.stringify([arena.systems.map(({ name }) => name), arena.faults, parts]);
}

function legend(): HTMLElement {
  const wire = (side: Side) =>
    svg(
      "svg",
      { viewBox: "0 0 40 12", width: 40, height: 12, "aria-hidden": "true", class: "wires" },
      svg("path", { class: `wire ${side}`, d: side === "with" ? "M0 9h14 M26 9h14" : "M0 6h40" }),
      side === "with" ? svg("path", { class: "blade", d: "M14 9L26 3" }) : null,
    );
  return h(
    "p",
    { class: "legend" },
    h("span", {}, wire("with"), "with breakers"),
    h("span", {}, wire("without"), "the same traffic without"),
    h("span", {}, h("b", { class: "number" }, "12"), " calls wasted on an upstream while it was sick"),
    h(
      "span",
      {},
      h("span", { class: "keys", "aria-hidden": "true" }, ...["closed", "open"].map((state, i) => h("span", { class: state }, i + 3))),
      "the keys of its calls, one of them cut off alone",
    ),
  );
}
