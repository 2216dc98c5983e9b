// States and events in words.

import { clock, seconds, span, wait } from "./format.ts";
import { retryIn, store, type Entry } from "./store.ts";
import type { Breaker, Circuit, HistoryEvent, HoldKind, Settings, State } from "./types.ts";

/** The state that callers feel. */
export function felt(breaker: Breaker): State {
  if (store.main?.state === "open" && breaker.hold?.kind !== "disabled") return "open";
  if (breaker.hold?.kind === "forced_open") return "open";
  if (breaker.hold) return "closed";
  return breaker.state;
}

export const HOLD_WORD: Record<HoldKind, string> = {
  forced_open: "Held open",
  disabled: "Disabled",
  observe: "Observing",
};

export const HOLD_MEANS: Record<HoldKind, string> = {
  forced_open: "every call is rejected",
  disabled: "every call passes, nothing is recorded",
  observe: "every call passes and is recorded; what would open it is only told",
};

/** When what callers feel began. */
export function feltSince(breaker: Breaker): string {
  if (store.main?.state === "open" && store.main.since) return store.main.since;
  return breaker.hold?.since ?? breaker.since;
}

/** How near to opening, 0 to 1; null where it is not closed or nothing can open it. */
export function nearness(circuit: Circuit): number | null {
  if (felt(circuit) !== "closed" || circuit.hold?.kind === "disabled") return null;
  const { settings, window } = circuit;
  const shares: number[] = [];
  const run = Number(settings.consecutive_failures);
  if (run > 0) shares.push(circuit.consecutive_failures / run);
  const limit = Number(settings.failure_count);
  if (limit > 0) shares.push(window.failures / limit);
  const failing = part(settings.failure_rate);
  if (failing && window.failure_rate !== null) shares.push(window.failure_rate / failing);
  const slow = part(settings.slow_call_rate);
  if (slow && window.failure_rate !== null) shares.push(window.slow / window.calls / slow);
  return shares.length === 0 ? null : Math.min(1, Math.max(...shares));
}

/** "50%" as 0.5; null where it is off. */
export function part(text: string | undefined): number | null {
  const value = parseFloat(text ?? "");
  return Number.isFinite(value) && (text ?? "").endsWith("%") ? value / 100 : null;
}

/** The limit that a cause is measured by. */
function limit(cause: string, settings: Settings): string {
  const key: Record<string, string> = {
    failure_rate: "failure_rate",
    failure_count: "failure_count",
    slow_call_rate: "slow_call_rate",
    consecutive_failures: "consecutive_failures",
  };
  const value = settings[key[cause] ?? ""];
  return value === undefined ? "" : `, threshold ${value.replace(/%$/, " %")}`;
}

/** Why it is in this state, since when, and what happens next. */
export function story(entry: Entry): string {
  const { circuit } = entry;
  const main = store.main;
  if (main?.state === "open" && circuit.hold?.kind !== "disabled") {
    return `the main breaker is open${main.reason ? `: ${main.reason}` : ""}`;
  }
  if (circuit.hold) {
    const { kind, author, reason, until } = circuit.hold;
    const ends = until ? `until ${clock(until)}` : "until somebody releases it";
    return `${HOLD_WORD[kind].toLowerCase()} by ${author} ${ends}: ${reason}`;
  }
  const why = circuit.why;
  const at = clock(circuit.since);
  const because = why ? `: ${why.evidence.text}` : "";
  if (circuit.state === "closed") return why ? `closed at ${at}${because}` : "closed since the start";
  if (circuit.state === "half_open") {
    return `half-open since ${at}${because}; ${circuit.in_flight} ${circuit.in_flight === 1 ? "trial" : "trials"} under way`;
  }
  return `opened at ${at}${because}${why ? limit(why.cause, circuit.settings) : ""}; ${next(entry)}`;
}

/** What happens next to an open circuit. */
export function next(entry: Entry): string {
  const left = retryIn(entry);
  if (left === null) return "it stays open until somebody closes it";
  return left > 0 ? `trying again in ${wait(left)}` : "trying again with the next call";
}

/** A row of the history in a sentence. `settings`: those of the time, where they are known. */
export function sentence(event: HistoryEvent, settings: Settings | null): string {
  const of = event.branch === null ? "" : `branch ${event.branch}: `;
  const by = event.by ? ` by ${event.by}` : "";
  const because = event.reason ? `: ${event.reason}` : "";
  return of + told(event, settings, by) + (event.kind === "transition" ? because : "");
}

function told(event: HistoryEvent, settings: Settings | null, by: string): string {
  const because = event.reason ? `: ${event.reason}` : "";
  const details = event.details ?? {};
  switch (event.kind) {
    case "transition":
      return transition(event, settings);
    case "hold_set": {
      const kind = HOLD_WORD[details.kind as HoldKind] ?? String(details.kind ?? "held");
      return `${kind.toLowerCase()}${by}${because}`;
    }
    case "hold_ended":
      return `hold ended${by || " by itself"}`;
    case "reset":
      return `reset${by}`;
    case "settings_changed":
      return `settings changed${by}`;
    case "would_open":
      return `would have opened: ${event.evidence?.text ?? ""}`;
    case "main_opened":
      return `the main breaker was opened${by}${because}`;
    case "main_closed":
      return `the main breaker was closed${by}`;
    case "override_set":
      return `override put in force${by}${because}`;
    case "override_ended":
      return `override ended${by || " by itself"}`;
    case "restored":
      return "taken up again after a restart";
    case "missed":
      return "some events were missed here";
    default:
      return `${event.kind.replace(/_/g, " ")}${by}${because}`;
  }
}

function transition(event: HistoryEvent, settings: Settings | null): string {
  const verb = { open: "opened", closed: "closed", half_open: "became half-open" };
  const text = event.evidence?.text ? `: ${event.evidence.text}` : "";
  const threshold = settings && event.cause ? limit(event.cause, settings) : "";
  const openFor = event.evidence?.open_for;
  const retry = event.to === "open" && openFor ? `; next trial after ${long(openFor)}` : "";
  return `${verb[event.to ?? "closed"]}${text}${threshold}${retry}`;
}

function long(text: string): string {
  const value = seconds(text);
  return Number.isNaN(value) ? text : value < 1 ? text : span(value);
}
