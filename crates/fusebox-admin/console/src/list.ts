// All circuits: a table, or tiles, of the same rows. The order changes when the user asks for it or a
// state changes, and never under a pointer or a focus: nothing moves away from who is about to act.

import { h, mark, say } from "./dom.ts";
import { matches, sorted, type View } from "./order.ts";
import { COLUMNS, row, type Row } from "./row.ts";
import { store, type Entry } from "./store.ts";
import { felt } from "./words.ts";

/** As many as a tall screen shows. */
const FIRST_ROWS = 40;

export class List {
  readonly element: HTMLElement;
  readonly view: View = { filter: "all", text: "", sort: "state", down: false };
  onChange: () => void = () => {};
  private readonly body = h("div", { role: "rowgroup", class: "rows" });
  private readonly heads = new Map<string, HTMLElement>();
  private readonly rows = new Map<string, Row>();
  private readonly none = h("p", { class: "none", hidden: true }, "No circuit fits this filter.");
  private readonly seer: IntersectionObserver;
  private order = "";
  private pointed = false;

  constructor() {
    const head = h(
      "div",
      { role: "row", class: "row head" },
      ...COLUMNS.map((column) => this.head(column)),
    );
    const table = h(
      "div",
      { role: "table", "aria-label": "Circuits", class: "table" },
      h("div", { role: "rowgroup" }, head),
      this.body,
    );
    this.element = h("div", { class: "list as-table" }, table, this.none);
    // What nobody sees is not drawn; a little more than the window is, so that scrolling shows it.
    this.seer = new IntersectionObserver((seen) => this.saw(seen), { rootMargin: "200px" });
    this.body.addEventListener("pointerenter", () => (this.pointed = true));
    this.body.addEventListener("pointerleave", () => {
      this.pointed = false;
      this.arrange();
    });
    this.body.addEventListener("focusout", () => setTimeout(() => this.arrange(), 0));
    this.body.addEventListener("keydown", (event) => this.walk(event));
  }

  /** The circuits of the present filter. */
  shown(): Entry[] {
    return [...store.entries.values()].filter((entry) => matches(entry, this.view));
  }

  private head(column: (typeof COLUMNS)[number]): HTMLElement {
    const { key, label, title, number } = column;
    const button = h("button", { type: "button", title, onclick: () => this.sortBy(key) }, label);
    const cell = h(
      "div",
      { role: "columnheader", class: `cell c-${key}${number ? " number" : ""}` },
      button,
    );
    this.heads.set(key, cell);
    return cell;
  }

  sortBy(key: string): void {
    const { view } = this;
    const down = COLUMNS.find((column) => column.key === key)?.number ?? false;
    view.down = view.sort === key ? !view.down : down;
    view.sort = key;
    this.arrange(true);
    this.onChange();
  }

  /** Puts rows in their order, unless somebody is at them. */
  arrange(asked = false): void {
    for (const [key, cell] of this.heads) {
      const by = this.view.sort === key;
      mark(cell, "aria-sort", by ? (this.view.down ? "descending" : "ascending") : null);
    }
    const busy = this.pointed || this.body.contains(document.activeElement);
    const entries = this.shown();
    // By a number that changes every second the order is the one of the moment it was asked for.
    const live = this.view.sort === "state" || this.view.sort === "name";
    const names = entries.map((entry) => entry.circuit.name);
    const states = entries.map((entry) => `${felt(entry.circuit)}${entry.circuit.hold?.kind}`);
    const signature = [...names, ...(live ? states : [])].join("\n");
    if (!asked && (busy || signature === this.order)) return;
    this.order = signature;
    const wanted = sorted(entries, this.view).map((entry) => this.rowOf(entry));
    const gone = new Set(this.rows.values());
    wanted.forEach((one) => gone.delete(one));
    for (const one of gone) this.drop(one);
    this.place(wanted);
    this.none.hidden = wanted.length > 0 || store.isEmpty;
  }

  private rowOf(entry: Entry): Row {
    const { name } = entry.circuit;
    let known = this.rows.get(name);
    if (!known) {
      known = row(name);
      // The first screen is whole in the first picture; for the rest the observer has the word.
      known.visible = this.rows.size < FIRST_ROWS;
      this.rows.set(name, known);
      this.seer.observe(known.element);
      known.update(entry);
    }
    return known;
  }

  private drop(one: Row): void {
    this.seer.unobserve(one.element);
    one.element.remove();
    this.rows.delete(one.name);
  }

  /** Moves only what stands elsewhere. */
  private place(wanted: Row[]): void {
    let at = this.body.firstElementChild;
    const fresh = document.createDocumentFragment();
    if (!at) {
      wanted.forEach((one) => fresh.append(one.element));
      this.body.append(fresh);
      return;
    }
    for (const one of wanted) {
      if (one.element === at) at = at.nextElementSibling;
      else this.body.insertBefore(one.element, at);
    }
  }

  private saw(seen: IntersectionObserverEntry[]): void {
    const byElement = new Map([...this.rows.values()].map((one) => [one.element as Element, one]));
    for (const { target, isIntersecting } of seen) {
      const one = byElement.get(target);
      if (!one) continue;
      if (!isIntersecting) {
        one.leave();
        continue;
      }
      one.visible = true;
      const entry = store.entries.get(one.name);
      if (entry) one.update(entry);
    }
  }

  /** Once a second, and after a transition. A row far off still says its state: it may be searched. */
  update(): void {
    this.arrange();
    for (const one of this.rows.values()) {
      const entry = store.entries.get(one.name);
      if (entry) one.update(entry);
    }
  }

  /** Arrow keys go from circuit to circuit. */
  private walk(event: KeyboardEvent): void {
    const links = [...this.body.querySelectorAll<HTMLElement>("a")];
    const at = links.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    links[to]?.focus();
  }

  /** Follows nothing any more. */
  end(): void {
    this.seer.disconnect();
  }

  layout(tiles: boolean): void {
    mark(this.element, "class", `list ${tiles ? "as-tiles" : "as-table"}`);
  }

  counted(place: Element): void {
    const [shown, all] = [this.shown().length, store.entries.size];
    say(place, shown === all ? `${all} circuits` : `${shown} of ${all} circuits`);
  }
}
