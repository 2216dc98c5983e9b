// The page beside a stand-in that says what no real daemon would, or what would take an hour to happen.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";
import { axe, closeBrowser, open } from "./daemon.mjs";
import { picture } from "./picture.mjs";
import { settled, visit } from "./settled.mjs";
import { circuit, opened, StandIn } from "./standin.mjs";

const SHOTS = process.env.SHOTS ?? null;
const open_pages = [];
let beside = null;

afterEach(async () => {
  for (const page of open_pages.splice(0)) await page.context().close();
  beside?.close();
  beside = null;
});
after(closeBrowser);

async function shown(standin, options = {}, hash = "") {
  beside = standin;
  const page = await open(standin.url + hash, options);
  open_pages.push(page);
  await page.getByText(/^Live/).waitFor();
  if (standin.queues) await page.getByRole("link", { name: "Queues" }).waitFor();
  return page;
}

const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();

/** An outage, with everything that a page can show. */
async function outage(count = 5) {
  const standin = await new StandIn().listen();
  const names = ["rag", "payments", "ofd", "notify", "search"];
  for (let i = 0; i < count; i += 1) {
    const totals = { success: 1000 + 7 * i, failure: 3, ignored: 0, late: 0 };
    standin.add(circuit(names[i] ?? `service-${String(i).padStart(3, "0")}`, { totals, priority: i % 9 === 1 ? 1 : 2 }));
  }
  standin.add(
    opened("payments", undefined, { priority: 1, branches: { known: 9, open: 1, held: 0 } }),
    circuit("ofd", { state: "half_open", in_flight: 1, since: ago(4), why: { cause: "open_time_over", evidence: { text: "the open period is over, trying again" } } }),
    circuit("notify", { hold: { kind: "observe", reason: "new upstream", author: "anna", since: ago(900), until: ago(-2700) } }),
  );
  for (let i = 40; i < Math.min(count, 52); i += 1) standin.add(opened(`service-0${i}`));
  standin.branches = [{ ...opened("x"), key: "till-7" }];
  const events = [
    ["closed", "open", "failure_rate", 900, "6 of the last 10 calls failed, the last one by status"],
    ["open", "half_open", "open_time_over", 880, "the open period is over, trying again"],
    ["half_open", "closed", "trials_succeeded", 870, "3 trials succeeded"],
    ["closed", "open", "failure_rate", 42, "6 of the last 10 calls failed, the last one by status"],
  ];
  for (const [from, to, cause, at, text] of events) {
    standin.happen({ circuit: "payments", from, to, cause, at: ago(at), evidence: { text, open_for: "30s" }, has_replay: to === "open" });
  }
  standin.queues = [
    { name: "ofd", messages: 1204, bytes: 4_200_000, dead: 1, corrupt: 0, in_flight: 2, oldest_at: ago(900), next_due_at: null, messages_max: 100_000, bytes_max: null, paused: null },
    { name: "mail", messages: 88, bytes: 4200, dead: 0, corrupt: 0, in_flight: 0, oldest_at: ago(30), next_due_at: null, messages_max: 1000, bytes_max: null, paused: { epoch: 3, reason: "the printer burns", by: "anna", since: ago(600), in_flight: 1 } },
  ];
  standin.messages = [message("0190-dead", "refused")];
  standin.audit = [
    { id: 2, at: ago(60), who: "anna", role: "operator", from: "10.0.0.3", action: "hold", target: "notify", why: "new upstream", before: {}, after: {}, answer: 200 },
    { id: 1, at: ago(90), who: "bob", role: "viewer", from: "10.0.0.4", action: "hold", target: "rag", why: null, before: {}, after: {}, answer: 403 },
  ];
  return standin;
}

function message(id, death, body = '{"receipt": 12}') {
  const history = [{ at: ago(100), class: "status", error: "422 Unprocessable" }];
  return { id, queue: "ofd", key: "till-7", group: null, state: death ? "dead" : "pending", death, pushed_at: ago(4000), at: null, attempts: 3, deferrals: 12, crashes: 0, uncertain: false, bytes: 420, history, attributes: [["content-type", "application/json"]], body, response: null };
}

const PAGES = ["", "#/circuit/payments", "#/queues", "#/queues/ofd", "#/dead?queue=ofd", "#/audit"];

