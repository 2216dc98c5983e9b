// A round in the real arena: `fusebox demo` with its sockets, gateways and clients. What the page
// shows is held against what the upstreams counted themselves.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";
import { axe, closeBrowser, open } from "./daemon.mjs";
import { picture } from "./picture.mjs";

const FUSEBOX = process.env.FUSEBOX ?? "fusebox";
const SHOTS = process.env.SHOTS ?? null;
const SIDES = ["with", "without"];
/** A system serves so many users at once: so many calls may be under way when a fault begins. */
const PLACES = 5;
const PATIENCE_MS = 60_000;

let demo = null;
afterEach(() => demo?.kill());
after(closeBrowser);

class Demo {
  static async start() {
    const one = new Demo();
    one.child = spawn(FUSEBOX, ["demo", "--no-browser", "--port", "0"], { stdio: ["ignore", "pipe", "ignore"] });
    one.url = await new Promise((ready, failed) => {
      let told = "";
      one.child.stdout.on("data", (text) => {
        told += text;
        const found = told.match(/Break it yourself: (http:\S+)/);
        if (found) ready(found[1]);
      });
      one.child.once("exit", (code) => failed(new Error(`fusebox demo ended with ${code}`)));
    });
    return (demo = one);
  }

  kill() {
    this.child.kill("SIGKILL");
  }

  async state() {
    return (await fetch(`${this.url}api/state`)).json();
  }

