// The branches of a keyed circuit that something is wrong with.

import { buttons } from "./acts.ts";
import { chip } from "./chip.ts";
import { h } from "./dom.ts";
import { count, NONE, percent, span, since } from "./format.ts";
import { felt, HOLD_WORD } from "./words.ts";
import type { Branch } from "./types.ts";

export function branches(name: string, found: Branch[]): HTMLElement {
  if (found.length === 0) {
    return h("p", { class: "quiet" }, "Nothing is wrong with any branch.");
  }
  const rows = found.map((branch) =>
    h(
      "tr",
      { "data-state": felt(branch) },
      h("th", { scope: "row", class: "key" }, branch.key),
      h("td", {}, chip(felt(branch)), branch.hold ? ` ${HOLD_WORD[branch.hold.kind]}` : null),
      h("td", { class: "number" }, span(since(branch.since))),
      h("td", { class: "number" }, branch.retry_after === null ? NONE : span(branch.retry_after)),
      h("td", { class: "number" }, count(branch.totals.failure)),
      h("td", { class: "number" }, percent(branch.window.failure_rate)),
      h("td", {}, branch.why?.evidence.text ?? NONE),
      h("td", {}, buttons({ name, key: branch.key }, branch.hold !== null)),
    ),
  );
  const heads = ["Key", "State", "For", "Trial in", "Failures", "Failed", "Why", "Acts"];
  return h(
    "div",
    { class: "scrolls", tabindex: "0", role: "group", "aria-label": "Branches" },
    h(
      "table",
      { class: "plain-table" },
      h("thead", {}, h("tr", {}, ...heads.map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, ...rows),
    ),
  );
}