test("hostile names, reasons, errors and bodies are texts and nothing else", async () => {
  const evil = `<img src=x onerror=alert(1)><script>alert(2)</script>"'><svg onload=alert(3)>`;
  const standin = await new StandIn().listen();
  const hold = { kind: "forced_open", reason: evil, author: evil, since: ago(5), until: null };
  standin.add(opened(evil, evil, { branches: { known: 1, open: 1, held: 0 } }), circuit(`${evil}held`, { hold, override: { settings: {}, reason: evil, author: evil, since: ago(5), until: null } }), circuit("javascript:alert(4)"), circuit("../../x?y#z"));
  standin.branches = [{ ...opened("x", evil), key: evil }];
  standin.main = { state: "open", reason: evil, author: evil, since: ago(3), circuit: evil };
  standin.happen({ circuit: evil, from: "closed", to: "open", cause: evil, evidence: { text: evil, open_for: evil }, by: evil, reason: evil, has_replay: true });
  standin.queues = [{ name: evil, messages: 1, bytes: 1, dead: 1, corrupt: 0, in_flight: 0, oldest_at: null, next_due_at: null, messages_max: 1, bytes_max: 1, paused: { epoch: 1, reason: evil, by: evil, since: ago(1), in_flight: 0 } }];
  standin.messages = [{ ...message(evil, evil, evil), key: evil, history: [{ at: ago(1), class: evil, error: evil }] }];
  standin.audit = [{ id: 1, at: ago(1), who: evil, role: evil, from: evil, action: evil, target: evil, why: evil, before: evil, after: { evil }, answer: 200 }];
  const page = await shown(standin);
  const name = encodeURIComponent(evil);
  for (const hash of ["#/", `#/circuit/${name}`, "#/circuit/..%2F..%2Fx%3Fy%23z", "#/queues", `#/queues/${name}`, "#/dead", "#/audit"]) {
    await visit(page, standin.url + hash);
    const details = page.getByRole("button", { name: /^(Details|Look)$/ });
    if ((await details.count()) > 0) await details.first().click();
    await settled(page);
    assert.equal(await page.locator("#app img, #app script, #app [onload], #app [onerror]").count(), 0, hash);
    if (hash !== "#/circuit/..%2F..%2Fx%3Fy%23z") assert.ok((await page.locator("#app").textContent()).includes("<script>alert(2)"), hash);
  }
  await page.goto(`${standin.url}#/circuit/${name}`);
  await page.locator(".circuit .acts").first().getByRole("button", { name: "Hold…" }).click();
  await page.getByRole("dialog").getByLabel("Reason", { exact: true }).fill("it's $(rm -rf /)");
  const command = await page.getByRole("dialog").locator("code").textContent();
  assert.ok(command.includes(`--reason 'it'\\''s $(rm -rf /)'`), command);
  assert.deepEqual(page.troubles, []);
});

test("axe finds nothing on any page, in light and in dark", async () => {
  const standin = await outage();
  for (const colorScheme of ["light", "dark"]) {
    const page = await shown(standin, { colorScheme });
    for (const hash of PAGES) {
      await visit(page, standin.url + hash);
      assert.deepEqual(await axe(page), [], `${colorScheme} ${hash}`);
    }
    await page.goto(`${standin.url}#/circuit/payments`);
    await page.locator(".circuit .acts").first().getByRole("button", { name: "Hold…" }).click();
    await page.getByRole("dialog").waitFor();
    assert.deepEqual(await axe(page), [], `${colorScheme} dialog`);
    await page.keyboard.press("Escape");
    standin.role = "viewer";
    await page.reload();
    await page.getByRole("link", { name: "Queues" }).waitFor();
    await settled(page);
    assert.deepEqual(await axe(page), [], `${colorScheme} as a viewer`);
    standin.role = "admin";
  }
});

