// One circuit: its state over time and why, what its calls do, its branches, settings and history,
// and everything that can be done to it.

import { circuitPath, get, Problem, text } from "./api.ts";
import { buttons } from "./acts.ts";
import { branches } from "./branches.ts";
import { Charts } from "./charts.ts";
import { chip } from "./chip.ts";
import { download, fill, h, mark, say } from "./dom.ts";
import { DryRunForm } from "./dryrun.ts";
import { count, clock, percent, rate, span, since } from "./format.ts";
import type { Page } from "./page.ts";
import { marks } from "./row.ts";
import { settingsTable } from "./settings.ts";
import { empty, failed, load, loading } from "./states.ts";
import { rates, rejections, store } from "./store.ts";
import { StateStrip } from "./strip.ts";
import { toast } from "./toast.ts";
import { felt, feltSince, nearness, sentence, story } from "./words.ts";
import type { Activity, Branch, HistoryEvent, Origins } from "./types.ts";

const ACTIVITY_MS = 10_000;
const PAGE = 100;
/** Events of these kinds are somebody's doing. */
const DEEDS = new Set([
  "hold_set",
  "hold_ended",
  "reset",
  "override_set",
  "override_ended",
  "settings_changed",
  "main_opened",
  "main_closed",
]);

export function circuitPage(name: string): Page {
  const path = circuitPath(name);
  const head = h("div", { class: "circuit-head" });
  const age = h("span", { class: "age number" });
  const why = h("p", { class: "story" });
  const facts = h("dl", { class: "facts" });
  const acts = h("div", {});
  const strip = new StateStrip();
  const charts = new Charts();
  const branchPlace = h("div", {});
  const classPlace = h("div", {});
  const settingsPlace = h("div", {});
  const eventPlace = h("ol", { class: "events" });
  const deedPlace = h("ol", { class: "events" });
  const older = h("button", { type: "button", hidden: true, onclick: () => void more() }, "Older");
  const dryRun = new DryRunForm(name, () => void loadSettings());
  let events: HistoryEvent[] = [];
  let cursor: string | null = null;
  let shown = "";
  let timer = 0;
  let settingsSeen = "";
  let branchesSeen = "";
  const gone = h("div", {});

  const body = h(
    "div",
    { class: "circuit" },
    head,
    why,
    facts,
    acts,
    section("Last hour", strip.element, charts.element),
    section("Transitions and events", eventPlace, older),
    branchSection(),
    section("Failures of the last hour by class", classPlace),
    section("Settings in force", settingsPlace),
    section("Try other settings", dryRun.element),
    section("Who changed what", deedPlace),
  );

  function branchSection(): HTMLElement {
    return section("Branches, the worst first", branchPlace);
  }

  const update = () => {
    const entry = store.entries.get(name);
    body.hidden = !entry;
    if (!entry) {
      const text = "It is not defined, or it is not one of this token's circuits.";
      fill(gone, store.isEmpty ? loading(name) : empty(`No circuit ${name}`, text));
      return;
    }
    if (gone.hasChildNodes()) fill(gone);
    const { circuit } = entry;
    const key = [felt(circuit), circuit.generation, circuit.override?.since, circuit.priority].join();
    if (key !== shown) {
      shown = key;
      fill(head, chip(felt(circuit)), h("h1", {}, name), ...marks(entry), age);
      fill(acts, buttons({ name }, circuit.hold !== null));
      mark(body, "data-state", felt(circuit));
    }
    say(age, span(since(feltSince(circuit))));
    say(why, story(entry));
    showFacts();
    strip.now(felt(circuit));
    const settings = JSON.stringify([circuit.settings, circuit.override]);
    if (settings !== settingsSeen) {
      settingsSeen = settings;
      void loadSettings();
      charts.settings(circuit.settings);
    }
    (body.children[6] as HTMLElement).hidden = circuit.branches === null;
    const branchState = JSON.stringify(circuit.branches);
    if (circuit.branches && branchState !== branchesSeen) {
      branchesSeen = branchState;
      void loadBranches();
    }
  };

  const values = new Map<string, HTMLElement>();
  const showFacts = () => {
    const entry = store.entries.get(name);
    if (!entry) return;
    const { circuit, activity } = entry;
    const now = rates(entry);
    const { totals, window } = circuit;
    const all: [string, string][] = [
      ["Calls/s", rate(now.calls)],
      ["Failed", percent(now.failed)],
      ["Rejected/s", rate(now.rejected)],
      ["Fallbacks/min", String(activity?.fallbacks ?? 0)],
      ["Window", `${count(window.failures)} of ${count(window.calls)} failed`],
      ["In a row", count(circuit.consecutive_failures)],
      ["To trip", percent(nearness(circuit))],
      ["Since the start", `${count(totals.success)} well, ${count(totals.failure)} failed`],
      ["Rejected in all", count(rejections(circuit))],
      ["Late or ignored", count(totals.late + totals.ignored)],
    ];
    for (const [label, value] of all) {
      let place = values.get(label);
      if (!place) {
        place = h("dd", { class: "number" });
        values.set(label, place);
        facts.append(h("div", {}, h("dt", {}, label), place));
      }
      say(place, value);
    }
  };

  const loadActivity = async () => {
    if (document.hidden) return;
    try {
      const activity = await get<Activity>(`${path}/activity`);
      charts.draw(activity.points);
      fill(classPlace, classes(activity));
    } catch (error) {
      if (!charts.hasData) charts.element.replaceChildren(failed(error, () => void loadActivity()));
    }
  };
  const loadBranches = () =>
    load(
      branchPlace,
      "branches",
      async () => (await get<{ branches: Branch[] }>(`${path}/branches?max=50`)).branches,
      (found) => branches(name, found),
    );
  const loadSettings = () =>
    load(
      settingsPlace,
      "settings",
      () => get<Origins>(`${path}/override`),
      (origins) => {
        dryRun.known(origins);
        return settingsTable(name, origins);
      },
    );

  const more = async () => {
    const asked = cursor ? `&cursor=${cursor}` : "";
    try {
      const page = await get<{ events: HistoryEvent[]; next: string | null }>(
        `${path}/events?limit=${PAGE}${asked}`,
      );
      // What the stream told meanwhile is not told twice.
      const known = new Set(events.map((event) => event.id));
      events.push(...page.events.filter((event) => !known.has(event.id)));
      cursor = page.next;
      older.hidden = cursor === null;
      showEvents();
    } catch (error) {
      fill(eventPlace, h("li", {}, failed(error, () => void more())));
    }
  };
  const showEvents = () => {
    strip.draw(events.filter((event) => event.branch === null));
    const settings = settingsOfNow();
    fill(
      eventPlace,
      ...events.map((event) => item(event, settings(event))),
      events.length === 0 ? h("li", { class: "quiet" }, "Nothing has happened yet.") : null,
    );
    const deeds = events.filter((event) => event.by !== null || DEEDS.has(event.kind));
    fill(
      deedPlace,
      ...deeds.map((event) => item(event, null)),
      deeds.length === 0 ? h("li", { class: "quiet" }, "Nobody has changed anything yet.") : null,
    );
  };
  /** Thresholds are those of now: what is older than the last change of settings had others. */
  const settingsOfNow = () => {
    const changed = events.find((event) => /^(settings|override)_|^replaced/.test(event.kind));
    const now = store.entries.get(name)?.circuit.settings ?? null;
    return (event: HistoryEvent) =>
      event.branch === null && event.id > (changed?.id ?? 0) ? now : null;
  };

  return {
    title: name,
    element: h("div", {}, h("a", { href: "#/", class: "back" }, "All circuits"), gone, body),
    update,
    begin() {
      update();
      void more();
      void loadActivity();
      timer = window.setInterval(() => void loadActivity(), ACTIVITY_MS);
    },
    told(what, event) {
      if (what === "event" && event && (event.circuit === name || event.circuit === null)) {
        if (events.some((known) => known.id === event.id)) return;
        events = [event, ...events].slice(0, 1000);
        showEvents();
      }
      if (what === "snapshot" && events.length > 0) {
        events = [];
        cursor = null;
        void more();
      }
    },
    rights() {
      shown = "";
      settingsSeen = "";
    },
    end() {
      clearInterval(timer);
      charts.end();
    },
  };
}

