// A state as a word, a shape and a colour: never by one of them alone.

import { h, svg } from "./dom.ts";
import type { State } from "./types.ts";

export const STATE_WORD: Record<State, string> = {
  closed: "Closed",
  open: "Open",
  half_open: "Half-open",
};

// A bar that is whole, one that is broken, one that is half there; a padlock for a hold.
const SHAPES: Record<State | "hold", string> = {
  closed: "M1 8h14",
  open: "M1 8h4 M5 8l7-5 M12 8h3",
  half_open: "M1 8h5 M10 8h5 M8 5v6",
  hold: "M4 7h8v7h-8z M6 7v-2a2 2 0 0 1 4 0v2",
};

export function icon(shape: State | "hold"): SVGElement {
  return svg(
    "svg",
    { viewBox: "0 0 16 16", width: 14, height: 14, "aria-hidden": "true", class: "icon" },
    svg("path", { d: SHAPES[shape] }),
  );
}

/** Icon and word. */
export function chip(state: State): HTMLElement {
  return h("span", { class: `chip ${state}` }, icon(state), STATE_WORD[state]);
}
