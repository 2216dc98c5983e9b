// The score: both sides, four figures each. The worse of two is told by its colour and by a mark.

import { h, mark, say } from "../dom.ts";
import { count, NONE, share } from "../format.ts";
import { SIDE_WORD, SIDES, type Arena, type Score, type Side } from "./types.ts";

interface Figure {
  name: string;
  means: string;
  text: (score: Score) => string;
  /** The same in more words, below it. */
  more: (score: Score) => string;
  /** The more, the worse; null where nothing can be said. */
  harm: (score: Score) => number | null;
}

const FIGURES: Figure[] = [
  {
    name: "Users answered",
    means: "a fallback counts",
    text: (score) => share(score.answered_share),
    more: (score) => `${count(score.answered)} of ${count(score.users)}`,
    harm: (score) => (score.answered_share === null ? null : 1 - score.answered_share),
  },
  {
    name: "Calls wasted",
    means: "on what was sick",
    text: (score) => count(score.wasted),
    more: () => "",
    harm: (score) => score.wasted,
  },
  {
    name: "Recovery",
    means: "healed to well again",
    text: (score) => seconds(score.recovery_seconds_last),
    more: (score) =>
      score.recoveries > 1 ? `worst ${seconds(score.recovery_seconds_worst)}` : "",
    harm: (score) => score.recovery_seconds_last,
  },
  {
    name: "Cascades",
    means: "needed nothing sick",
    text: (score) => count(score.cascades),
    more: () => "",
    harm: (score) => score.cascades,
  },
];

/** Differences that nobody would call one. */
const SAME = 0.0005;

function seconds(value: number | null): string {
  return value === null ? NONE : `${value.toFixed(1)} s`;
}

export class ScoreTable {
  readonly element: HTMLElement;
  private readonly cells: Record<Side, Cell[]>;

  constructor() {
    this.cells = { with: FIGURES.map(cell), without: FIGURES.map(cell) };
    const rows = FIGURES.map((figure, i) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, figure.name, h("span", { class: "means" }, figure.means)),
        ...SIDES.map((side) => this.cells[side][i]?.element),
      ),
    );
    const heads = SIDES.map((side) => h("th", { scope: "col", class: side }, SIDE_WORD[side]));
    this.element = h(
      "table",
      { class: "score" },
      h("caption", { class: "unseen" }, "The score so far"),
      h("thead", {}, h("tr", {}, h("td", {}), ...heads)),
      h("tbody", {}, ...rows),
    );
  }

  show({ score }: Arena): void {
    FIGURES.forEach((figure, i) => {
      const harms = [figure.harm(score.with), figure.harm(score.without)];
      for (const [at, side] of SIDES.entries()) {
        const own = harms[at] ?? null;
        const other = harms[1 - at] ?? null;
        const worse = own !== null && other !== null && own > other + SAME;
        this.cells[side][i]?.show(figure.text(score[side]), figure.more(score[side]), worse);
      }
    });
  }
}

interface Cell {
  element: HTMLElement;
  show: (text: string, more: string, worse: boolean) => void;
}

function cell(): Cell {
  const value = h("span", { class: "value" });
  const below = h("span", { class: "means" });
  const element = h("td", { class: "number" }, value, below);
  return {
    element,
    show(text, more, worse) {
      say(value, text);
      say(below, more);
      mark(element, "data-worse", worse ? "" : null);
    },
  };
}
