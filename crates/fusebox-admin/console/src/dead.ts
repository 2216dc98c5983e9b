// Dead letters: looked at, tried again or thrown away, one by one or all that a filter names.

import { act, get } from "./api.ts";
import { curl } from "./acts.ts";
import { ask, field } from "./dialog.ts";
import { fill, h } from "./dom.ts";
import { messageTable, type Messages } from "./messages.ts";
import type { Page } from "./page.ts";
import { button } from "./rights.ts";
import { empty, load } from "./states.ts";
import type { Message } from "./types.ts";

type Verb = "retry" | "discard";

export function deadPage(): Page {
  const given = new URLSearchParams(location.hash.split("?")[1] ?? "");
  const queue = h("input", { type: "search", autocomplete: "off", spellcheck: "false", value: given.get("queue") ?? "" });
  const key = h("input", { type: "search", autocomplete: "off", spellcheck: "false", value: given.get("key") ?? "" });
  const place = h("div", {});
  const bulk = h("div", { class: "acts", role: "group", "aria-label": "Actions on all that fit" });
  const asked = () => {
    const filter: Record<string, string> = {};
    if (queue.value.trim()) filter.queue = queue.value.trim();
    if (key.value.trim()) filter.key = key.value.trim();
    return filter;
  };
  const search = (cursor: string | null = null): Promise<void> => {
    fill(bulk, all("retry"), all("discard"));
    const query = new URLSearchParams({ ...asked(), limit: "50", ...(cursor ? { cursor } : {}) });
    return load(place, "dead letters", () => get<Messages>(`api/v1/dead-letters?${query}`), (page) =>
      page.messages.length === 0
        ? empty("No dead letters", "Every message was delivered or still waits.")
        : messageTable(
            page,
            (next) => {
              fill(place);
              void search(next);
            },
            "api/v1/dead-letters",
            acts,
          ),
    );
  };
  const again = () => void search();

  const acts = (message: Message) =>
    h(
      "span",
      { class: "acts" },
      button("Retry…", "operator", () => one("retry", message)),
      button("Discard…", "operator", () => one("discard", message)),
    );
  const one = (verb: Verb, message: Message) => {
    const path = `api/v1/dead-letters/${encodeURIComponent(message.id)}/${verb}`;
    confirm(verb, "this dead letter", path, {}, null);
  };
  const all = (verb: Verb) => {
    const filter = asked();
    const why = filter.queue ? {} : { why: "Name a queue first." };
    const label = verb === "retry" ? "Retry all that fit…" : "Discard all that fit…";
    const what = `all dead letters of ${filter.queue}${filter.key ? ` with the key ${filter.key}` : ""}`;
    const typed = { text: filter.queue ?? "", why: "It concerns many." };
    return button(label, "operator", () => confirm(verb, what, `api/v1/dead-letters/${verb}`, filter, typed), why);
  };
  const confirm = (
    verb: Verb,
    what: string,
    path: string,
    filter: Record<string, string>,
    typed: { text: string; why: string } | null,
  ) => {
    const body = (reason: string) => ({ ...filter, ...(reason ? { reason } : {}) });
    ask({
      title: `${verb === "retry" ? "Retry" : "Discard"} ${what}`,
      means: () =>
        verb === "retry"
          ? "Each goes to the front of its key and is delivered again."
          : "Each is deleted for good. This cannot be undone.",
      verb: verb === "retry" ? "Retry" : "Discard",
      danger: verb === "discard",
      reason: verb === "discard" ? "required" : "optional",
      typed,
      command: ({ reason }) => curl("POST", path, body(reason)),
      run: async ({ reason }) => {
        const { body: told } = await act("POST", path, body(reason));
        const changed = (told as { changed?: number } | null)?.changed ?? 1;
        again();
        return `${verb === "retry" ? "Retried" : "Discarded"}: ${changed}.`;
      },
    });
  };
  const form = h(
    "form",
    {
      class: "search",
      onsubmit: (event) => {
        event.preventDefault();
        fill(place);
        again();
      },
    },
    field("Queue", queue),
    field("Key", key),
    h("button", { type: "submit", class: "primary" }, "Search"),
    bulk,
  );
  queue.addEventListener("input", () => fill(bulk, all("retry"), all("discard")));
  return {
    title: "Dead letters",
    element: h("div", { class: "queues" }, h("h1", {}, "Dead letters"), form, place),
    begin: again,
    update() {},
    end() {},
  };
}
