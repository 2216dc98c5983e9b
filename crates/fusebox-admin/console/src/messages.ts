// Messages of queues and dead letters as a table, and one of them whole.

import { get } from "./api.ts";
import { fill, h } from "./dom.ts";
import { bytes, clock, count, NONE } from "./format.ts";
import { load } from "./states.ts";
import type { Message } from "./types.ts";

export interface Messages {
  messages: Message[];
  next: string | null;
}

/** `more` is asked for the next page; `acts` are the buttons of a message. */
export function messageTable(
  page: Messages,
  more: (cursor: string) => void,
  from = "api/v1/messages",
  acts: ((message: Message) => HTMLElement) | null = null,
): HTMLElement {
  const heads = ["Message", "Key", "State", "Pushed", "Tries", "Size", "Last error", "Acts"];
  const rows = page.messages.flatMap((message) => {
    const place = h("td", { colspan: heads.length });
    const whole = h("tr", { class: "details", hidden: true }, place);
    const look = h("button", { type: "button", class: "plain", "aria-expanded": "false" }, "Look");
    look.addEventListener("click", () => {
      whole.hidden = !whole.hidden;
      look.setAttribute("aria-expanded", String(!whole.hidden));
      if (whole.hidden) return fill(place);
      void load(place, "the message", () => get<Message>(`${from}/${encodeURIComponent(message.id)}`), show);
    });
    const last = message.history.at(-1);
    const row = h(
      "tr",
      {},
      h("th", { scope: "row", class: "key" }, message.id),
      h("td", { class: "key" }, message.key ?? NONE),
      h("td", {}, message.death ? `dead: ${message.death}` : message.state),
      h("td", { class: "number" }, clock(message.pushed_at)),
      h("td", { class: "number" }, count(message.attempts)),
      h("td", { class: "number" }, bytes(message.bytes)),
      h("td", { class: "key" }, last ? `${last.class}: ${last.error}` : NONE),
      h("td", {}, h("div", { class: "acts" }, look, acts?.(message))),
    );
    return [row, whole];
  });
  const next = page.next;
  return h(
    "div",
    {},
    h(
      "div",
      { class: "scrolls", tabindex: "0", role: "group", "aria-label": "Messages" },
      h(
        "table",
        { class: "plain-table" },
        h("thead", {}, h("tr", {}, ...heads.map((text) => h("th", { scope: "col" }, text)))),
        h("tbody", {}, ...rows),
      ),
    ),
    next ? h("button", { type: "button", onclick: () => more(next) }, "Next page") : null,
  );
}

function show(message: Message): HTMLElement {
  const history = message.history.map((one) =>
    h("li", {}, h("time", { class: "number" }, clock(one.at)), h("span", { class: "what" }, `${one.class}: ${one.error}`)),
  );
  const attributes = (message.attributes ?? []).map(([name, value]) =>
    h("div", {}, h("dt", {}, name), h("dd", {}, value)),
  );
  const body = message.body ?? (message.body_hex === undefined ? "" : `${message.body_hex} (hex)`);
  return h(
    "div",
    { class: "message" },
    h("p", {}, `${message.attempts} tries, ${message.deferrals} deferrals, ${message.crashes} crashes of a sender${message.uncertain ? "; it may have arrived" : ""}`),
    attributes.length > 0 ? h("dl", { class: "facts" }, ...attributes) : null,
    h("pre", { tabindex: "0", "aria-label": "Body" }, body || "(empty)"),
    message.response ? h("pre", { tabindex: "0", "aria-label": "Answer" }, JSON.stringify(message.response, null, 2)) : null,
    h("ol", { class: "events" }, ...history),
  );
}
