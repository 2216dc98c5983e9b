// An arena that says what a test wants: names and texts that the real one never would, and minutes of
// it in a second. It counts as the real one does, from a model with no sockets.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { POLICY } from "./standin.mjs";

const DIST = join(import.meta.dirname, "../../../fusebox-server/src/demo/arena/dist");
const STEP_MS = 250;
const OPEN_MS = 2000;

export const FAULTS = [
  { name: "kill", says: "refuses connections" },
  { name: "hang", says: "takes requests and never answers" },
  { name: "slow", says: "takes 1.2 s for each answer" },
  { name: "errors", says: "answers every call with 500" },
  { name: "too_many", says: "answers every call with 429: try again in a second" },
  { name: "shard", says: "answers the calls for one key of four with 500" },
];

/** `?`: nobody waits for it; `~`: a fallback stands in; `<x`: asked instead of x. */
const path = (name, ...calls) => ({
  name,
  calls: calls.map((call) => {
    const [upstream, instead_of] = call.replace(/[?~]/, "").split("<");
    const more = { fallback: call.endsWith("~"), ...(instead_of ? { instead_of } : {}) };
    return { upstream, needed: !/[?~<]/.test(call), ...more };
  }),
});

const SYSTEMS = [
  ["sprint-service", "Sprint service", "Creates sprints; the audit may be late, the sprint may not be half-done.", 8,
    [path("create a sprint", "project-service", "backlog-service", "chronicle-service?"), path("show a project", "project-service")]],
  ["essay-platform", "Essay platform", "Judges essays by AI, and goes to the next provider when one is away.", 10,
    [path("resolve a pipeline", "batch-conductor"), path("judge an essay", "content", "openai?", "anthropic<openai")]],
  ["campaign-queue", "Campaign queue", "Looks up leads at paid services.", 6,
    [path("find leads", "apollo"), path("enrich leads", "perplexity")]],
  ["fiscal-adapter", "Cash-register adapter", "Sends each shop's receipts to the operator of fiscal data.", 8, [path("send a receipt", "ofd")]],
  ["agent-orchestrator", "Agent orchestrator", "Always answers something useful, if need be without its helpers.", 8,
    [path("handle an alarm", "rag-service~", "rule-generation~", "notifier~")]],
];

const users = () => ({ users: 0, answered: 0, degraded: 0, failed: 0, cascades: 0, in_flight: 0, recent_answered: 1, recent: [] });
const calls = () => ({ calls: 0, wasted: 0, rejected: 0, refused: 0, arrived: 0, answered_badly: 0 });

export class ArenaStandIn {
  asked = [];
  streams = new Set();
  /** What is told instead, where a test wants it. */
  told = null;
  refuses = null;

  constructor() {
    this.reset();
  }

  reset() {
    this.elapsed = 0;
    this.events = [];
    this.recoveries = { with: [], without: [] };
    this.course = [];
    this.systems = SYSTEMS.map(([name, title, does, rate, paths]) => ({ name, title, does, users_per_second: rate, paths, with: users(), without: users() }));
    this.upstreams = this.systems.flatMap((system) => {
      const names = [...new Set(system.paths.flatMap((one) => one.calls.map((call) => call.upstream)))];
      return names.map((name) => ({
        name, system: system.name, keys: [1, 2, 3, 4].map((n) => `pos-${n}`), fault: null, since: 0, run: 0, until: 0,
        circuit: { name, state: "closed", sentence: null, retry_in_ms: null, open_branches: [] }, with: calls(), without: calls(),
      }));
    });
  }

  async listen() {
    this.server = createServer((request, response) => this.answer(request, response));
    await new Promise((ready) => this.server.listen(0, "127.0.0.1", ready));
    this.url = `http://127.0.0.1:${this.server.address().port}/`;
    return this;
  }

  close() {
    clearInterval(this.timer);
    this.server.closeAllConnections();
    this.server.close();
  }

  /** Lets it run as the real one does. */
  run() {
    this.timer = setInterval(() => this.pass(1), STEP_MS);
    return this;
  }