function section(title: string, ...children: Node[]): HTMLElement {
  return h("section", {}, h("h2", {}, title), ...children);
}

function item(event: HistoryEvent, settings: HistoryEvent["details"]): HTMLElement {
  const text = sentence(event, settings as Record<string, string> | null);
  return h(
    "li",
    { "data-kind": event.kind, "data-to": event.to },
    h("time", { datetime: event.at, class: "number", title: event.at }, clock(event.at)),
    h("span", { class: "what" }, text),
    event.has_replay
      ? h(
          "button",
          { type: "button", class: "plain", onclick: () => void save(event) },
          "Export replay",
        )
      : null,
  );
}

async function save(event: HistoryEvent): Promise<void> {
  try {
    const file = await text(`api/v1/events/${event.id}/replay`);
    download(`${event.circuit}-${event.id}.json`, file, "application/json");
    toast("Saved. Run it with: fusebox replay FILE --set open_for=10s");
  } catch (error) {
    toast(error instanceof Problem ? error.message : String(error));
  }
}

function classes(activity: Activity): HTMLElement {
  if (activity.failures === null) {
    return h("p", { class: "quiet" }, "This service records no calls, so classes are not known.");
  }
  if (activity.failures.length === 0) return h("p", { class: "quiet" }, "No call failed.");
  const rows = activity.failures.map((one) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, one.class),
      h("td", { class: "number" }, count(one.count)),
      h("td", { class: "number" }, clock(one.last)),
    ),
  );
  return h(
    "table",
    { class: "plain-table" },
    h("thead", {}, h("tr", {}, ...["Class", "Failures", "Last"].map((t) => h("th", { scope: "col" }, t)))),
    h("tbody", {}, ...rows),
  );
}
