// What the page costs: its first picture, its work while it streams, its memory over a long session.
// Elements and bytes are counted, which other work on the machine does not change; CPU time on request.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeBrowser, cpuSeconds, inUse, open } from "./daemon.mjs";
import { settled } from "./settled.mjs";
import { circuit, opened, StandIn } from "./standin.mjs";

/** CPU time counts for something only on a machine that does nothing else: asked for by hand. */
const WEIGH = process.env.WEIGH ?? null;
const CIRCUITS = 500;
/** So many of them have traffic in every second: all. */
const SECONDS = 30;
/** Whoever shares the core makes the same work longer, never shorter: the least of so many counts. */
const LOADS = 3;
/** Listeners of a plot that was destroyed: the engine may hold the last one, or not (src/charts.ts). */
const OF_ONE_PLOT = 1;

after(closeBrowser);

const name = (i) => `service-${String(i).padStart(3, "0")}`;

async function many() {
  const standin = await new StandIn().listen();
  for (let i = 0; i < CIRCUITS; i += 1) standin.add(i % 50 === 3 ? opened(name(i)) : circuit(name(i)));
  return standin;
}

function traffic(standin, round, count = CIRCUITS) {
  const changed = [];
  for (let i = 0; i < count; i += 1) {
    const one = standin.circuits.get(name((round * 37 + i) % CIRCUITS));
    const totals = { ...one.totals, success: one.totals.success + 3 + (i % 5) };
    changed.push({ ...one, totals, window: { calls: 40, failures: i % 7, slow: 0, failure_rate: (i % 7) / 40 } });
  }
  standin.change(...changed);
}

/** Turns a circuit that the page shows. When that is seen, all that was told before was taken. */
async function caughtUp(page, standin, one) {
  const turned = standin.circuits.get(one).state === "open" ? circuit(one) : opened(one);
  standin.change(turned);
  await page.locator(`:is(.circuit, .rows .row)[data-state="${turned.state}"]`, { hasText: one }).waitFor();
}

/** Looks at a circuit and leaves before its activity is there, which comes all the same. */
async function leaveEarly(page, one) {
  let pass;
  const left = new Promise((resolve) => (pass = resolve));
  const path = new RegExp(`/${one}/activity$`);
  await page.route(path, (route) => left.then(() => route.continue()), { times: 1 });
  const asked = page.waitForRequest(path);
  await page.evaluate((to) => (location.hash = to), `#/circuit/${one}`);
  const request = await asked;
  await page.evaluate(() => (location.hash = "#/"));
  await page.locator(".overview").waitFor();
  pass();
  await (await request.response()).finished();
}

/**
 * One load in a context of its own, so that nothing of it is cached. The style sheet was opened there
 * before: that starts the process of the page, whose start-up is Chromium's work and not the page's.
 */
async function load(standin) {
  const page = await open(`${standin.url}console.css`);
  const before = await cpuSeconds();
  await page.goto(standin.url);
  const rows = (count) => document.querySelectorAll(".rows .row").length === count && performance.now();
  const shown = await (await page.waitForFunction(rows, CIRCUITS, { polling: 50 })).jsonValue();
  const work = (await cpuSeconds()).pages - before.pages;
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
  console.log(`# first paint ${Math.round(paint)} ms, all rows ${Math.round(shown)} ms by the clock; ${work.toFixed(2)} s of CPU`);
  return { page, work };
}

test("of 500 circuits every name is there, and numbers only where the window is", async () => {
  const standin = await many();
  const page = await open(standin.url);
  await page.waitForFunction((count) => document.querySelectorAll(".rows .row .c-name a").length === count, CIRCUITS);
  const first = page.locator(".rows .row").first();
  await first.locator(".c-trend").waitFor();
  assert.equal(await first.locator(".cell").count(), 11);
  const last = page.locator(".rows .row").last();
  assert.equal(await last.locator(".cell").count(), 2);
  // What a load costs follows the number of elements, and that no other work on the machine changes.
  const elements = await page.evaluate(() => document.querySelectorAll("*").length);
  console.log(`# ${elements} elements for ${CIRCUITS} circuits`);
  assert.ok(elements < 12 * CIRCUITS, `${elements}`);
  await last.scrollIntoViewIfNeeded();
  await last.locator(".c-trend").waitFor();
  await page.waitForFunction((row) => row.childElementCount === 2, await first.elementHandle());
  traffic(standin, 0);
  await last.getByText("%").first().waitFor();
  await first.scrollIntoViewIfNeeded();
  await first.locator(".c-trend").waitFor();
  await page.waitForFunction((row) => row.childElementCount === 2, await last.elementHandle());
  assert.deepEqual(page.troubles, []);
  await page.context().close();
  standin.close();
});

