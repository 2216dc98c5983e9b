// An upstream: its name, the state of its circuit, what was wasted on it by each side, and the buttons
// that break it.

import { icon, STATE_WORD } from "../chip.ts";
import { h, mark, say } from "../dom.ts";
import { count, span } from "../format.ts";
import { breakIt } from "./acts.ts";
import { SIDES, type Call, type Fault, type Side, type System, type Upstream } from "./types.ts";

const LABEL: Record<string, string> = {
  kill: "Kill",
  hang: "Hang",
  slow: "Slow",
  errors: "Errors",
  too_many: "429",
  shard: "Shard",
};

/** What was asked for is shown at once, and so long at most while the stream does not tell it yet. */
const ASKED_MS = 1500;

/** More would not fit at the end of a wire. */
const COUNTED_MAX = 10_000;

/** The end of a sentence that the countdown says better. */
const NEXT = /; trying again in .*$/;
/** And the begin of one: that it is a branch is seen below it. */
const BEFORE = /^branch /;

export class UpstreamCard {
  readonly name: string;
  readonly element: HTMLElement;
  private readonly chip = h("span", { class: "chip" });
  private readonly retry = h("span", { class: "number" });
  private readonly sentence = h("p", { class: "sentence" });
  private readonly keys = h("ul", { class: "keys" });
  private readonly ports: Record<Side, Port>;
  private readonly buttons: HTMLButtonElement[];
  private readonly heal: HTMLButtonElement;
  private readonly role: string;
  private readonly says: Map<string, string>;
  private asked: { fault: string | null; until: number } | null = null;
  private fault: string | null = null;
  private shown = "";

  constructor(upstream: Upstream, system: System, faults: Fault[]) {
    this.name = upstream.name;
    this.role = roleOf(upstream.name, system);
    this.says = new Map(faults.map(({ name, says }) => [name, says]));
    this.ports = { with: port("with"), without: port("without") };
    this.buttons = faults.map((fault) => this.button(fault));
    const healed = () => {
      // It goes away when it is done: the focus goes back to what is still there.
      const pressed = this.buttons.find((one) => one.getAttribute("aria-pressed") === "true");
      (pressed ?? this.buttons[0])?.focus();
      void this.ask(null);
    };
    this.heal = h("button", { type: "button", class: "heal", onclick: healed }, "Heal");
    const label = `Break ${upstream.name}`;
    const bar = h("div", { class: "faults", role: "toolbar", "aria-label": label }, ...this.buttons, this.heal);
    bar.addEventListener("keydown", (event) => this.move(event));
    bar.addEventListener("focusin", (event) => this.here(event.target));
    this.here(this.buttons[0] ?? this.heal);
    this.element = h(
      "li",
      { class: "upstream" },
      h("div", { class: "ports" }, this.ports.with.element, this.ports.without.element),
      h("div", { class: "what" }, h("h3", {}, upstream.name), this.keys, this.chip),
      this.sentence,
      bar,
    );
  }

  show(upstream: Upstream): void {
    if (this.asked && (this.asked.fault === upstream.fault || Date.now() > this.asked.until)) {
      this.asked = null;
    }
    this.fault = this.asked ? this.asked.fault : upstream.fault;
    this.showState(upstream);
    say(this.retry, untilTrial(upstream));
    mark(this.element, "data-state", lookOf(upstream.circuit));
    mark(this.element, "data-sick", this.fault === null ? null : "");
    for (const button of this.buttons) {
      mark(button, "aria-pressed", String(button.dataset.fault === this.fault));
    }
    mark(this.heal, "data-none", this.fault === null ? "" : null);
    say(this.sentence, this.story(upstream));
    for (const side of SIDES) this.ports[side].show(upstream[side].wasted);
    this.showKeys(upstream);
  }

  /** The circuit's state; of one that is closed but for some keys, how many of them. */
  private showState({ keys, circuit }: Upstream): void {
    const cut = lookOf(circuit) === "part";
    const word = cut ? `${circuit.open_branches.length} of ${keys.length} open` : (STATE_WORD[circuit.state] ?? circuit.state);
    if (word === this.shown) return;
    this.shown = word;
    const state = cut ? "open" : circuit.state;
    mark(this.chip, "class", `chip ${state}`);
    this.chip.replaceChildren(icon(state), `${word} `, this.retry);
  }

