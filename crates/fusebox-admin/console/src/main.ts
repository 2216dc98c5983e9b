// Starts the page: finds out who the user is, follows the stream, and shows the page of the address.

import "uplot/dist/uPlot.min.css";
import "./style/index.css";
import { get, Problem, session } from "./api.ts";
import { auditPage } from "./audit.ts";
import { circuitPage } from "./circuit.ts";
import { deadPage } from "./dead.ts";
import { setClock } from "./format.ts";
import { overview } from "./overview.ts";
import type { Page } from "./page.ts";
import { queuesPage, queuePage } from "./queues.ts";
import { Shell } from "./shell.ts";
import { signIn } from "./signin.ts";
import { empty, failed } from "./states.ts";
import { store } from "./store.ts";
import { connect, disconnect, link, watch } from "./stream.ts";
import { announce } from "./toast.ts";
import { sentence } from "./words.ts";
import type { Me } from "./types.ts";

const root = document.getElementById("app") ?? document.body;
const shell = new Shell(root, leave);
let page: Page | null = null;
let drawn = 0;
/** When it was drawn last. What was drawn for a change needs no drawing for the clock as well. */
let drawnAt = 0;
const FRESH_MS = 900;

function leave(): void {
  disconnect();
  session.leave();
  store.entries.clear();
  store.isEmpty = true;
  shell.user();
  askToken(null);
}

function askToken(why: Problem | null): void {
  page?.end();
  page = null;
  shell.place.replaceChildren(
    signIn(why, (token) => {
      session.enter(token);
      void start();
    }),
  );
}

async function start(): Promise<void> {
  try {
    session.me = await get<Me>("api/v1/me");
    setClock(session.me.time);
  } catch (error) {
    const problem = error instanceof Problem ? error : null;
    // Without tokens the daemon refuses others than this machine: a token would not help.
    if (problem?.status === 401 || problem?.status === 429) return askToken(problem);
    shell.place.replaceChildren(failed(error, () => void start()));
    if (problem?.status === 0) setTimeout(() => void (session.me ?? start()), 2000);
    return;
  }
  shell.user();
  connect();
  void get("api/v1/queues?limit=1").then(
    () => shell.queues(true),
    () => shell.queues(false),
  );
  route();
}

function find(hash: string): Page {
  const [path = ""] = hash.replace(/^#/, "").split("?");
  const [, kind = "", ...rest] = path.split("/");
  const name = decoded(rest[0] ?? "");
  switch (kind) {
    case "":
      return overview();
    case "circuit":
      return circuitPage(name);
    case "queues":
      return name ? queuePage(name) : queuesPage();
    case "dead":
      return deadPage();
    case "audit":
      return auditPage();
    default: {
      const element = empty("No such page", `There is nothing at ${hash}.`);
      const nothing = () => {};
      return { title: "No such page", element, begin: nothing, update: nothing, end: nothing };
    }
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function route(): void {
  if (!session.me) return;
  const hash = location.hash || "#/";
  const isFirst = page === null;
  page?.end();
  page = find(hash);
  document.title = `${page.title} · Fusebox`;
  shell.navigate(hash);
  shell.place.replaceChildren(page.element);
  page.begin();
  // A reader begins at the new page; the first one begins where the browser does.
  if (!isFirst) {
    shell.place.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
}

function draw(): void {
  drawn = 0;
  drawnAt = performance.now();
  shell.update();
  page?.update();
}

/** At once, and once for everything that came together. */
function soon(): void {
  if (!drawn) drawn = requestAnimationFrame(draw);
}

store.listeners.add((what, event) => {
  page?.told?.(what, event);
  const big = ["transition", "hold_set", "hold_ended", "main_opened", "main_closed"];
  if (event && big.includes(event.kind)) {
    announce(`${event.circuit ?? "Main breaker"} ${sentence(event, null)}`);
  }
  soon();
});
link.listeners.add(() => {
  if (link.state === "refused" && link.problem) {
    if (link.problem.status === 401) askToken(link.problem);
    else shell.place.replaceChildren(failed(link.problem));
  }
  if (link.state === "live" || link.state === "lost") {
    announce(link.state === "live" ? "Connected" : "Disconnected from the daemon");
  }
  soon();
});
window.addEventListener("hashchange", route);
document.addEventListener("visibilitychange", () => !document.hidden && soon());
setInterval(() => {
  watch();
  if (!document.hidden && performance.now() - drawnAt > FRESH_MS) soon();
}, 1000);
void start();
