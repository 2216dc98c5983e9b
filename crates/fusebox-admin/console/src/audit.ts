// Who did what, searchable, and whether the log was tampered with.

import { get } from "./api.ts";
import { field } from "./dialog.ts";
import { fill, h } from "./dom.ts";
import { clock, count } from "./format.ts";
import type { Page } from "./page.ts";
import { empty, load } from "./states.ts";
import type { AuditEntry } from "./types.ts";

interface Answer {
  entries: AuditEntry[];
  next: string | null;
}

interface Check {
  holds: boolean;
  entries: number;
  newest_hash: string;
  broken: { id: number; why: string } | null;
}

export function auditPage(): Page {
  const fields = ["who", "target", "action"].map((name) => {
    const input = h("input", { type: "search", name, autocomplete: "off", spellcheck: "false" });
    return { name, input };
  });
  const place = h("div", {});
  const checked = h("div", { role: "status" });
  const labels: Record<string, string> = { who: "Who", target: "On", action: "Action" };
  const read = (cursor: string | null) => {
    const asked = new URLSearchParams({ limit: "100" });
    for (const { name, input } of fields) if (input.value.trim()) asked.set(name, input.value.trim());
    if (cursor) asked.set("cursor", cursor);
    return get<Answer>(`api/v1/audit?${asked}`);
  };
  const search = () => load(place, "the audit log", () => read(null), show);

  const show = (answer: Answer) => {
    if (answer.entries.length === 0) {
      return empty("No entries", "Nobody has done anything that fits.");
    }
    const body = h("tbody", {}, ...answer.entries.flatMap(rows));
    const table = h(
      "div",
      { class: "scrolls", tabindex: "0", role: "group", "aria-label": "Audit log" },
      h(
        "table",
        { class: "plain-table audit" },
        h("thead", {}, h("tr", {}, ...["When", "Who", "Action", "On", "Answer", "Reason", "More"].map((t) => h("th", { scope: "col" }, t)))),
        body,
      ),
    );
    const older = h("button", { type: "button" }, "Older");
    let cursor = answer.next;
    older.hidden = cursor === null;
    older.addEventListener("click", () => {
      void read(cursor).then((more) => {
        body.append(...more.entries.flatMap(rows));
        cursor = more.next;
        older.hidden = cursor === null;
      });
    });
    return h("div", {}, table, older);
  };

  const verify = () =>
    load(checked, "the check", () => get<Check>("api/v1/audit/verify"), (check) =>
      check.holds
        ? h("p", { class: "quiet" }, `The chain holds over ${count(check.entries)} entries. Newest hash: ${check.newest_hash.slice(0, 16)}…`)
        : h("p", { class: "error" }, `The chain is broken at entry ${check.broken?.id}: ${check.broken?.why}.`),
    );

  const form = h(
    "form",
    {
      class: "search",
      onsubmit: (event) => {
        event.preventDefault();
        fill(place);
        void search();
      },
    },
    ...fields.map(({ name, input }) => field(labels[name] ?? name, input)),
    h("button", { type: "submit", class: "primary" }, "Search"),
    h("button", { type: "button", onclick: () => void verify() }, "Check the chain"),
  );
  return {
    title: "Audit",
    element: h("div", { class: "audit-page" }, h("h1", {}, "Audit"), form, checked, place),
    begin: () => void search(),
    update() {},
    told(what, event) {
      // Something was done: the newest entry is another, if nobody is reading further down.
      if (what === "event" && event?.by && window.scrollY === 0) void search();
    },
    end() {},
  };
}

function rows(entry: AuditEntry): HTMLElement[] {
  const refused = entry.answer >= 400;
  const details = h(
    "tr",
    { class: "details", hidden: true },
    h("td", { colspan: 7 }, h("pre", { tabindex: "0" }, JSON.stringify({ from: entry.from, before: entry.before, after: entry.after }, null, 2))),
  );
  const toggle = h("button", { type: "button", class: "plain", "aria-expanded": "false" }, "Details");
  toggle.addEventListener("click", () => {
    details.hidden = !details.hidden;
    toggle.setAttribute("aria-expanded", String(!details.hidden));
  });
  const row = h(
    "tr",
    { class: refused ? "refused-act" : null },
    h("td", { class: "number" }, clock(entry.at)),
    h("td", {}, entry.who, h("span", { class: "quiet" }, ` ${entry.role}`)),
    h("td", {}, entry.action),
    h("td", { class: "key" }, entry.target),
    h("td", { class: "number" }, refused ? `refused ${entry.answer}` : "done"),
    h("td", {}, entry.why ?? ""),
    h("td", {}, toggle),
  );
  return [row, details];
}
