// The page beside a real daemon.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { closeBrowser, Daemon, open } from "./daemon.mjs";

let daemon;
before(async () => {
  daemon = await Daemon.start();
});
after(async () => {
  await closeBrowser();
  await daemon?.stop();
});

const row = (page, name) => page.locator(".rows .row", { hasText: name });

test("a circuit that opens is seen without a reload, with its reason and what happens next", async () => {
  const page = await open(daemon.url);
  await row(page, "rag").getByText("Closed").waitFor();
  const loads = await page.evaluate(() => performance.getEntriesByType("navigation").length);
  const began = Date.now();
  await daemon.call("rag", 3, 500);
  await row(page, "rag").getByText("Open", { exact: true }).waitFor();
  const took = Date.now() - began;
  await page.getByText(/opened at \d\d:\d\d:\d\d: 3 failures in a row.*threshold 3; trying again in \d+ s/).first().waitFor();
  assert.equal(await page.evaluate(() => performance.getEntriesByType("navigation").length), loads);
  console.log(`# seen ${took} ms after the first failing call was sent`);
  await page.locator(".count.open .number", { hasText: "1" }).waitFor();
  await page.locator(".tile", { hasText: "rag" }).getByRole("link").click();
  await page.getByRole("heading", { name: "rag", level: 1 }).waitFor();
  await page.locator(".events li", { hasText: "opened: 3 failures in a row" }).first().waitFor();
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});

test("the replay file of a trip is what the daemon keeps", async () => {
  const page = await open(`${daemon.url}#/circuit/rag`);
  const trip = page.locator(".events li", { hasText: "opened: 3 failures in a row" }).first();
  const button = trip.getByRole("button", { name: "Export replay" });
  const attached = ({ events }) => events[0].has_replay;
  const { events } = await daemon.once("api/v1/circuit-breakers/rag/events?kind=transition&limit=1", attached);
  // The page was told of the trip and not of the file, which comes a moment after it.
  await page.reload();
  const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
  const kept = await (await fetch(`${daemon.url}api/v1/events/${events[0].id}/replay`)).text();
  const stream = await download.createReadStream();
  let saved = "";
  for await (const piece of stream) saved += piece;
  assert.equal(saved, kept);
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});

test("a killed daemon is told at once, and the page goes on when it is back", async () => {
  const page = await open(daemon.url);
  await page.getByText(/^Live/).waitFor();
  await row(page, "vms").waitFor();
  const began = Date.now();
  await daemon.kill();
  await page.getByText("The connection to the daemon is lost.").waitFor();
  console.log(`# told ${Date.now() - began} ms after kill -9`);
  assert.ok(await row(page, "vms").isVisible(), "what was known stays");
  await daemon.run();
  await page.getByText(/^Live/).waitFor();
  await page.getByText("The connection to the daemon is lost.").waitFor({ state: "hidden" });
  await daemon.call("vms", 3, 500);
  await row(page, "vms").getByText("Open", { exact: true }).waitFor();
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});

test("other settings are tried on the last hour, plotted, and put in force until they end", async () => {
  await daemon.call("payments", 10, 200);
  const page = await open(`${daemon.url}#/circuit/payments`);
  const form = page.locator(".dry-run");
  await form.locator("select").first().selectOption("consecutive_failures");
  await form.locator(".try input").first().fill("2");
  await form.getByRole("button", { name: "Try on the last hour" }).click();
  await form.locator(".course").nth(2).waitFor();
  assert.equal(await form.locator("svg.state-strip").count(), 3);
  await form.getByRole("button", { name: "Put in force…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Reason", { exact: true }).fill("drill");
  await dialog.getByLabel("Ends").selectOption("15m");
  await dialog.getByLabel(/Type payments to confirm/).fill("payments");
  await dialog.getByRole("button", { name: "Put in force" }).click();
  await page.locator(".circuit-head .badge", { hasText: "Override" }).waitFor();
  const origins = await daemon.api("api/v1/circuit-breakers/payments/override");
  assert.equal(origins.effective.consecutive_failures.value, "2");
  assert.ok(origins.override.until, "it ends by itself");
  await page.getByRole("button", { name: "End override…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "End it" }).click();
  await page.locator(".circuit-head .badge", { hasText: "Override" }).waitFor({ state: "detached" });
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});