  /** Lets so many steps pass at once, each told. */
  pass(steps) {
    for (let i = 0; i < steps; i += 1) {
      this.step();
      this.tell();
    }
  }

  say(upstream, text, tone) {
    this.events.unshift({ at_ms: this.elapsed, system: upstream?.system ?? null, upstream: upstream?.name ?? null, text, tone });
    this.events.length = Math.min(30, this.events.length);
  }

  break(name, fault) {
    const upstream = this.upstreams.find((one) => one.name === name);
    upstream.fault = fault;
    upstream.since = this.elapsed;
    this.say(upstream, fault ? `you: ${name} ${FAULTS.find((one) => one.name === fault).says}` : `you: ${name} is well again`, "act");
    if (!fault) upstream.healing = { with: null, without: null };
    return upstream;
  }

  step() {
    this.elapsed += STEP_MS;
    for (const upstream of this.upstreams) this.move(upstream);
    for (const system of this.systems) for (const side of ["with", "without"]) this.serve(system, side);
    const { score } = this.document();
    const past = (side) => ({ answered: score[side].answered, left: score[side].users });
    this.course.push({ at_ms: this.elapsed, sick: this.upstreams.some(({ fault }) => fault), with: past("with"), without: past("without") });
    this.course = this.course.slice(-400);
  }

  move(upstream) {
    const { circuit } = upstream;
    circuit.retry_in_ms = circuit.state === "open" ? Math.max(0, upstream.until - this.elapsed) : null;
    if (circuit.state !== "open") return;
    circuit.sentence = `opened: 5 failures in a row, the last was answered with an error; trying again in ${(circuit.retry_in_ms / 1000).toFixed(1)} s`;
    if (circuit.retry_in_ms > 0) return;
    circuit.state = "half_open";
    circuit.sentence = "half-open: 1 trial under way";
    circuit.retry_in_ms = null;
    this.say(upstream, `${upstream.name} is tried again`, "trying");
  }

  call(upstream, side) {
    const count = upstream[side];
    const { circuit } = upstream;
    count.calls += 1;
    const sick = upstream.fault === "shard" ? count.calls % 4 === 0 : upstream.fault !== null;
    if (side === "with" && (circuit.state === "open" || (circuit.open_branches.length > 0 && sick))) {
      count.rejected += 1;
      return false;
    }
    if (upstream.fault === "kill") count.refused += 1;
    else count.arrived += 1;
    if (sick) {
      count.wasted += 1;
      if (upstream.fault !== "kill") count.answered_badly += 1;
    }
    if (side === "with") this.judge(upstream, sick);
    return !sick;
  }

  judge(upstream, sick) {
    const { circuit } = upstream;
    upstream.run = sick ? upstream.run + 1 : upstream.fault === "shard" ? upstream.run : 0;
    if (sick && (circuit.state === "half_open" || upstream.run >= 5)) {
      if (upstream.fault === "shard") circuit.open_branches = ["pos-3"];
      else circuit.state = "open";
      upstream.until = this.elapsed + OPEN_MS;
      this.move(upstream);
      this.say(upstream, `${upstream.name} opened: 5 failures in a row, the last was answered with an error`, "bad");
    } else if (!sick && (circuit.state === "half_open" || (circuit.open_branches.length > 0 && upstream.fault === null))) {
      circuit.state = "closed";
      circuit.sentence = null;
      circuit.open_branches = [];
      this.say(upstream, `${upstream.name} closed: 1 trial succeeded`, "good");
    }
  }

