// The first page: what is wrong, why, since when and what happens next; then all circuits.

import { get } from "./api.ts";
import { open as openAct } from "./acts.ts";
import { chip, icon, STATE_WORD } from "./chip.ts";
import { mainButton } from "./mainbreaker.ts";
import { fill, h, mark, say } from "./dom.ts";
import { span, since } from "./format.ts";
import { List } from "./list.ts";
import { severity, type Filter } from "./order.ts";
import type { Page } from "./page.ts";
import { button } from "./rights.ts";
import { marks } from "./row.ts";
import { empty, loading } from "./states.ts";
import { store, type Entry } from "./store.ts";
import { felt, feltSince, HOLD_WORD, story } from "./words.ts";
import type { ShortActivity } from "./types.ts";

/** More tiles than a screen shows are a list, and the list is below. */
const TILES_MAX = 6;
const TILES_MAX_NARROW = 3;
const NARROW = matchMedia("(max-width: 640px)");
const ACTIVITY_MS = 10_000;
const LAYOUT = "fusebox-layout";

const FILTERS: [Filter, string][] = [
  ["all", "All"],
  ["open", STATE_WORD.open],
  ["half_open", STATE_WORD.half_open],
  ["closed", STATE_WORD.closed],
  ["held", "Held"],
];

export function overview(): Page {
  const list = new List();
  const strip = new Strip((filter) => {
    list.view.filter = filter;
    list.arrange(true);
    update();
  });
  const wrong = h("section", { class: "wrong", "aria-label": "What needs attention" });
  const note = h("div", {});
  const counted = h("span", { class: "counted" });
  const search = h("input", {
    type: "search",
    placeholder: "Filter by name",
    "aria-label": "Filter circuits by name",
    autocomplete: "off",
    spellcheck: "false",
    oninput: () => {
      list.view.text = search.value.trim();
      list.arrange(true);
      update();
    },
  });
  const layout = h("button", { type: "button", onclick: () => setLayout(!tiles()) });
  const bulk = h("div", { class: "acts", role: "group", "aria-label": "Actions on all shown" });
  const tools = h("div", { class: "tools" }, search, counted, layout, bulk);
  const tiles = () => localStorage.getItem(LAYOUT) === "tiles";
  const setLayout = (on: boolean) => {
    localStorage.setItem(LAYOUT, on ? "tiles" : "table");
    list.layout(on);
    say(layout, on ? "As table" : "As tiles");
  };
  setLayout(tiles());
  const mainPlace = h("div", { class: "main-switch" });
  let mainShown = "";
  let wrongShown = "";
  let bulkShown = "";

  const update = () => {
    strip.update(list.view.filter);
    if (store.main && store.main.state !== mainShown) {
      mainShown = store.main.state;
      fill(mainPlace, mainButton());
    }
    if (store.isEmpty) {
      if (!note.hasChildNodes()) fill(note, loading("circuits"));
      return;
    }
    const none = store.entries.size === 0;
    note.hidden = !none;
    if (none) {
      const hint = "[circuits.rag]\nupstream = \"http://127.0.0.1:8000\"";
      fill(note, empty("No circuits yet", "They appear here as soon as they are defined.", hint));
    } else if (note.hasChildNodes()) fill(note);
    list.element.hidden = tools.hidden = none;
    list.update();
    list.counted(counted);
    showWrong();
    showBulk();
  };

  const showWrong = () => {
    const bad = [...store.entries.values()].filter(
      ({ circuit }) => felt(circuit) !== "closed" || circuit.hold !== null,
    );
    bad.sort((a, b) => severity(a) - severity(b) || a.circuit.name.localeCompare(b.circuit.name));
    const shown = bad.slice(0, NARROW.matches ? TILES_MAX_NARROW : TILES_MAX);
    const signature = shown.map(tileKey).join("\n") + bad.length;
    if (signature !== wrongShown) {
      wrongShown = signature;
      const more = bad.length - shown.length;
      fill(
        wrong,
        ...shown.map(tile),
        more > 0 ? h("p", { class: "more" }, `and ${more} more, first in the list below`) : null,
      );
    }
    shown.forEach((entry, i) => {
      const one = wrong.children[i];
      if (one) refresh(one, entry);
    });
  };

  const showBulk = () => {
    const shown = list.shown();
    const held = shown.some((entry) => entry.circuit.hold);
    const signature = `${shown.length}|${held}`;
    if (signature === bulkShown) return;
    bulkShown = signature;
    const targets = () => list.shown().map((entry) => ({ name: entry.circuit.name }));
    const why = shown.length === 0 ? "No circuit is shown." : undefined;
    const options = why ? { class: "plain", why } : { class: "plain" };
    fill(
      bulk,
      h("span", { class: "quiet" }, shown.length === 1 ? "The one shown:" : `All ${shown.length} shown:`),
      button("Hold…", "operator", () => openAct("hold", targets()), options),
      held ? button("Release…", "operator", () => openAct("release", targets()), options) : null,
      button("Reset…", "operator", () => openAct("reset", targets()), options),
    );
  };

  let timer = 0;
  const fetchActivity = async () => {
    if (document.hidden) return;
    try {
      const { circuits } = await get<{ circuits: Record<string, ShortActivity> }>("api/v1/activity");
      store.activity(circuits);
      list.update();
    } catch {
      // The stream tells that the daemon is away; lines of a moment ago are better than none.
    }
  };
  const onKey = (event: KeyboardEvent) => {
    const typing = event.target instanceof HTMLElement && event.target.matches("input, select");
    if (event.key === "/" && !typing) {
      event.preventDefault();
      search.focus();
    }
  };
  document.addEventListener("keydown", onKey);
  return {
    title: "Circuits",
    element: h(
      "div",
      { class: "overview" },
      h("h1", { class: "unseen" }, "Circuits"),
      h("div", { class: "top" }, strip.element, mainPlace),
      wrong,
      note,
      tools,
      list.element,
    ),
    update,
    begin() {
      update();
      // Before the first snapshot there are no rows for it; the snapshot asks by itself.
      if (!store.isEmpty) void fetchActivity();
      timer = window.setInterval(() => void fetchActivity(), ACTIVITY_MS);
    },
    told(what) {
      if (what === "snapshot") void fetchActivity();
    },
    rights: () => {
      bulkShown = "";
      wrongShown = "";
      mainShown = "";
    },
    end() {
      clearInterval(timer);
      list.end();
      document.removeEventListener("keydown", onKey);
    },
  };
}

