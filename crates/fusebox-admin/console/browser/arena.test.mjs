// The arena beside a stand-in that says what the real one would not. The real one is played in
// round.test.mjs.
import assert from "node:assert/strict";
import { after, afterEach, test } from "node:test";
import { ArenaStandIn } from "./arena-standin.mjs";
import { axe, closeBrowser, inUse, open } from "./daemon.mjs";

const open_pages = [];
let beside = null;

afterEach(async () => {
  for (const page of open_pages.splice(0)) await page.context().close();
  beside?.close();
  beside = null;
});
after(closeBrowser);

async function shown(options = {}, standin = null) {
  beside = standin ?? (await new ArenaStandIn().listen());
  const page = await open(beside.url, options);
  open_pages.push(page);
  await page.locator(".arena").waitFor();
  return page;
}

const card = (page, name) => page.locator(".upstream", { has: page.getByRole("heading", { name, exact: true }) });
const press = (page, name, label) => card(page, name).getByRole("button", { name: label, exact: true });

/** Two upstreams and a shard sick, their circuits open. */
function outage() {
  beside.pass(40);
  beside.break("project-service", "kill");
  beside.break("openai", "hang");
  beside.break("ofd", "shard");
  beside.pass(20);
  while (beside.upstreams[0].circuit.state !== "open") beside.pass(1);
}

test("what is broken by a button is told by the verdict, the card, the title and the score, and healed", async () => {
  const page = await shown();
  beside.pass(20);
  await page.getByText("All is well on both sides").waitFor();
  assert.equal(await page.getByRole("button", { name: "Heal all" }).count(), 0);
  await press(page, "project-service", "Kill").click();
  await page.getByText("project-service refuses connections.").waitFor();
  assert.equal(await press(page, "project-service", "Kill").getAttribute("aria-pressed"), "true");
  while (beside.upstreams[0].circuit.state !== "open") beside.pass(1);
  const chip = card(page, "project-service").locator(".what .chip");
  await chip.filter({ hasText: /^Open \d\.\d s$/ }).waitFor();
  await card(page, "project-service").getByText("opened: 5 failures in a row, the last was answered with an error", { exact: true }).waitFor();
  await page.waitForFunction(() => document.title === "1 open – Fusebox arena");
  const { score, upstreams } = beside.document();
  const row = (name) => page.getByRole("row", { name }).locator("td .value").allTextContents();
  assert.deepEqual(await row(/Calls wasted/), [score.with.wasted, score.without.wasted].map(String));
  assert.ok(score.without.wasted > score.with.wasted);
  const ports = await card(page, "project-service").locator(".port").allTextContents();
  assert.deepEqual(ports, ["with", "without"].map((side) => `${upstreams[0][side].wasted} wasted ${side} breakers`));
  await press(page, "project-service", "Heal").click();
  assert.equal(await press(page, "project-service", "Kill").evaluate((one) => one === document.activeElement), true);
  beside.pass(30);
  await page.getByText(/^All upstreams are well again\. With breakers .* fewer calls were wasted/).waitFor();
  await page.getByRole("button", { name: "Start over" }).click();
  await page.getByText("All is well on both sides").waitFor();
  assert.deepEqual(beside.asked.filter((one) => one.startsWith("POST")), [
    "POST /api/upstreams/project-service/fault",
    "POST /api/upstreams/project-service/fault",
    "POST /api/reset",
  ]);
  assert.deepEqual(page.troubles, []);
});

test("with the keyboard alone one breaks an upstream and heals it", async () => {
  const page = await shown();
  const here = () => page.evaluate(() => `${document.activeElement.closest(".upstream")?.querySelector("h3").textContent} ${document.activeElement.textContent}`);
  for (let i = 0; i < 30 && (await here()) !== "backlog-service Kill"; i += 1) await page.keyboard.press("Tab");
  assert.equal(await here(), "backlog-service Kill", "one stop for each row of buttons");
  assert.equal(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), "solid");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  assert.equal(await here(), "backlog-service Slow");
  await page.keyboard.press("Space");
  await page.getByText("backlog-service takes 1.2 s for each answer.").waitFor();
  await page.keyboard.press("End");
  assert.equal(await here(), "backlog-service Heal");
  await page.keyboard.press("Enter");
  await page.getByText("All upstreams are well again").or(page.getByText("All is well")).waitFor();
  assert.equal(await here(), "backlog-service Slow");
  await page.keyboard.press("Tab");
  assert.equal(await here(), "chronicle-service Kill");
  assert.deepEqual(page.troubles, []);
});

