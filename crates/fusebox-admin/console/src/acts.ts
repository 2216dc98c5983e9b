// What an operator does to circuits and branches: hold, release, move, reset.

import { act, address, branchPath, circuitPath } from "./api.ts";
import { chip } from "./chip.ts";
import { ask, type Given, type Question } from "./dialog.ts";
import { h } from "./dom.ts";
import { button, refusal } from "./rights.ts";
import { store } from "./store.ts";
import { felt, HOLD_MEANS, HOLD_WORD } from "./words.ts";
import type { HoldKind } from "./types.ts";

/** A circuit, or a branch of it. */
export interface Target {
  name: string;
  key?: string;
}

type Verb = "hold" | "release" | "move" | "reset";

const VERBS: Record<Verb, { label: string; verb: string; danger: boolean }> = {
  hold: { label: "Hold…", verb: "Hold", danger: true },
  release: { label: "Release…", verb: "Release", danger: false },
  move: { label: "Move…", verb: "Move", danger: true },
  reset: { label: "Reset…", verb: "Reset", danger: false },
};

const KINDS: [string, string][] = (Object.keys(HOLD_MEANS) as HoldKind[]).map((kind) => [
  kind,
  `${HOLD_WORD[kind]}: ${HOLD_MEANS[kind]}`,
]);
const MOVES: [string, string][] = [
  ["open", "Open: reject calls, then try again as after any trip"],
  ["half-open", "Half-open: let trial calls through now"],
  ["closed", "Closed: let calls through now"],
];

/** The buttons of a circuit or a branch. */
export function buttons(target: Target, held: boolean): HTMLElement {
  const make = (verb: Verb) =>
    button(VERBS[verb].label, "operator", () => open(verb, [target]), {
      why: refusal("operator") ?? (verb === "release" && !held ? "Nobody holds it." : null),
    });
  const verbs: Verb[] = ["hold", "release", "move", "reset"];
  return h("div", { class: "acts", role: "group", "aria-label": "Actions" }, ...verbs.map(make));
}

/** Asks, then does it to each. */
export function open(verb: Verb, targets: Target[]): void {
  const one = targets.length === 1 ? targets[0] : undefined;
  const what = one ? label(one) : `${targets.length} circuits`;
  const lost = verb === "hold" || verb === "release" || verb === "reset" || verb === "move";
  const question: Question = {
    title: `${VERBS[verb].verb} ${what}`,
    means: (given) => meaning(verb, what, given),
    verb: `${VERBS[verb].verb} ${one ? "" : what}`.trim(),
    danger: VERBS[verb].danger,
    reason: verb === "hold" ? "required" : "optional",
    lasts: verb === "hold",
    typed: lost ? typed(targets) : null,
    about: about(targets),
    command: (given) => targets.map((target) => command(verb, target, given)).join("\n"),
    run: async (given, progress) => {
      let pending = false;
      let done = 0;
      for (const target of targets) {
        if (!one) progress(`${done + 1} of ${targets.length}…`);
        pending = (await send(verb, target, given)).pending || pending;
        done += 1;
      }
      const log = pending ? " The audit entry is not on disk yet." : "";
      return `${past(verb)} ${what}.${log}`;
    },
  };
  if (verb === "hold") question.choices = { label: "Kind", options: KINDS };
  if (verb === "move") question.choices = { label: "To", options: MOVES };
  ask(question);
}

function label(target: Target): string {
  return target.key === undefined ? target.name : `${target.name} / ${target.key}`;
}

/** Where a circuit is critical, a click is not enough. */
function typed(targets: Target[]): { text: string; why: string } | null {
  const critical = targets.filter((t) => store.entries.get(t.name)?.circuit.priority === 1);
  const one = targets[0];
  if (critical.length === 0 || !one) return null;
  if (targets.length === 1) return { text: one.name, why: "Priority 1." };
  const text = `${targets.length} circuits`;
  return { text, why: `${critical.length} of priority 1 among them.` };
}

function about(targets: Target[]): HTMLElement {
  const rows = targets.slice(0, 200).map((target) => {
    const circuit = store.entries.get(target.name)?.circuit;
    return h("li", {}, circuit ? chip(felt(circuit)) : null, ` ${label(target)}`);
  });
  return h("ul", { class: "targets", tabindex: targets.length > 4 ? "0" : null }, ...rows);
}

function meaning(verb: Verb, what: string, given: Given): string {
  switch (verb) {
    case "hold": {
      const ends = given.lasts ? `for ${given.lasts}` : "until somebody releases it";
      return `${what}, ${ends}: ${HOLD_MEANS[given.choice as HoldKind]}.`;
    }
    case "release":
      return `The hold on ${what} ends, and the breaker decides again.`;
    case "move":
      return `${what} goes to ${given.choice} once. It is no hold: from there the breaker decides.`;
    case "reset":
      return `${what} closes and forgets its backoff. A hold stays.`;
  }
}

function past(verb: Verb): string {
  return { hold: "Held", release: "Released", move: "Moved", reset: "Reset" }[verb];
}

function send(verb: Verb, target: Target, given: Given) {
  const path =
    target.key === undefined ? circuitPath(target.name) : branchPath(target.name, target.key);
  const reason = given.reason ? { reason: given.reason } : {};
  switch (verb) {
    case "hold": {
      const lasts = given.lasts ? { for: given.lasts } : {};
      return act("POST", `${path}/hold`, { kind: given.choice, ...reason, ...lasts });
    }
    case "release":
      return act("DELETE", `${path}/hold`, reason);
    case "move":
      return act("POST", `${path}/force-state`, { state: given.choice, ...reason });
    case "reset":
      return act("POST", `${path}/reset`, reason);
  }
}

/** The same for a terminal. What the command line has no word for is a request. */
function command(verb: Verb, target: Target, given: Given): string {
  const reason = given.reason || (verb === "hold" ? "…" : "");
  const why = reason ? ` --reason ${quoted(reason)}` : "";
  if (target.key !== undefined || (verb === "move" && given.choice === "half-open")) {
    return request(verb, target, given);
  }
  const name = quoted(target.name);
  if (verb === "hold") {
    const lasts = given.lasts ? ` --for ${given.lasts}` : "";
    return `fusebox hold ${name} ${given.choice}${why}${lasts}`;
  }
  if (verb === "move") return `fusebox ${given.choice === "open" ? "open" : "close"} ${name}${why}`;
  return `fusebox ${verb} ${name}${why}`;
}

function request(verb: Verb, target: Target, given: Given): string {
  const path =
    target.key === undefined ? circuitPath(target.name) : branchPath(target.name, target.key);
  const route = { hold: "hold", release: "hold", move: "force-state", reset: "reset" }[verb];
  const body: Record<string, string> = {};
  if (verb === "hold" && given.choice) body.kind = given.choice;
  if (verb === "move" && given.choice) body.state = given.choice;
  if (given.reason) body.reason = given.reason;
  if (given.lasts) body.for = given.lasts;
  return curl(verb === "release" ? "DELETE" : "POST", `${path}/${route}`, body);
}

/** A request for a terminal; the token comes from the environment, never from the page. */
export function curl(method: string, path: string, body: unknown): string {
  return [
    `curl -X ${method} ${quoted(address(path))}`,
    `-H "Authorization: Bearer $FUSEBOX_TOKEN" -H 'Content-Type: application/json'`,
    `-d ${quoted(JSON.stringify(body))}`,
  ].join(" \\\n  ");
}

/** For a shell: quoted unless it is plain. */
export function quoted(text: string): string {
  return /^[A-Za-z0-9._/:-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
