// A daemon that says what a test wants: circuits by the hundred, names and texts that a real one
// refuses, queues. It serves the built console under a prefix, with the headers of the real one.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const DIST = join(import.meta.dirname, "..", "dist");
export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
  "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const SETTINGS = {
  consecutive_failures: "5",
  failure_rate: "50%",
  slow_call_rate: "off",
  slow_call_duration: "2s",
  window: "10s",
  minimum_calls: "20",
  open_for: "10s",
};

export function circuit(name, more = {}) {
  return {
    name,
    state: "closed",
    hold: null,
    since: new Date(Date.now() - 3_600_000).toISOString(),
    generation: 1,
    retry_after: null,
    why: null,
    totals: { success: 0, failure: 0, ignored: 0, late: 0 },
    rejected: { open: 0 },
    window: { calls: 0, failures: 0, slow: 0, failure_rate: null },
    consecutive_failures: 0,
    in_flight: 0,
    priority: 2,
    settings: SETTINGS,
    override: null,
    branches: null,
    ...more,
  };
}

export function opened(name, text = "6 of the last 10 calls failed, the last one by status", more = {}) {
  const evidence = { text, calls: 10, failures: 6, class: "status", open_for: "10s", by: null };
  return circuit(name, {
    state: "open",
    retry_after: 23,
    since: new Date(Date.now() - 42_000).toISOString(),
    why: { cause: "failure_rate", evidence },
    ...more,
  });
}

export class StandIn {
  circuits = new Map();
  main = { state: "closed", reason: null, author: null, since: null, circuit: null };
  role = "admin";
  events = [];
  audit = [];
  queues = null;
  messages = [];
  asked = [];
  /** path -> [status, title, detail]: what is refused. */
  refused = new Map();
  streams = new Set();
  ids = 0;

  async listen(prefix = "/ops/fusebox") {
    this.prefix = prefix;
    this.server = createServer((request, response) => this.answer(request, response));
    await new Promise((ready) => this.server.listen(0, "127.0.0.1", ready));
    this.url = `http://127.0.0.1:${this.server.address().port}${prefix}/`;
    return this;
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }

  add(...circuits) {
    for (const one of circuits) this.circuits.set(one.name, one);
    return this;
  }

  tell(kind, data) {
    this.ids += 1;
    const text = `id: ${this.ids}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;
    for (const stream of this.streams) stream.write(text);
  }

  change(...circuits) {
    this.add(...circuits);
    this.tell("delta", { main: this.main, circuits, removed: [] });
  }

  happen(event) {
    const whole = {
      id: this.events.length + 1,
      at: new Date().toISOString(),
      circuit: null,
      branch: null,
      generation: 1,
      kind: "transition",
      from: null,
      to: null,
      cause: null,
      evidence: null,
      by: null,
      reason: null,
      details: null,
      has_replay: false,
      ...event,
    };
    this.events.unshift(whole);
    this.tell("event", whole);
  }

  answer(request, response) {
    const url = new URL(request.url, "http://x");
    const path = url.pathname.startsWith(`${this.prefix}/`) ? url.pathname.slice(this.prefix.length) : "";
    this.asked.push(`${request.method} ${path}`);
    const head = { "content-security-policy": POLICY, "x-content-type-options": "nosniff" };
    const file = (name, type) => {
      response.writeHead(200, { ...head, "content-type": type });
      response.end(readFileSync(join(DIST, name)));
    };
    if (path === "/") return file("index.html", "text/html; charset=utf-8");
    if (path === "/console.js") return file("console.js", "text/javascript; charset=utf-8");
    if (path === "/console.css") return file("console.css", "text/css; charset=utf-8");
    const json = (value, status = 200) => {
      response.writeHead(status, { ...head, "content-type": "application/json", etag: '"1"' });
      response.end(JSON.stringify(value));
    };
    const refused = this.refused.get(path);
    if (refused) {
      const [status, title, detail] = refused;
      return json({ title, detail, status, request_id: "req-1" }, status);
    }
    if (path === "/api/v1/circuit-breakers/stream") {
      response.writeHead(200, { ...head, "content-type": "text/event-stream" });
      this.streams.add(response);
      request.on("close", () => this.streams.delete(response));
      const data = JSON.stringify({ main: this.main, circuits: [...this.circuits.values()] });
      this.ids += 1;
      response.write(`id: ${this.ids}\nevent: snapshot\ndata: ${data}\n\n`);
      return;
    }
    const found = this.resource(path, url.searchParams, request.method);
    return found === undefined ? json({ title: "Unknown path", detail: path, request_id: "req-2" }, 404) : json(found);
  }

  resource(path, query, method) {
    const [, , , kind, ...rest] = path.split("/").map(decodeURIComponent);
    const line = () => Array.from({ length: 60 }, (_, i) => 50 + Math.round(20 * Math.sin(i / 5)));
    switch (kind) {
      case "me":
        return { name: "test", role: this.role, circuits: ["*"], version: "0", time: new Date().toISOString() };
      case "activity": {
        const short = { calls: line(), failures: line().map((n) => n >> 4), rejected: [], fallbacks: 0, p95: 0.042 };
        return { every: 10, circuits: Object.fromEntries([...this.circuits.keys()].map((name) => [name, short])) };
      }
      case "circuit-breakers":
        return this.ofCircuit(rest, method);
      case "audit":
        return { entries: this.audit.filter((one) => !query.get("who") || one.who === query.get("who")), next: null };
      case "queues":
        if (!this.queues) return undefined;
        if (rest[1] === "messages") return { messages: this.messages.filter((m) => !m.death), next: null };
        return rest[0] ? this.queues.find((queue) => queue.name === rest[0]) : { queues: this.queues, next: null };
      case "messages":
      case "dead-letters":
        if (method === "POST") return { changed: 1 };
        if (rest[0]) return this.messages.find((message) => message.id === rest[0]);
        return { messages: this.messages.filter((m) => m.death), next: null };
      default:
        return undefined;
    }
  }

  ofCircuit([name, what], method) {
    const one = this.circuits.get(name);
    if (!one) return undefined;
    if (method !== "GET") return one;
    const at = (i) => new Date(Date.now() - (359 - i) * 10_000).toISOString();
    switch (what) {
      case "activity":
        return {
          every: 10,
          points: Array.from({ length: 360 }, (_, i) => ({
            until: at(i),
            seconds: 10,
            success: 80 + Math.round(30 * Math.sin(i / 20)),
            failure: i > 340 ? 40 : 1,
            ignored: 0,
            rejected: i > 345 ? 60 : 0,
            fallbacks: 0,
            p50: 0.012,
            p95: 0.04 + i / 9000,
            p99: 0.09,
          })),
          failures: [{ class: "status", count: 42, last: at(358) }],
        };
      case "events":
        return { events: this.events.filter((event) => event.circuit === name), next: null };
      case "branches":
        return { branches: this.branches ?? [] };
      case "override": {
        const effective = Object.entries(one.settings).map(([key, value]) => [
          key,
          { value, origin: "file", default: key === "open_for" ? "60s" : value },
        ]);
        return { effective: Object.fromEntries(effective), override: one.override };
      }
      default:
        return one;
    }
  }
}