test("nothing is wider than 320 px, and nothing is cut off", async () => {
  const standin = await outage();
  const page = await shown(standin, { viewport: { width: 320, height: 640 } });
  for (const hash of PAGES) {
    await visit(page, standin.url + hash);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${hash}: ${wide} px too wide`);
    const cut = await page.evaluate(() =>
      [...document.querySelectorAll("#app button, #app a, .chip, h1, h2, .story, .count .label")]
        .filter((one) => !one.closest(".scrolls, .unseen, .skip, .events") && one.offsetParent && (one.getBoundingClientRect().right > innerWidth || one.scrollWidth > one.clientWidth + 1) && getComputedStyle(one).display !== "inline" && getComputedStyle(one).textOverflow !== "ellipsis")
        .map((one) => one.textContent),
    );
    assert.deepEqual(cut, [], hash);
  }
  assert.deepEqual(page.troubles, []);
});

test("with the keyboard alone one finds a circuit, holds it and comes back to where one was", async () => {
  const standin = await outage();
  const page = await shown(standin);
  await page.locator(".rows a").first().waitFor();
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("type")), "search");
  await page.keyboard.type("pay");
  await page.getByText("1 of 5 circuits").waitFor();
  for (let i = 0; i < 40; i += 1) {
    await page.keyboard.press("Tab");
    if ((await page.evaluate(() => document.activeElement.closest(".rows")?.textContent ?? "")).includes("payments")) break;
  }
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(outline, "solid", "the focus is seen");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "payments", level: 1 }).waitFor();
  for (let i = 0; i < 20; i += 1) {
    await page.keyboard.press("Tab");
    if ((await page.evaluate(() => document.activeElement.textContent)) === "Hold…") break;
  }
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.type("drill");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.type("payments");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.ok(standin.asked.includes("POST /api/v1/circuit-breakers/payments/hold"));
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Hold…");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.deepEqual(page.troubles, []);
});

test("who wants less motion gets none", async () => {
  const standin = await outage();
  standin.circuits.clear();
  const page = await shown(standin, { reducedMotion: "reduce" });
  const moving = () => page.evaluate(() => document.getAnimations().length + [...document.querySelectorAll("*")].filter((one) => parseFloat(getComputedStyle(one).transitionDuration) > 0).length);
  assert.equal(await moving(), 0);
  await page.emulateMedia({ reducedMotion: "no-preference" });
  assert.ok((await moving()) > 0, "the test would see motion");
});

test("rows stay where they are under a pointer, and go to their place when it leaves", async () => {
  const standin = await outage();
  const page = await shown(standin);
  const first = () => page.locator(".rows .row .c-name a").first().textContent();
  await page.locator(".rows .row").last().hover();
  assert.equal(await first(), "payments");
  const order = () => page.locator(".rows .row .c-name a").allTextContents();
  const before = await order();
  standin.change(opened("search", undefined, { priority: 1 }));
  await page.locator(".rows .row", { hasText: "search" }).getByText("Open", { exact: true }).waitFor();
  assert.deepEqual(await order(), before);
  await page.mouse.move(5, 5);
  await page.waitForFunction(() => [...document.querySelectorAll(".rows .c-name a")].findIndex((one) => one.textContent === "search") === 1);
});

test("empty, loading, forbidden, failed and silent are each told for what they are", async () => {
  const standin = await new StandIn().listen();
  let page = await shown(standin);
  await page.getByText("No circuits yet").waitFor();
  standin.add(circuit("rag"));
  standin.refused.set("/api/v1/audit", [403, "Forbidden", "this takes the role admin"]);
  await page.goto(`${standin.url}#/audit`);
  await page.getByText("Not for this token").waitFor();
  standin.refused.set("/api/v1/audit", [503, "The store cannot be read", "the store does not answer"]);
  await page.reload();
  await page.getByText("The store cannot be read").waitFor();
  await page.getByText("Request req-1").waitFor();
  standin.refused.clear();
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("No entries").waitFor();
  await page.goto(`${standin.url}#/circuit/none`);
  await page.getByText("No circuit none").waitFor();
  await page.goto(`${standin.url}#/nowhere`);
  await page.getByText("No such page").waitFor();
  assert.equal(await page.getByRole("link", { name: "Queues" }).count(), 0, "no queues, no page for them");
  // Silent for longer than the daemon ever is: told, and connected anew.
  await page.clock.install();
  await page.goto(standin.url);
  await page.getByText(/^Live/).waitFor();
  const again = page.waitForResponse((response) => response.url().endsWith("/stream"));
  await page.clock.runFor(25_000);
  assert.equal((await again).status(), 200, "it came again");
  standin.refused.set("/api/v1/me", [401, "A token is needed", "send a token"]);
  await page.reload();
  await page.getByLabel("Token").waitFor();
  assert.deepEqual(page.troubles, []);
});

test("queues are paused and resumed by their epoch, and dead letters looked at, retried and discarded", async () => {
  const standin = await outage();
  const page = await shown(standin, {}, "#/queues");
  await page.getByText("paused by anna").waitFor();
  const row = (name) => page.locator("tbody tr", { hasText: name });
  await row("ofd").getByRole("button", { name: "Pause…" }).click();
  await page.getByRole("dialog").getByLabel("Reason", { exact: true }).fill("drill");
  await page.getByRole("dialog").getByRole("button", { name: "Pause", exact: true }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await row("mail").getByRole("button", { name: "Resume…" }).click();
  assert.ok((await page.getByRole("dialog").locator("code").textContent()).includes('"epoch":3'));
  await page.getByRole("dialog").getByRole("button", { name: "Resume", exact: true }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.goto(`${standin.url}#/dead?queue=ofd`);
  await page.getByRole("button", { name: "Look" }).click();
  await page.getByText('{"receipt": 12}').waitFor();
  await page.locator("tbody").getByRole("button", { name: "Retry…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Retry", exact: true }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Discard all that fit…" }).click();
  await page.getByRole("dialog").getByLabel("Reason", { exact: true }).fill("too old");
  await page.getByRole("dialog").getByLabel(/Type ofd/).fill("ofd");
  await page.getByRole("dialog").getByRole("button", { name: "Discard", exact: true }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  for (const asked of ["queues/ofd/pause", "queues/mail/resume", "dead-letters/0190-dead/retry", "dead-letters/discard"]) {
    assert.ok(standin.asked.includes(`POST /api/v1/${asked}`), asked);
  }
  assert.deepEqual(page.troubles, []);
});

if (SHOTS) test("screenshots of an outage, for the documents", async () => {
  mkdirSync(SHOTS, { recursive: true });
  const standin = await outage(500);
  for (const [name, hash, width, height, colorScheme] of [
    ["overview-light", "", 1440, 900, "light"],
    ["overview-320", "", 320, 640, "dark"],
    ["circuit-dark", "#/circuit/payments", 1440, 900, "dark"],
  ]) {
    const page = await shown(standin, { viewport: { width, height }, colorScheme }, hash);
    await settled(page);
    await picture(page, join(SHOTS, `console-${name}.png`));
  }
});
