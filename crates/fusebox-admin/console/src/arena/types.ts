// The document that the arena tells, four times a second. All counters only grow until a reset.

import type { State } from "../types.ts";

/** One of the two copies: with breakers, and the twin without. */
export type Side = "with" | "without";
export const SIDES: Side[] = ["with", "without"];
export const SIDE_WORD: Record<Side, string> = {
  with: "With breakers",
  without: "Without",
};

export interface Arena {
  elapsed_ms: number;
  /** The console of the copy with breakers. */
  console: string;
  faults: Fault[];
  systems: System[];
  upstreams: Upstream[];
  score: Record<Side, Score>;
  /** The newest first. */
  events: Happening[];
  /** How it came to that, the oldest first: in the first document of a stream only. */
  course?: Past[];
}

/** The sums over all systems at one instant: who was answered, of all who had left. */
export interface Past extends Record<Side, { answered: number; left: number }> {
  at_ms: number;
  sick: boolean;
}

export interface Fault {
  name: string;
  says: string;
}

export interface System {
  name: string;
  title: string;
  does: string;
  users_per_second: number;
  paths: Path[];
  with: Users;
  without: Users;
}

export interface Path {
  name: string;
  calls: Call[];
}

export interface Call {
  upstream: string;
  needed: boolean;
  /** Whether something useful stands in for its answer. */
  fallback?: boolean;
  /** It is made when this one fails. */
  instead_of?: string;
}

export interface Users {
  users: number;
  answered: number;
  degraded: number;
  failed: number;
  cascades: number;
  in_flight: number;
  /** 0 to 1, over the last seconds. */
  recent_answered: number | null;
}

export interface Upstream {
  name: string;
  system: string;
  /** What its calls are for; each has a branch of its own. */
  keys: string[];
  fault: string | null;
  fault_for_ms: number | null;
  circuit: {
    name: string;
    state: State;
    sentence: string | null;
    retry_in_ms: number | null;
    open_branches: string[];
  };
  with: Calls;
  without: Calls;
}

export interface Calls {
  calls: number;
  wasted: number;
  /** Those of the copy without breakers are never rejected. */
  rejected?: number;
  refused?: number;
  arrived: number;
  answered_badly: number;
}

export interface Score {
  users: number;
  answered: number;
  answered_share: number | null;
  wasted: number;
  cascades: number;
  recoveries: number;
  recovery_seconds_last: number | null;
  recovery_seconds_worst: number | null;
}

export interface Happening {
  at_ms: number;
  system: string | null;
  upstream: string | null;
  text: string;
  tone: "bad" | "good" | "trying" | "act";
}
