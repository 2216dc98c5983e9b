// Settings in force: where each comes from, and which differ from the defaults.

import { act, circuitPath } from "./api.ts";
import { ask } from "./dialog.ts";
import { curl } from "./acts.ts";
import { h } from "./dom.ts";
import { clock } from "./format.ts";
import { button } from "./rights.ts";
import type { Origins } from "./types.ts";

export function settingsTable(name: string, origins: Origins): HTMLElement {
  const entries = Object.entries(origins.effective);
  const differs = ([, one]: (typeof entries)[number]) => one.value !== one.default;
  const changed = entries.filter(differs);
  const same = entries.filter((entry) => !differs(entry));
  return h(
    "div",
    {},
    override(name, origins),
    changed.length > 0 ? table(changed) : h("p", { class: "quiet" }, "All as by default."),
    h(
      "details",
      {},
      h("summary", {}, `${same.length} as by default`),
      h("div", { class: "scrolls", tabindex: "0", role: "group", "aria-label": "Defaults" }, table(same)),
    ),
  );
}

function table(entries: [string, Origins["effective"][string]][]): HTMLElement {
  const rows = entries.map(([key, { value, origin, default: usual }]) =>
    h(
      "tr",
      { "data-origin": origin },
      h("th", { scope: "row" }, h("code", {}, key)),
      h("td", { class: "number" }, value),
      h("td", {}, origin === "override" ? h("span", { class: "badge" }, "override") : "definition"),
      h("td", { class: "number quiet" }, usual === null ? "unset" : usual),
    ),
  );
  const heads = ["Setting", "Value", "From", "Default"];
  return h(
    "table",
    { class: "plain-table" },
    h("thead", {}, h("tr", {}, ...heads.map((text) => h("th", { scope: "col" }, text)))),
    h("tbody", {}, ...rows),
  );
}

function override(name: string, { override }: Origins): HTMLElement | null {
  if (!override) return null;
  const path = `${circuitPath(name)}/override`;
  const ends = override.until ? `until ${clock(override.until)}` : "until somebody ends it";
  const end = () =>
    ask({
      title: `End the override of ${name}`,
      means: () => "The definition alone is in force again.",
      verb: "End it",
      reason: "optional",
      command: ({ reason }) => curl("DELETE", path, reason ? { reason } : {}),
      run: async ({ reason }) => {
        await act("DELETE", path, reason ? { reason } : {});
        return "The override has ended.";
      },
    });
  return h(
    "p",
    { class: "override" },
    `Override by ${override.author} since ${clock(override.since)}, ${ends}: ${override.reason} `,
    button("End override…", "admin", end),
  );
}