test("hostile names, sentences, events and addresses are texts and nothing else", async () => {
  const evil = `<img src=x onerror=alert(1)><script>alert(2)</script>"'><svg onload=alert(3)>`;
  const standin = await new ArenaStandIn().listen();
  standin.pass(4);
  const told = standin.document();
  told.console = "javascript:alert(4)";
  told.faults = [{ name: "kill", says: evil }, { name: evil, says: evil }];
  told.systems = told.systems.map((system) => ({ ...system, title: evil, does: evil, paths: [{ name: evil, calls: [{ upstream: evil, needed: true }] }] }));
  told.upstreams = told.upstreams.map((one, i) => ({ ...one, name: i === 0 ? evil : one.name, fault: "kill", fault_for_ms: 1, keys: [evil], circuit: { name: evil, state: i % 2 ? "open" : evil, sentence: evil, retry_in_ms: 1, open_branches: [evil] } }));
  told.events = ["bad", evil].map((tone, i) => ({ at_ms: i, system: evil, upstream: evil, text: evil, tone }));
  standin.told = told;
  const page = await shown({}, standin);
  standin.refuses = evil;
  await card(page, evil).getByRole("button", { name: "Kill" }).click();
  await page.locator(".toast").waitFor();
  assert.equal(await page.locator("#app img, #app script, #app [onload], #app [onerror]").count(), 0);
  assert.ok((await page.locator(".happened").textContent()).includes("<script>alert(2)"));
  assert.ok((await page.locator(".toast").textContent()).includes("<script>alert(2)"));
  assert.equal(await page.getByRole("link", { name: "Console" }).count(), 0, "no address that is none");
  assert.deepEqual(page.troubles, []);
});

test("axe finds nothing in the arena, well and in an outage, in light and in dark", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const page = await shown({ colorScheme });
    beside.pass(20);
    assert.deepEqual(await axe(page), [], `${colorScheme}, well`);
    outage();
    await page.getByText("3 upstreams are sick").waitFor();
    await page.waitForFunction(() => !document.getAnimations().some(({ effect }) => effect.getComputedTiming().endTime < Infinity));
    assert.deepEqual(await axe(page), [], `${colorScheme}, an outage`);
    beside.close();
    await page.getByText("Disconnected").waitFor();
    assert.deepEqual(await axe(page), [], `${colorScheme}, disconnected`);
  }
});

/** Texts that are cut off, lie over each other or stick out. Runs in the page. */
const unreadable = () => {
  const cut = [...document.querySelectorAll("#app button, #app a, .chip, h1, h2, h3, .value, .port, .sentence, .does, .verdict p, .happened li")].filter((one) => {
    if (one.closest(".unseen, .skip") || getComputedStyle(one).display === "inline") return false;
    const { right } = one.getBoundingClientRect();
    return right > innerWidth || one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 2;
  });
  const overlaid = [...document.querySelectorAll(".what")].filter((row) => {
    const boxes = [...row.children].map((one) => one.getBoundingClientRect());
    const over = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
    return boxes.some((a, i) => boxes.some((b, j) => i < j && over(a, b)));
  });
  const list = document.querySelector(".happened .scrolls").getBoundingClientRect();
  const halved = [...document.querySelectorAll(".happened li")].filter((one) => {
    const { top, bottom } = one.getBoundingClientRect();
    return top < list.bottom - 1 && bottom > list.bottom + 1;
  });
  return [...cut, ...overlaid, ...halved].map((one) => one.textContent);
};