  /** The state as soon as the stream tells that it is as it has to be. */
  async until(what, holds) {
    const stream = await fetch(`${this.url}api/stream`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    let text = "";
    let state;
    try {
      for await (const part of stream.body.pipeThrough(new TextDecoderStream())) {
        const lines = (text + part).split("\n");
        text = lines.pop();
        for (const line of lines.filter((one) => one.startsWith("data:"))) {
          state = JSON.parse(line.slice("data:".length));
          if (holds(state)) return state;
        }
      }
    } catch (error) {
      if (error.name !== "TimeoutError") throw error;
    }
    return assert.fail(`${what}: ${JSON.stringify(state)}`);
  }
}

const of = (state, name) => state.upstreams.find((one) => one.name === name);
const card = (page, name) => page.locator(".upstream", { has: page.getByRole("heading", { name, exact: true }) });
const press = (page, name, label) => card(page, name).getByRole("button", { name: label, exact: true });
const becomes = (page, name, state) => card(page, name).locator(".what .chip").filter({ hasText: new RegExp(`^${state}`) }).waitFor();

/** Goes to a button by Tab and the arrows, as one has to without a mouse. */
async function goTo(page, name, label) {
  const here = () => page.evaluate(() => [document.activeElement.closest(".upstream")?.querySelector("h3").textContent, document.activeElement.textContent]);
  for (let i = 0; i < 40 && (await here())[0] !== name; i += 1) await page.keyboard.press("Tab");
  for (let i = 0; i < 8 && (await here())[1] !== label; i += 1) await page.keyboard.press("ArrowRight");
  assert.deepEqual(await here(), [name, label]);
}

/** Every call is accounted for: it arrived, was rejected, or met a refused connection. */
async function isAccounted(name, side) {
  return demo.until(`calls of ${name}, ${side}`, (state) => {
    const { calls, arrived, rejected, refused, cut, in_flight } = of(state, name)[side];
    const sent = calls - rejected - refused;
    // A connection that was cut by the fault's begin had its call arrive, or not.
    return in_flight === 0 && arrived <= sent && arrived >= sent - cut;
  });
}

test("a round: two upstreams are broken, their circuits open and close, and the score is what the upstreams counted", async () => {
  await Demo.start();
  const page = await open(demo.url);
  await page.locator(".arena").waitFor();
  assert.equal(await page.locator(".system").count(), 5);
  assert.equal(await page.locator(".upstream").count(), 13);
  await page.getByText("All is well on both sides").waitFor();
  await demo.until("users", ({ score }) => score.with.answered > 40 && score.without.answered > 40);
  const calm = await demo.state();
  for (const side of SIDES) {
    assert.equal(calm.score[side].wasted, 0);
    assert.equal(calm.score[side].answered_share, 1);
  }

  // One by the mouse, one by the keyboard.
  await press(page, "content", "Kill").click();
  await becomes(page, "content", "Open");
  await goTo(page, "apollo", "Errors");
  await page.keyboard.press("Enter");
  await becomes(page, "apollo", "(Open|Half-open)");
  await page.getByText("2 upstreams are sick").waitFor();
  await page.waitForFunction(() => /^\d open – Fusebox arena$/.test(document.title));
  await demo.until("the copy without breakers wastes more", ({ upstreams }) =>
    upstreams.filter(({ fault }) => fault).every((one) => one.without.wasted > one.with.wasted + 5 && one.with.rejected > 0),
  );

  await press(page, "content", "Heal").click();
  await becomes(page, "content", "Closed");
  await goTo(page, "apollo", "Heal");
  await page.keyboard.press("Enter");
  await becomes(page, "apollo", "Closed");
  await page.getByText(/^All upstreams are well again\. With breakers .* fewer calls were wasted/).waitFor();
  await demo.until("recovery", ({ score }) => SIDES.every((side) => score[side].recoveries >= 2));
  await page.locator(".happened").getByText(/content answers its users again with breakers/).waitFor();

  for (const side of SIDES) {
    for (const { name } of calm.upstreams) await isAccounted(name, side);
  }
  const rest = await demo.state();
  for (const side of SIDES) {
    const content = of(rest, "content")[side];
    const apollo = of(rest, "apollo")[side];
    // What was killed refused each call that was sent to it; what erred counted its errors itself. A
    // call that was under way when the fault began was not sent into it, but may have met it.
    assert.ok(content.refused > 0 && apollo.answered_badly > 0, side);
    const lost = content.refused + content.cut;
    assert.ok(lost - content.wasted >= 0 && lost - content.wasted <= PLACES, `content, ${side}: ${JSON.stringify(content)}`);
    const bad = apollo.answered_badly - apollo.wasted;
    assert.ok(bad >= 0 && bad <= PLACES, `apollo, ${side}: ${JSON.stringify(apollo)}`);
    const others = rest.upstreams.filter(({ name }) => name !== "content" && name !== "apollo");
    assert.equal(others.reduce((sum, one) => sum + one[side].answered_badly + one[side].refused, 0), 0, "no other was sick");
    assert.equal(of(rest, "content")["without"].rejected, 0, "the twin has no breakers");
    assert.equal(rest.score[side].wasted, content.wasted + apollo.wasted);
  }

  // The page shows that very score, and each wire its own part of it.
  const shown = (name) => page.getByRole("row", { name }).locator("td .value").allTextContents();
  const both = (key, text = (value) => value.toLocaleString("en-US")) => SIDES.map((side) => text(rest.score[side][key]));
  // Once it shows that state, or a later one.
  await page.waitForFunction(
    (users) => {
      const row = [...document.querySelectorAll("tr")].find((one) => one.textContent.includes("Users answered"));
      const all = [...row.querySelectorAll("td .means")].map((one) => Number(one.textContent.split(" of ")[1].replaceAll(",", "")));
      return all.length === users.length && all.every((shown, i) => shown >= users[i]);
    },
    SIDES.map((side) => rest.score[side].users),
  );
  assert.deepEqual(await shown(/Calls wasted/), both("wasted"));
  assert.deepEqual(await shown(/Cascades/), both("cascades"));
  for (const name of ["content", "apollo"]) {
    const ports = await card(page, name).locator(".port").allTextContents();
    assert.deepEqual(ports, SIDES.map((side) => `${of(rest, name)[side].wasted} wasted ${side} breakers`));
  }
  const answered = await page.getByRole("row", { name: /Users answered/ }).locator("td .means").allTextContents();
  const later = await demo.state();
  SIDES.forEach((side, i) => {
    const [many, all] = answered[i].split(" of ").map((text) => Number(text.replaceAll(",", "")));
    assert.ok(many >= rest.score[side].answered && many <= later.score[side].answered, `${answered[i]}, ${side}`);
    assert.ok(all >= rest.score[side].users && all <= later.score[side].users, `${answered[i]}, ${side}`);
  });
  assert.deepEqual(page.troubles, []);

  demo.kill();
  await page.getByText("The arena does not answer.").waitFor();
  assert.equal(await page.locator(".upstream").count(), 13, "what is known stays");
  assert.deepEqual(await axe(page), []);
  await page.context().close();
});

if (SHOTS) test("pictures of the arena in an outage, for the documents", async () => {
  mkdirSync(SHOTS, { recursive: true });
  await Demo.start();
  const page = await open(demo.url, { colorScheme: "light", viewport: { width: 1440, height: 1240 } });
  const pass = async (seconds) => {
    const { elapsed_ms: begun } = await demo.state();
    await demo.until(`${seconds} s`, ({ elapsed_ms: now }) => now - begun >= seconds * 1000);
  };
  await pass(20);
  await press(page, "openai", "Hang").click();
  await press(page, "rag-service", "Hang").click();
  await pass(16);
  await page.getByRole("button", { name: "Heal all" }).click();
  await pass(14);
  await press(page, "openai", "Slow").click();
  await press(page, "ofd", "Shard").click();
  await press(page, "project-service", "Kill").click();
  await becomes(page, "project-service", "Open");
  await pass(6);
  await picture(page, join(SHOTS, "arena-light.png"));
  await page.emulateMedia({ colorScheme: "dark" });
  await pass(1);
  await picture(page, join(SHOTS, "arena-dark.png"));
  await page.context().close();
});