if (WEIGH) test("500 circuits are painted within a second of work, and cost less than 5 % of a core while they stream", async () => {
  const standin = await many();
  let { page, work } = await load(standin);
  for (let more = 1; more < LOADS; more += 1) {
    await page.context().close();
    const next = await load(standin);
    page = next.page;
    work = Math.min(work, next.work);
  }
  assert.ok(work < 1, `${work} s of CPU until ${CIRCUITS} circuits are there`);
  await settled(page);
  let share = Infinity;
  for (let part = 0; part < LOADS; part += 1) {
    const began = await cpuSeconds();
    for (let second = 0; second < SECONDS / LOADS; second += 1) {
      traffic(standin, part * 100 + second);
      // The one wait that is for time itself: a share of a core is taken over seconds of the clock.
      await page.waitForTimeout(1000);
    }
    const ended = await cpuSeconds();
    const of = (kind) => ((ended[kind] - began[kind]) * LOADS) / SECONDS;
    console.log(`# all ${CIRCUITS} change every second: the page takes ${(of("pages") * 100).toFixed(1)} % of a core, the whole browser ${(of("all") * 100).toFixed(1)} %`);
    share = Math.min(share, of("pages"));
  }
  assert.ok(share < 0.05, `${share}`);
  assert.deepEqual(page.troubles, []);
  await page.context().close();
  standin.close();
});

test("memory is flat over a long session", async () => {
  const standin = await many();
  const page = await open(`${standin.url}#/`);
  await page.waitForFunction((count) => document.querySelectorAll(".rows .row").length === count, CIRCUITS);
  const session = async (rounds, from) => {
    let looked = name(0);
    for (let round = from; round < from + rounds; round += 1) {
      traffic(standin, round, 50);
      const one = name(round % CIRCUITS);
      const state = round % 2 ? opened(one) : circuit(one);
      standin.change(state);
      standin.happen({ circuit: one, from: "closed", to: "open", cause: "failure_rate", evidence: { text: "x", open_for: "10s" } });
      standin.events.length = 0;
      // From page to page, as somebody does who looks for what is wrong.
      if (round % 50 === 0) await page.evaluate((to) => (location.hash = to), `#/circuit/${encodeURIComponent((looked = one))}`);
      if (round % 50 === 25) await page.evaluate(() => (location.hash = "#/"));
      if (round % 10 === 0) await caughtUp(page, standin, looked);
    }
    await leaveEarly(page, looked);
    await settled(page);
    await caughtUp(page, standin, looked);
    return inUse(page);
  };
  // Whoever looks at a page adds listeners of its own, once: here, before they are counted.
  await caughtUp(page, standin, name(0));
  const fresh = await inUse(page);
  await session(200, 0);
  const early = await session(200, 200);
  const late = await session(1000, 400);
  console.log(`# after 400 rounds ${(early.bytes / 1e6).toFixed(1)} MB and ${early.nodes} nodes, after 1,400 ${(late.bytes / 1e6).toFixed(1)} MB and ${late.nodes}; listeners ${fresh.listeners}, ${early.listeners}, ${late.listeners}`);
  assert.ok(late.bytes < early.bytes * 1.2, `${early.bytes} -> ${late.bytes} bytes`);
  assert.ok(late.nodes < early.nodes * 1.2, `${early.nodes} -> ${late.nodes} nodes`);
  // Nothing of a page that was left.
  assert.ok(late.listeners <= fresh.listeners + OF_ONE_PLOT, `${fresh.listeners} -> ${late.listeners} listeners`);
  assert.deepEqual(page.troubles, []);
  await page.context().close();
  standin.close();
});
