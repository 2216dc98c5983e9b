// Durable queues: how much waits, for how long, how fast it drains; pause and resume.

import { act, get } from "./api.ts";
import { curl } from "./acts.ts";
import { ask } from "./dialog.ts";
import { fill, h } from "./dom.ts";
import { bytes, clock, count, NONE, rate, since, span } from "./format.ts";
import { messageTable, type Messages } from "./messages.ts";
import type { Page } from "./page.ts";
import { button } from "./rights.ts";
import { empty, load } from "./states.ts";
import type { Queue } from "./types.ts";

const EVERY_MS = 2000;
/** Over so long the drain rate is taken. */
const DRAIN_MS = 10_000;

export function queuePath(name: string): string {
  return `api/v1/queues/${encodeURIComponent(name)}`;
}

/** How many messages more or less there were, over the last seconds. */
class Drain {
  private readonly seen = new Map<string, { at: number; messages: number }[]>();

  told(queue: Queue): void {
    const samples = this.seen.get(queue.name) ?? [];
    samples.push({ at: Date.now(), messages: queue.messages });
    while ((samples[0]?.at ?? Infinity) < Date.now() - DRAIN_MS - EVERY_MS) samples.shift();
    this.seen.set(queue.name, samples);
  }

  words(queue: Queue): string {
    const samples = this.seen.get(queue.name) ?? [];
    const [first, last] = [samples[0], samples.at(-1)];
    if (!first || !last || first === last) return NONE;
    const perSecond = (first.messages - last.messages) / ((last.at - first.at) / 1000);
    if (perSecond === 0) return "steady";
    return perSecond > 0 ? `drains ${rate(perSecond)}/s` : `grows ${rate(-perSecond)}/s`;
  }
}

export function queuesPage(): Page {
  const place = h("div", {});
  const drain = new Drain();
  let timer = 0;
  const again = () =>
    load(
      place,
      "queues",
      async () => (await get<{ queues: Queue[] }>("api/v1/queues")).queues,
      (queues) => {
        queues.forEach((queue) => drain.told(queue));
        if (queues.length === 0) return empty("No queues", "No circuit of this service has a queue.");
        return table(queues, drain, () => void again());
      },
    );
  // Not while somebody is at a button of it.
  const poll = () => void (!document.hidden && !place.contains(document.activeElement) && again());
  return {
    title: "Queues",
    element: h("div", { class: "queues" }, h("h1", {}, "Queues"), place),
    begin() {
      void again();
      timer = window.setInterval(poll, EVERY_MS);
    },
    update() {},
    end: () => clearInterval(timer),
  };
}

function table(queues: Queue[], drain: Drain, again: () => void): HTMLElement {
  const heads = ["Queue", "Waiting", "Full", "Oldest", "Drain", "In flight", "Dead", "State", "Acts"];
  const rows = queues.map((queue) => {
    const dead = `#/dead?queue=${encodeURIComponent(queue.name)}`;
    return h(
      "tr",
      { "data-state": queue.paused ? "held" : null },
      h("th", { scope: "row" }, h("a", { href: `#/queues/${encodeURIComponent(queue.name)}` }, queue.name)),
      h("td", { class: "number" }, `${count(queue.messages)} · ${bytes(queue.bytes)}`),
      h("td", { class: "number" }, full(queue)),
      h("td", { class: "number" }, queue.oldest_at ? span(since(queue.oldest_at)) : NONE),
      h("td", { class: "number" }, drain.words(queue)),
      h("td", { class: "number" }, count(queue.in_flight)),
      h("td", { class: "number" }, queue.dead > 0 ? h("a", { href: dead, class: "loud" }, count(queue.dead)) : "0"),
      h("td", {}, paused(queue)),
      h("td", {}, buttons(queue, again)),
    );
  });
  return h(
    "div",
    { class: "scrolls", tabindex: "0", role: "group", "aria-label": "Queues" },
    h(
      "table",
      { class: "plain-table" },
      h("thead", {}, h("tr", {}, ...heads.map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, ...rows),
    ),
  );
}

function full(queue: Queue): string {
  const shares = [
    queue.messages_max ? queue.messages / queue.messages_max : 0,
    queue.bytes_max ? queue.bytes / queue.bytes_max : 0,
  ];
  return `${Math.ceil(Math.max(...shares) * 100)} %`;
}

function paused(queue: Queue): string {
  if (!queue.paused) return queue.corrupt > 0 ? `${count(queue.corrupt)} corrupt` : "delivering";
  return `paused by ${queue.paused.by} at ${clock(queue.paused.since)}: ${queue.paused.reason}`;
}

function buttons(queue: Queue, again: () => void): HTMLElement {
  const path = queuePath(queue.name);
  const pause = () =>
    ask({
      title: `Pause ${queue.name}`,
      means: () =>
        "Deliveries under way end; no others begin until somebody resumes it. New messages are still taken.",
      verb: "Pause",
      danger: true,
      reason: "required",
      command: ({ reason }) => curl("POST", `${path}/pause`, { reason: reason || "…" }),
      run: async ({ reason }) => {
        await act("POST", `${path}/pause`, { reason });
        again();
        return `Paused ${queue.name}.`;
      },
    });
  const resume = () =>
    ask({
      title: `Resume ${queue.name}`,
      means: () => `Ends the pause by ${queue.paused?.by}: ${queue.paused?.reason}`,
      verb: "Resume",
      reason: "optional",
      command: ({ reason }) => curl("POST", `${path}/resume`, { epoch: queue.paused?.epoch, ...(reason ? { reason } : {}) }),
      run: async ({ reason }) => {
        // With its epoch: a newer pause by somebody else is not undone.
        const body = { epoch: queue.paused?.epoch, ...(reason ? { reason } : {}) };
        await act("POST", `${path}/resume`, body);
        again();
        return `Resumed ${queue.name}.`;
      },
    });
  const one = queue.paused
    ? button("Resume…", "operator", resume, { class: "primary" })
    : button("Pause…", "operator", pause);
  return h("div", { class: "acts" }, one);
}

export function queuePage(name: string): Page {
  const head = h("div", {});
  const list = h("div", {});
  const drain = new Drain();
  const path = queuePath(name);
  let timer = 0;
  const again = () =>
    load(head, name, () => get<Queue>(path), (queue) => {
      drain.told(queue);
      return table([queue], drain, () => void again());
    });
  const messages = (cursor: string | null = null): Promise<void> =>
    load(list, "messages", () => get<Messages>(`${path}/messages?limit=50${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`), (page) =>
      page.messages.length === 0
        ? empty("Nothing waits", "Every message was delivered, or is dead.")
        : messageTable(page, (next) => {
            fill(list);
            void messages(next);
          }),
    );
  return {
    title: name,
    element: h("div", { class: "queues" }, h("a", { href: "#/queues", class: "back" }, "All queues"), h("h1", {}, name), head, h("h2", {}, "Messages"), list),
    begin() {
      void again();
      void messages();
      timer = window.setInterval(() => void (!document.hidden && !head.contains(document.activeElement) && again()), EVERY_MS);
    },
    update() {},
    end: () => clearInterval(timer),
  };
}
