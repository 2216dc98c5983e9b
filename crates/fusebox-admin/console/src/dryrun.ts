// Other settings on the last hour: tried in virtual time, plotted beside what really happened, and put
// in force from there, with an end.

import { act, circuitPath, tagged } from "./api.ts";
import { curl } from "./acts.ts";
import { ask, field } from "./dialog.ts";
import { fill, h, say } from "./dom.ts";
import { clock, count, percent, span } from "./format.ts";
import { button } from "./rights.ts";
import { load } from "./states.ts";
import { store } from "./store.ts";
import { strip, type Piece } from "./strip.ts";
import type { Course, DryRun, Origins } from "./types.ts";

const ROWS_MAX = 12;

export class DryRunForm {
  readonly element: HTMLElement;
  private readonly rows = h("div", { class: "tries" });
  private readonly result = h("div", { class: "result" });
  private readonly error = h("p", { class: "error", role: "alert" });
  private keys: [string, string][] = [];

  constructor(
    private readonly name: string,
    private readonly changed: () => void,
  ) {
    const submit = (event: Event) => {
      event.preventDefault();
      void this.run();
    };
    this.element = h(
      "form",
      { class: "dry-run", onsubmit: submit },
      h("p", { class: "quiet" }, "Changes nothing: the last hour is run again, with these settings all the time."),
      this.rows,
      this.error,
      h(
        "div",
        { class: "buttons" },
        h("button", { type: "button", onclick: () => this.add() }, "Another setting"),
        h("button", { type: "submit", class: "primary" }, "Try on the last hour"),
      ),
      this.result,
    );
  }

  known(origins: Origins): void {
    const isFirst = this.keys.length === 0;
    this.keys = Object.entries(origins.effective).map(([key, one]) => [key, one.value]);
    if (isFirst) this.add("open_for");
  }

  private add(chosen?: string): void {
    if (this.rows.children.length >= ROWS_MAX) return;
    const value = h("input", { type: "text", autocomplete: "off", spellcheck: "false" });
    const key = h(
      "select",
      {},
      ...this.keys.map(([name]) => h("option", { value: name, selected: name === chosen }, name)),
    );
    const suggest = () => {
      const now = this.keys.find(([name]) => name === key.value)?.[1] ?? "";
      value.value = now;
    };
    key.addEventListener("change", suggest);
    suggest();
    const remove = h("button", { type: "button", class: "plain" }, "Remove");
    const line = h("div", { class: "try" }, field("Setting", key), field("Value", value), remove);
    remove.addEventListener("click", () => line.remove());
    this.rows.append(line);
  }

  private settings(): Record<string, string | number> {
    const found: Record<string, string | number> = {};
    for (const line of this.rows.children) {
      const key = line.querySelector("select")?.value ?? "";
      const text = line.querySelector("input")?.value.trim() ?? "";
      found[key] = /^\d+$/.test(text) ? Number(text) : text;
    }
    return found;
  }

  private async run(): Promise<void> {
    const settings = this.settings();
    if (Object.keys(settings).length === 0) return say(this.error, "Name at least one setting.");
    say(this.error, "");
    const path = `${circuitPath(this.name)}/dry-run`;
    await load(
      this.result,
      "the dry run",
      async () => (await act("POST", path, { settings })).body as DryRun,
      (run) => this.show(run, settings),
    );
  }

  private show(run: DryRun, settings: Record<string, string | number>): HTMLElement {
    const [from, until] = [Date.parse(run.from), Date.parse(run.until)];
    const line = (label: string, course: Course) =>
      h(
        "div",
        { class: "course" },
        h("span", { class: "label" }, label),
        strip(pieces(course, from, until), from, until, `${label}: ${words(course)}`) as Node,
        h("span", { class: "number" }, words(course)),
      );
    const { tried, replayed } = run;
    const facts: [string, string][] = [
      ["Calls it would reject", count(tried.calls_rejected)],
      ["Failures avoided", count(tried.failures_avoided)],
      ["Successes lost", count(tried.successes_lost)],
      ["Calls let through more", count(tried.let_through)],
    ];
    const openings = tried.openings.map((opening) =>
      h("li", {}, h("time", { class: "number" }, clock(opening.at)), h("span", { class: "what" }, opening.why)),
    );
    const put = button("Put in force…", "admin", () => void this.put(settings), { class: "primary" });
    return h(
      "div",
      {},
      h("p", { class: "axis" }, h("span", {}, clock(from)), h("span", {}, `${count(run.calls)} calls`), h("span", {}, clock(until))),
      line("Real", run.real),
      line("Check", replayed),
      line("Tried", tried),
      h("p", { class: "quiet" }, `The check agrees with what happened in ${percent(replayed.agreement)} of the time.`),
      h("dl", { class: "facts" }, ...facts.map(([dt, dd]) => h("div", {}, h("dt", {}, dt), h("dd", { class: "number" }, dd)))),
      openings.length > 0 ? h("details", {}, h("summary", {}, "Openings tried"), h("ol", { class: "events" }, ...openings)) : null,
      h("ul", { class: "quiet notes" }, ...run.notes.map((note) => h("li", {}, note))),
      put,
    );
  }

  /** Done only if nobody changed the settings since they were tried. */
  private async put(settings: Record<string, string | number>): Promise<void> {
    const path = `${circuitPath(this.name)}/override`;
    const [, tag] = await tagged<Origins>(path);
    const list = Object.entries(settings).map(([key, value]) => `${key} = ${value}`);
    const critical = store.entries.get(this.name)?.circuit.priority === 1;
    ask({
      title: `Put settings over those of ${this.name}`,
      means: ({ lasts }) => `${list.join(", ")}, ${lasts ? `for ${lasts}` : "until somebody ends it"}.`,
      verb: "Put in force",
      danger: true,
      reason: "required",
      lasts: true,
      typed: critical ? { text: this.name, why: "Priority 1." } : null,
      command: ({ reason, lasts }) =>
        curl("PUT", path, { settings, reason: reason || "…", ...(lasts ? { for: lasts } : {}) }),
      run: async ({ reason, lasts }) => {
        const body = { settings, reason, ...(lasts ? { for: lasts } : {}) };
        await act("PUT", path, body, tag ? { "If-Match": tag } : {});
        fill(this.result);
        this.changed();
        return "In force.";
      },
    });
  }
}

function words(course: Course): string {
  const times = course.openings_total === 1 ? "once" : `${course.openings_total} times`;
  return `open ${times}, ${span(course.time_open)}, ${count(course.rejected)} rejected`;
}

function pieces(course: Course, from: number, until: number): Piece[] {
  const closed: Piece = { from, until, state: "closed" };
  return [
    closed,
    ...course.openings.map((opening): Piece => {
      const at = Date.parse(opening.at);
      const end = opening.lasted === null ? until : at + opening.lasted * 1000;
      return { from: at, until: end, state: opening.would ? "held" : "open" };
    }),
  ];
}