test("every text of the arena is read whole, and none is wider than the page", async () => {
  for (const width of [1440, 1000, 768, 320]) {
    const page = await shown({ viewport: { width, height: 640 } });
    outage();
    beside.pass(40);
    for (const name of ["backlog-service", "rag-service"]) beside.break(name, "too_many");
    beside.pass(1);
    await page.getByText("5 upstreams are sick").waitFor();
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${wide} px too wide at ${width}`);
    assert.ok((await page.locator(".happened li").count()) > 5);
    assert.deepEqual(await page.evaluate(unreadable), [], `${width} px`);
    assert.deepEqual(page.troubles, []);
    beside.close();
  }
});

test("how things stand stays in sight, however far one scrolls, and hides nothing that the keyboard goes to", async () => {
  for (const width of [1440, 320]) {
    const page = await shown({ viewport: { width, height: 640 } });
    outage();
    await page.getByText("3 upstreams are sick").waitFor();
    await press(page, "notifier", "Kill").focus();
    await page.keyboard.press("Shift+Tab");
    const seen = await page.evaluate(() => {
      const { top, bottom } = document.querySelector(".verdict").getBoundingClientRect();
      return { scrolled: scrollY, top, bottom, focus: document.activeElement.getBoundingClientRect().top };
    });
    assert.ok(seen.scrolled > 300 && seen.top >= 0 && seen.bottom < 320, `${width} px: ${JSON.stringify(seen)}`);
    assert.ok(seen.focus >= seen.bottom, `${width} px: ${JSON.stringify(seen)}`);
    beside.close();
  }
});

test("a page that is opened again shows the course of the round, and what happened in it", async () => {
  const page = await shown();
  beside.pass(40);
  outage();
  for (const name of ["project-service", "openai", "ofd"]) beside.break(name, null);
  beside.pass(60);
  await page.getByText("All upstreams are well again").waitFor();
  const course = () => page.locator(".plot svg").getAttribute("aria-label");
  const before = await course();
  assert.match(before, /100 % with breakers, at the least [1-9]\d %; .* at the least [1-9]\d %$/);
  const lines = await page.locator(".happened li").allTextContents();
  await page.reload();
  await page.getByText("All upstreams are well again").waitFor();
  assert.equal(await course(), before);
  assert.deepEqual(await page.locator(".happened li").allTextContents(), lines);
  assert.deepEqual(page.troubles, []);
});

test("each copy has a rail of its own, from its own meter", async () => {
  for (const width of [1440, 320]) {
    const page = await shown({ viewport: { width, height: 900 } });
    beside.pass(4);
    await page.getByText("8 users/s").first().waitFor();
    const rails = await page.evaluate(() =>
      [...document.querySelectorAll(".system")].map((system) => {
        const [with_, without] = [".wires > .rail.with", ".wires > .rail.without"].map((one) => system.querySelector(one).getBoundingClientRect());
        return { apart: Math.abs(with_.right - without.right), heights: [with_.height, without.height] };
      }),
    );
    assert.equal(rails.length, 5);
    for (const { apart, heights } of rails) assert.ok(apart >= 10 && heights.every((height) => height > 10), JSON.stringify(rails));
    beside.close();
  }
});

test("a key that is cut off alone is struck out, and its circuit is told to be open in part", async () => {
  const page = await shown();
  beside.pass(20);
  await press(page, "ofd", "Shard").click();
  while (beside.upstreams.find(({ name }) => name === "ofd").circuit.open_branches.length === 0) beside.pass(1);
  await card(page, "ofd").locator(".what .chip").filter({ hasText: /^1 of 4 open/ }).waitFor();
  const keys = await card(page, "ofd").locator(".keys .unseen").allTextContents();
  assert.deepEqual(keys, ["pos-1: Closed", "pos-2: Closed", "pos-3: Open", "pos-4: Closed"]);
  const struck = await card(page, "ofd").locator(".keys .open").evaluate((one) => getComputedStyle(one).textDecorationLine);
  assert.equal(struck, "line-through");
  await press(page, "ofd", "Heal").click();
  beside.pass(8);
  await card(page, "ofd").locator(".what .chip").filter({ hasText: /^Closed/ }).waitFor();
  assert.deepEqual(page.troubles, []);
});

test("nothing moves from its place when an outage comes and goes", async () => {
  for (const width of [1440, 768, 320]) {
    const page = await shown({ viewport: { width, height: 900 } });
    beside.pass(20);
    const places = () =>
      page.evaluate(() =>
        [...document.querySelectorAll(".verdict, .score, .course, .happened, .system, .upstream, .faults button")].map((one) => {
          const { top, left, width } = one.getBoundingClientRect();
          return `${one.className || one.textContent} ${Math.round(top)} ${Math.round(left)} ${Math.round(width)}`;
        }),
      );
    const before = await places();
    outage();
    await page.getByText("3 upstreams are sick").waitFor();
    assert.deepEqual(await places(), before, `${width} px, an outage`);
    for (const name of ["project-service", "openai", "ofd"]) beside.break(name, null);
    beside.pass(40);
    await page.getByText("All upstreams are well again").waitFor();
    assert.deepEqual(await places(), before, `${width} px, after it`);
    beside.close();
  }
});

/** Whether anything is painted over the wires. Runs in the page. */
const painted = () =>
  [...document.querySelectorAll("canvas")].some((canvas) => {
    if (getComputedStyle(canvas).display === "none" || canvas.width === 0) return false;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.some((value) => value > 0);
  });
const dots = (page) => page.evaluate(painted);
const frame = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));

test("calls are seen on the wires, and who wants less motion sees none", async () => {
  const still = () => page.evaluate(() => document.getAnimations().length + [...document.querySelectorAll("*")].filter((one) => parseFloat(getComputedStyle(one).transitionDuration) > 0).length);
  const page = await shown({ reducedMotion: "reduce" });
  beside.pass(8);
  await page.getByText(/^\d+ of \d+$/).first().waitFor();
  assert.equal(await still(), 0);
  assert.equal(await dots(page), false);
  await page.emulateMedia({ reducedMotion: "no-preference" });
  assert.ok((await still()) > 0, "the test would see motion");
  let seen = false;
  for (let i = 0; i < 300 && !seen; i += 1) {
    beside.pass(1);
    await frame(page);
    seen = await dots(page);
  }
  assert.ok(seen, "dots");
  await page.emulateMedia({ reducedMotion: "reduce" });
  assert.equal(await dots(page), false);
  assert.deepEqual(page.troubles, []);
});

test("a lost and a silent arena are told, what is known stays, and it connects again", async () => {
  const page = await shown();
  beside.pass(8);
  await page.getByText("Live").waitFor();
  for (const stream of beside.streams) stream.destroy();
  await page.getByText("The arena does not answer.").waitFor();
  await page.getByText("Live").waitFor();
  assert.equal(await page.locator(".banner:visible").count(), 0);
  beside.refuses = "there is no such upstream";
  await press(page, "rag-service", "Hang").click();
  await page.getByText("there is no such upstream").first().waitFor();
  const before = beside.asked.filter((one) => one.endsWith("/stream")).length;
  await page.clock.install();
  await page.reload();
  await page.getByText("Live").waitFor();
  const again = page.waitForResponse(/\/stream$/);
  await page.clock.runFor(7000);
  await again;
  assert.ok(beside.asked.filter((one) => one.endsWith("/stream")).length > before + 1, "silent for longer than it ever is");
  assert.deepEqual(page.troubles, []);
});

test("an hour in the arena leaves nothing behind", async () => {
  const page = await shown();
  const minutes = async (count) => {
    for (let i = 0; i < count; i += 1) {
      beside.break("openai", i % 2 ? null : "kill");
      beside.pass(240);
      await frame(page);
    }
    for (let i = 0; i < 600 && (await dots(page)); i += 1) await frame(page);
    assert.equal(await dots(page), false, "the last call has arrived");
    return inUse(page);
  };
  const early = await minutes(10);
  const late = await minutes(50);
  assert.ok(late.nodes <= early.nodes * 1.1 + 50, `${early.nodes} nodes became ${late.nodes}`);
  assert.ok(late.listeners <= early.listeners + 20, `${early.listeners} listeners became ${late.listeners}`);
  assert.ok(late.bytes < early.bytes * 1.5 + 1_000_000, `${early.bytes} bytes became ${late.bytes}`);
});
