// Numbers and times as people read them. Every number has one shape, so that columns stay aligned.

export const NONE = "–";

export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** Calls per second: 0, 0.3, 12.4, 1,250. */
export function rate(value: number): string {
  if (value === 0) return "0";
  if (value < 0.1) return "<0.1";
  return value < 100 ? value.toFixed(1) : count(Math.round(value));
}

/** 0 to 1 as percent. */
export function percent(share: number | null): string {
  if (share === null || Number.isNaN(share)) return NONE;
  const value = share * 100;
  if (value > 0 && value < 1) return "<1 %";
  if (value > 99 && value < 100) return ">99 %";
  return `${Math.round(value)} %`;
}

/** Seconds as 3 ms, 1.2 s. The last bucket of the histogram has no upper bound. */
export function latency(seconds: number | null): string {
  if (seconds === null) return NONE;
  if (seconds >= 10) return "≥10 s";
  if (seconds >= 1) return `${seconds.toFixed(1)} s`;
  const ms = seconds * 1000;
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

/** How long something lasts: 8 s, 4 min, 2 h 05 min, 3 d 4 h. */
export function span(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  const min = Math.floor(s / 60);
  if (min < 60) return min < 10 && s % 60 > 0 ? `${min} min ${s % 60} s` : `${min} min`;
  const hours = Math.floor(min / 60);
  if (hours < 24) return `${hours} h ${String(min % 60).padStart(2, "0")} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** The same rounded up, for what is still to come. */
export function wait(seconds: number): string {
  return span(Math.ceil(seconds));
}

/** The time of day; with the date where it is not today's. */
export function clock(text: string | number): string {
  const at = new Date(text);
  const time = at.toLocaleTimeString("en-GB");
  if (at.toDateString() === new Date(now()).toDateString()) return time;
  return `${at.toLocaleDateString("sv-SE")} ${time}`;
}

export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let n = value;
  let unit = 0;
  while (n >= 1024 && unit < units.length - 1) {
    n /= 1024;
    unit += 1;
  }
  return `${unit === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[unit]}`;
}

// How much the daemon's clock is ahead of this machine's: times that count are the daemon's.
let ahead = 0;

export function setClock(time: string): void {
  ahead = Date.parse(time) - Date.now();
}

/** Now, by the daemon's clock, in milliseconds. */
export function now(): number {
  return Date.now() + ahead;
}

/** Seconds since an instant. */
export function since(text: string): number {
  return (now() - Date.parse(text)) / 1000;
}

/** A setting like "1m 30s" or "250ms" in seconds; NaN where it is none. */
export function seconds(text: string | undefined): number {
  if (!text) return NaN;
  const units: Record<string, number> = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600, d: 86400 };
  let sum = 0;
  for (const part of text.matchAll(/([\d.]+)\s*([a-z]+)/g)) {
    sum += Number(part[1]) * (units[part[2] ?? ""] ?? NaN);
  }
  return /\d/.test(text) ? sum : NaN;
}

/** 0 to 1 as percent with one decimal, rounded down: 100 % is said of all and of nothing less. */
export function share(value: number | null): string {
  if (value === null || Number.isNaN(value)) return NONE;
  return value >= 1 ? "100 %" : `${(Math.floor(value * 1000) / 10).toFixed(1)} %`;
}

/** A time since the start as minutes and seconds: 0:07, 12:30. */
export function elapsed(ms: number): string {
  const s = Math.floor(ms / 1000);
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
}