function tileKey({ circuit }: Entry): string {
  return [circuit.name, felt(circuit), circuit.generation, circuit.override?.since].join(" ");
}

function tile(entry: Entry): HTMLElement {
  const { circuit } = entry;
  const state = felt(circuit);
  const quiet = state === "closed" ? "held" : state;
  return h(
    "article",
    { class: `tile ${quiet}` },
    h(
      "h2",
      {},
      circuit.hold && state === "closed"
        ? h("span", { class: "chip held" }, icon("hold"), HOLD_WORD[circuit.hold.kind])
        : chip(state),
      h("a", { href: `#/circuit/${encodeURIComponent(circuit.name)}` }, circuit.name),
      ...marks(entry).filter((badge) => !badge.classList.contains("hold") || state !== "closed"),
      h("span", { class: "age number" }),
    ),
    h("p", { class: "story" }),
  );
}

function refresh(element: Element, entry: Entry): void {
  const age = element.querySelector(".age");
  const text = element.querySelector(".story");
  if (age) say(age, span(since(feltSince(entry.circuit))));
  if (text) say(text, story(entry));
}

/** Counts by state; each is a filter. */
class Strip {
  readonly element: HTMLElement;
  private readonly numbers = new Map<Filter, HTMLElement>();
  private readonly buttons = new Map<Filter, HTMLElement>();

  constructor(choose: (filter: Filter) => void) {
    const make = ([filter, label]: [Filter, string]) => {
      const number = h("span", { class: "number" }, "0");
      const shape = filter === "all" ? null : icon(filter === "held" ? "hold" : (filter as "open"));
      const one = h(
        "button",
        { type: "button", class: `count ${filter}`, onclick: () => choose(filter) },
        number,
        h("span", { class: "label" }, shape, label),
      );
      this.numbers.set(filter, number);
      this.buttons.set(filter, one);
      return one;
    };
    this.element = h(
      "div",
      { class: "strip", role: "group", "aria-label": "Circuits by state" },
      ...FILTERS.map(make),
    );
  }

  update(chosen: Filter): void {
    const counts: Record<string, number> = { all: 0, open: 0, half_open: 0, closed: 0, held: 0 };
    const add = (key: string) => (counts[key] = (counts[key] ?? 0) + 1);
    for (const { circuit } of store.entries.values()) {
      add("all");
      add(felt(circuit));
      if (circuit.hold) add("held");
    }
    for (const [filter, one] of this.buttons) {
      const count = counts[filter] ?? 0;
      const number = this.numbers.get(filter);
      if (number) say(number, store.isEmpty ? "–" : String(count));
      mark(one, "aria-pressed", String(filter === chosen));
      mark(one, "data-some", count > 0 ? "" : null);
    }
  }
}
