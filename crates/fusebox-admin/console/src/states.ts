// What stands where data would: nothing there, not there yet, not allowed, gone wrong.

import { Problem, session } from "./api.ts";
import { h } from "./dom.ts";

export function loading(what: string): HTMLElement {
  return h(
    "div",
    { class: "note loading", role: "status" },
    h("p", {}, `Loading ${what}…`),
    h("div", { class: "bone", "aria-hidden": "true" }),
    h("div", { class: "bone short", "aria-hidden": "true" }),
  );
}

export function empty(title: string, text: string, hint?: string): HTMLElement {
  return h(
    "div",
    { class: "note" },
    h("h2", {}, title),
    h("p", {}, text),
    hint ? h("pre", { tabindex: "0" }, hint) : null,
  );
}

/** An error in the words of the interface, with the id by which its log tells more. */
export function failed(error: unknown, again?: () => void): HTMLElement {
  const problem = error instanceof Problem ? error : null;
  const forbidden = problem?.status === 403;
  const title = forbidden ? "Not for this token" : (problem?.title ?? "Something went wrong");
  return h(
    "div",
    { class: forbidden ? "note" : "note bad", role: forbidden ? "status" : "alert" },
    h("h2", {}, title),
    h("p", {}, problem?.message ?? String(error)),
    forbidden && session.me
      ? h("p", { class: "quiet" }, `You are ${session.me.name}, ${session.me.role}.`)
      : null,
    problem?.requestId ? h("p", { class: "quiet" }, `Request ${problem.requestId}`) : null,
    again && !forbidden ? h("button", { type: "button", onclick: again }, "Try again") : null,
  );
}

/** Runs a load and shows how it goes; what a newer load of the same place has replaced is dropped. */
const latest = new WeakMap<Element, number>();
export async function load<T>(
  place: Element,
  what: string,
  read: () => Promise<T>,
  show: (value: T) => Node,
): Promise<void> {
  const turn = (latest.get(place) ?? 0) + 1;
  latest.set(place, turn);
  // What is there already stays until there is something better: nothing jumps.
  if (!place.hasChildNodes()) place.replaceChildren(loading(what));
  let view: Node;
  try {
    view = show(await read());
  } catch (error) {
    view = failed(error, () => void load(place, what, read, show));
  }
  if (latest.get(place) === turn) place.replaceChildren(view);
}
