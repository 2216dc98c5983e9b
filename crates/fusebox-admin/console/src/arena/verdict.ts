// One sentence: how things stand, and what the breakers are worth so far.

import { h, mark, say } from "../dom.ts";
import { count, percent } from "../format.ts";
import { healAll, startOver } from "./acts.ts";
import { SIDES, type Arena, type Side, type System, type Upstream } from "./types.ts";

export class Verdict {
  readonly element: HTMLElement;
  private readonly text = h("p", {});
  private readonly heal: HTMLButtonElement;
  private sick: string[] = [];

  constructor() {
    const heal = () => void healAll(this.sick).then(() => this.over.focus());
    this.heal = h("button", { type: "button", class: "primary", onclick: heal }, "Heal all");
    this.element = h(
      "section",
      { class: "verdict", "aria-label": "How things stand" },
      this.text,
      h("div", { class: "acts" }, this.heal, this.over),
    );
  }

  private readonly over = h(
    "button",
    { type: "button", onclick: () => void startOver(), title: "All well, and the score from zero" },
    "Start over",
  );

  show(arena: Arena): void {
    const sick = arena.upstreams.filter(({ fault }) => fault !== null);
    this.sick = sick.map(({ name }) => name);
    const open = arena.upstreams.filter(({ circuit }) => circuit.state === "open").length;
    say(this.text, sentence(arena, sick));
    const tone = sick.length > 0 ? "bad" : open > 0 ? "trying" : "well";
    mark(this.element, "data-tone", tone);
    // They keep their places while there is nothing to heal, and nothing to do again.
    mark(this.heal, "data-none", sick.length === 0 ? "" : null);
    const fresh = sick.length === 0 && open === 0 && isFresh(arena);
    mark(this.over, "data-none", fresh ? "" : null);
  }
}

function sentence(arena: Arena, sick: Upstream[]): string {
  if (sick.length > 0) return trouble(arena, sick);
  if (isFresh(arena)) {
    return "All is well on both sides. Break something below, and see who still gets an answer.";
  }
  return `All upstreams are well again. ${worth(arena)}`;
}

/** Nothing was broken yet. */
function isFresh({ score }: Arena): boolean {
  return SIDES.every((side) => score[side].wasted === 0 && score[side].recoveries === 0);
}

/** What is wrong now, and how the users of the systems that it concerns fare. */
function trouble(arena: Arena, sick: Upstream[]): string {
  const says = new Map(arena.faults.map(({ name, says }) => [name, says]));
  const [one] = sick;
  const what =
    sick.length === 1 && one
      ? `${one.name} ${says.get(one.fault ?? "") ?? "is sick"}.`
      : `${sick.length} upstreams are sick.`;
  const hit = arena.systems.filter(({ name }) => sick.some(({ system }) => system === name));
  const of = hit.length === 1 && hit[0] ? hit[0].title : "these systems";
  const [mine, twin] = SIDES.map((side) => percent(recent(hit, side)));
  return `${what} Of the users of ${of}, ${mine} are answered with breakers, ${twin} without.`;
}

/** The share of the users of these systems who were answered lately. */
function recent(systems: System[], side: Side): number | null {
  const known = systems.filter((system) => system[side].recent_answered !== null);
  const rate = known.reduce((sum, system) => sum + system.users_per_second, 0);
  if (rate === 0) return null;
  const sum = known.reduce(
    (sum, system) => sum + (system[side].recent_answered ?? 0) * system.users_per_second,
    0,
  );
  return sum / rate;
}

/** What the breakers were worth so far. */
function worth({ score }: Arena): string {
  const users = score.with.answered - score.without.answered;
  const calls = score.without.wasted - score.with.wasted;
  const parts = [
    users === 0 ? "as many users were answered" : `${more(users)} users were answered`,
    calls === 0 ? "as many calls were wasted" : `${more(-calls)} calls were wasted`,
  ];
  const [last, twin] = SIDES.map((side) => score[side].recovery_seconds_last);
  if (typeof last === "number" && typeof twin === "number" && Math.abs(last - twin) >= 0.1) {
    const by = Math.abs(last - twin).toFixed(1);
    parts.push(`recovery took ${by} s ${last < twin ? "less" : "longer"}`);
  }
  const end = parts.pop();
  return `With breakers ${parts.join(", ")} and ${end}.`;
}

function more(difference: number): string {
  return `${count(Math.abs(difference))} ${difference > 0 ? "more" : "fewer"}`;
}
