// The admin interface's JSON, as far as this page reads it. /openapi.json is the whole of it.

export type State = "closed" | "open" | "half_open";
export type HoldKind = "forced_open" | "disabled" | "observe";
export type Role = "viewer" | "operator" | "admin";
export type Settings = Record<string, string>;

export interface Hold {
  kind: HoldKind;
  reason: string;
  author: string;
  since: string;
  until: string | null;
}

export interface Evidence {
  text: string;
  calls: number;
  failures: number;
  class: string | null;
  open_for: string | null;
  by: string | null;
}

export interface Override {
  settings: Record<string, unknown>;
  reason: string;
  author: string;
  since: string;
  until: string | null;
}

export interface Breaker {
  state: State;
  hold: Hold | null;
  since: string;
  generation: number;
  retry_after: number | null;
  why: { cause: string; evidence: Evidence } | null;
  totals: { success: number; failure: number; ignored: number; late: number };
  rejected: Record<string, number>;
  window: { calls: number; failures: number; slow: number; failure_rate: number | null };
  consecutive_failures: number;
  in_flight: number;
}

export interface Circuit extends Breaker {
  name: string;
  priority: number;
  settings: Settings;
  override: Override | null;
  branches: { known: number; open: number; held: number } | null;
}

export interface Branch extends Breaker {
  key: string;
}

export interface Main {
  state: "open" | "closed";
  reason: string | null;
  author: string | null;
  since: string | null;
  circuit: string | null;
}

export interface Me {
  name: string;
  role: Role;
  circuits: string[];
  version: string;
  time: string;
}

export interface HistoryEvent {
  id: number;
  at: string;
  circuit: string | null;
  branch: string | null;
  kind: string;
  from: State | null;
  to: State | null;
  cause: string | null;
  evidence: Partial<Evidence> | null;
  by: string | null;
  reason: string | null;
  details: Record<string, unknown> | null;
  has_replay: boolean;
}

export interface ShortActivity {
  calls: number[];
  failures: number[];
  rejected: number[];
  fallbacks: number;
  p95: number | null;
}

export interface ActivityPoint {
  until: string;
  seconds: number;
  success: number;
  failure: number;
  ignored: number;
  rejected: number;
  fallbacks: number;
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

export interface Activity {
  every: number;
  points: ActivityPoint[];
  failures: { class: string; count: number; last: string }[] | null;
}

export interface Origins {
  effective: Record<string, { value: string; origin: "file" | "override"; default: string | null }>;
  override: Override | null;
}

export interface Opening {
  at: string;
  why: string;
  lasted: number | null;
  would: boolean;
}

export interface Course {
  openings: Opening[];
  openings_total: number;
  rejected: number;
  time_open: number;
}

export interface DryRun {
  from: string;
  until: string;
  calls: number;
  missed: number;
  real: Course;
  replayed: Course & { agreement: number | null };
  tried: Course & {
    calls_rejected: number;
    failures_avoided: number;
    successes_lost: number;
    let_through: number;
  };
  notes: string[];
}

export interface AuditEntry {
  id: number;
  at: string;
  who: string;
  role: string;
  from: string;
  action: string;
  target: string;
  why: string | null;
  before: unknown;
  after: unknown;
  answer: number;
}

export interface Queue {
  name: string;
  messages: number;
  bytes: number;
  dead: number;
  corrupt: number;
  in_flight: number;
  oldest_at: string | null;
  next_due_at: string | null;
  messages_max: number | null;
  bytes_max: number | null;
  paused: { epoch: number; reason: string; by: string; since: string; in_flight: number } | null;
}

export interface Message {
  id: string;
  queue: string;
  key: string | null;
  group: string | null;
  state: string;
  death: string | null;
  pushed_at: string;
  at: string | null;
  attempts: number;
  deferrals: number;
  crashes: number;
  uncertain: boolean;
  bytes: number;
  history: { at: string; class: string; error: string }[];
  attributes?: [string, string][];
  body?: string;
  body_hex?: string;
  response?: unknown;
}