  /** Why its circuit is in its state; else what is wrong with it; else what it is for. */
  private story({ circuit, fault, fault_for_ms }: Upstream): string {
    const tells = circuit.state !== "closed" || circuit.open_branches.length > 0;
    if (circuit.sentence && tells) return circuit.sentence.replace(BEFORE, "").replace(NEXT, "");
    if (fault !== null) {
      const since = fault_for_ms === null ? "" : `, for ${span(fault_for_ms / 1000)} now`;
      return `${this.says.get(fault) ?? fault}${since}`;
    }
    return this.role;
  }

  /** The keys by their numbers, those that are cut off struck out. */
  private showKeys({ keys, circuit }: Upstream): void {
    const shown = circuit.open_branches.join("\n");
    if (this.keys.dataset.shown === shown) return;
    this.keys.dataset.shown = shown;
    this.keys.replaceChildren(
      ...keys.map((name, i) => {
        const state = circuit.open_branches.includes(name) ? "open" : "closed";
        const told = h("span", { class: "unseen" }, `${name}: ${STATE_WORD[state]}`);
        return h("li", { class: state, title: name }, h("span", { "aria-hidden": "true" }, i + 1), told);
      }),
    );
  }

  private button(fault: Fault): HTMLButtonElement {
    const button = h(
      "button",
      {
        type: "button",
        title: fault.says,
        "aria-pressed": "false",
        "data-fault": fault.name,
        onclick: () => void this.ask(fault.name === this.fault ? null : fault.name),
      },
      LABEL[fault.name] ?? fault.name,
    );
    return button;
  }

  private async ask(fault: string | null): Promise<void> {
    this.asked = { fault, until: Date.now() + ASKED_MS };
    await breakIt(this.name, fault).catch(() => (this.asked = null));
  }

  // One stop for the Tab key in each row of buttons; the arrows go from one to the next.

  private here(target: EventTarget | null): void {
    for (const one of this.stops()) mark(one, "tabindex", one === target ? "0" : "-1");
  }

  private move(event: KeyboardEvent): void {
    const stops = this.stops().filter((one) => !one.hasAttribute("data-none"));
    const at = stops.findIndex((one) => one === document.activeElement);
    const steps: Record<string, number> = {
      ArrowRight: at + 1,
      ArrowLeft: at - 1,
      Home: 0,
      End: stops.length - 1,
    };
    const to = steps[event.key];
    if (to === undefined) return;
    event.preventDefault();
    stops[(to + stops.length) % stops.length]?.focus();
  }

  private stops(): HTMLButtonElement[] {
    return [...this.buttons, this.heal];
  }
}

/** How its switch stands: `part` where it is closed, and only some keys are cut off. */
export function lookOf({ state, open_branches }: Upstream["circuit"]): string {
  return state === "closed" && open_branches.length > 0 ? "part" : state;
}

/** Beside the state, where it has a place of its own: nothing moves while it counts down. */
function untilTrial({ circuit }: Upstream): string {
  if (circuit.state !== "open" || circuit.retry_in_ms === null) return "";
  return `${(circuit.retry_in_ms / 1000).toFixed(1)} s`;
}

/** What it is asked for, and who notices when it is away. */
function roleOf(name: string, { paths }: System): string {
  const on = paths.flatMap((path) =>
    path.calls.filter(({ upstream }) => upstream === name).map((call) => ({ path, call })),
  );
  const first = on[0]?.call;
  if (first?.instead_of) return `asked when ${first.instead_of} does not answer`;
  const names = (of: (call: Call) => boolean) =>
    on.filter(({ call }) => of(call)).map(({ path }) => path.name).join(", ");
  const needed = names((call) => call.needed && !call.fallback);
  if (needed) return `needed to ${needed}`;
  if (first?.fallback) return "asked in turn; a fallback stands in for it";
  return on.length > 0 ? `told of: ${names(() => true)}; nobody waits for it` : "";
}

interface Port {
  element: HTMLElement;
  show: (wasted: number) => void;
}

/** The end of a wire: how many calls were wasted through it. Nothing stands there for none. */
function port(side: Side): Port {
  const value = h("b", { class: "number" });
  const unseen = h("span", { class: "unseen" }, ` ${side} breakers`);
  const text = h("span", { "data-none": "" }, value, " wasted", unseen);
  return {
    element: h("span", { class: `port ${side}` }, text),
    show(wasted) {
      say(value, wasted < COUNTED_MAX ? count(wasted) : `${Math.floor(wasted / 1000)}k`);
      mark(text, "data-none", wasted === 0 ? "" : null);
    },
  };
}