  serve(system, side) {
    const count = system[side];
    const own = this.upstreams.filter((one) => one.system === system.name);
    const holds = side === "without" && own.some(({ fault }) => fault === "hang" || fault === "slow");
    const many = Math.round((system.users_per_second * STEP_MS) / 1000 + Math.sin(this.elapsed / 900 + system.name.length));
    for (let i = 0; i < many; i += 1) {
      const one = system.paths[(count.users + i) % system.paths.length];
      count.users += 1;
      // What a sick upstream holds, others wait for in vain.
      const cascade = holds && (count.users % 5) < 3;
      const results = one.calls.map((call) => [call.needed, this.call(own.find(({ name }) => name === call.upstream), side)]);
      const ok = !cascade && results.every(([needed, well]) => well || !needed);
      count.answered += ok ? 1 : 0;
      count.degraded += ok && results.some(([, well]) => !well) ? 1 : 0;
      count.failed += ok ? 0 : 1;
      if (cascade && results.every(([, well]) => well)) count.cascades += 1;
      count.recent.push(ok);
      for (const upstream of own) this.recover(upstream, side, ok, one);
    }
    count.recent = count.recent.slice(-20);
    count.recent_answered = count.recent.filter(Boolean).length / Math.max(1, count.recent.length);
  }

  recover(upstream, side, ok, { calls: asked }) {
    if (upstream.fault || !upstream.healing || upstream.healing[side] !== null || !ok) return;
    if (!asked.some((call) => call.upstream === upstream.name)) return;
    if (side === "without" && this.elapsed - upstream.since < 3800) return;
    upstream.healing[side] = (this.elapsed - upstream.since) / 1000;
    this.recoveries[side].push(upstream.healing[side]);
  }

  document() {
    const sum = (side, key) => this.systems.reduce((all, system) => all + system[side][key], 0);
    const score = (side) => ({
      users: sum(side, "users"), answered: sum(side, "answered"), answered_share: sum(side, "users") ? sum(side, "answered") / sum(side, "users") : null,
      wasted: this.upstreams.reduce((all, upstream) => all + upstream[side].wasted, 0), cascades: sum(side, "cascades"),
      recoveries: this.recoveries[side].length, recovery_seconds_last: this.recoveries[side].at(-1) ?? null,
      recovery_seconds_worst: this.recoveries[side].length ? Math.max(...this.recoveries[side]) : null,
    });
    return {
      elapsed_ms: this.elapsed, console: "http://127.0.0.1:9/", faults: FAULTS, systems: this.systems,
      upstreams: this.upstreams.map((one) => ({ ...one, fault_for_ms: one.fault ? this.elapsed - one.since : null })),
      score: { with: score("with"), without: score("without") }, events: this.events,
    };
  }

  tell() {
    const text = `data: ${JSON.stringify(this.told ?? this.document())}\n\n`;
    for (const stream of this.streams) stream.write(text);
  }

  answer(request, response) {
    const { pathname } = new URL(request.url, "http://x");
    this.asked.push(`${request.method} ${pathname}`);
    const head = { "content-security-policy": POLICY, "x-content-type-options": "nosniff" };
    const file = (name, type) => {
      response.writeHead(200, { ...head, "content-type": type });
      response.end(readFileSync(join(DIST, name)));
    };
    if (pathname === "/") return file("index.html", "text/html; charset=utf-8");
    if (pathname === "/arena.js") return file("arena.js", "text/javascript; charset=utf-8");
    if (pathname === "/arena.css") return file("arena.css", "text/css; charset=utf-8");
    if (pathname === "/api/stream") {
      response.writeHead(200, { ...head, "content-type": "text/event-stream" });
      this.streams.add(response);
      request.on("close", () => this.streams.delete(response));
      response.write(`data: ${JSON.stringify(this.told ?? { ...this.document(), course: this.course })}\n\n`);
      return;
    }
    let body = "";
    request.on("data", (piece) => (body += piece));
    request.on("end", () => {
      const json = (status, value) => {
        response.writeHead(status, { ...head, "content-type": "application/json" });
        response.end(JSON.stringify(value));
      };
      if (this.refuses) return json(422, { title: "Not that", detail: this.refuses, status: 422 });
      if (pathname === "/api/reset") this.reset();
      const [, , , name, what] = pathname.split("/").map(decodeURIComponent);
      if (what === "fault") this.break(name, JSON.parse(body).fault);
      json(200, {});
      this.tell();
    });
  }
}
