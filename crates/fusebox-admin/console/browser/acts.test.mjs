// Every act by every role: done or refused, and in the audit log.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { closeBrowser, Daemon, open } from "./daemon.mjs";

let daemon;
const tokens = {};
before(async () => {
  daemon = await Daemon.start({ rag: "", payments: "priority = 1", vms: "" });
  for (const role of ["viewer", "operator", "admin"]) tokens[role] = daemon.token(role, role);
});
after(async () => {
  await closeBrowser();
  await daemon?.stop();
});

async function entered(role, hash = "") {
  const page = await open(daemon.url + hash);
  await page.getByLabel("Token").fill(tokens[role]);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText(`${role}, ${role}`).waitFor();
  return page;
}

const confirm = async (page, verb, fields = {}) => {
  const dialog = page.getByRole("dialog");
  for (const [label, value] of Object.entries(fields)) {
    const control = dialog.getByLabel(label, { exact: label === "Reason" });
    if ((await control.evaluate((element) => element.tagName)) === "SELECT") await control.selectOption(value);
    else await control.fill(value);
  }
  await dialog.getByRole("button", { name: verb, exact: true }).click();
  await dialog.waitFor({ state: "detached" });
};

test("the token is asked for once in each tab, and kept in no cookie and no storage that outlives it", async () => {
  const page = await entered("viewer");
  await page.reload();
  await page.getByText("viewer, viewer").waitFor();
  assert.deepEqual(await page.context().cookies(), []);
  assert.ok(!(await page.evaluate(() => JSON.stringify(localStorage))).includes("fbx_"));
  const other = await page.context().newPage();
  await other.goto(daemon.url);
  await other.getByLabel("Token").waitFor();
  await page.getByRole("button", { name: "Forget token" }).click();
  await page.getByLabel("Token").waitFor();
  await page.getByLabel("Token").fill("fbx_wrong");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText(/token is not known|Token/).first().waitFor();
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});

test("a viewer sees every act disabled with the reason, and a request behind its back is refused and written down", async () => {
  const page = await entered("viewer", "#/circuit/rag");
  for (const name of ["Hold…", "Release…", "Move…", "Reset…"]) {
    const button = page.locator(".acts").getByRole("button", { name }).first();
    await button.waitFor();
    assert.equal(await button.getAttribute("aria-disabled"), "true", name);
    assert.match(await button.getAttribute("title"), /takes the role operator; you are viewer/);
    await button.click({ force: true });
    assert.equal(await page.getByRole("dialog").count(), 0, name);
  }
  const asked = [
    ["POST", "hold", { kind: "forced_open", reason: "viewer tries" }],
    ["DELETE", "hold", {}],
    ["POST", "force-state", { state: "open" }],
    ["POST", "reset", {}],
    ["PUT", "override", { settings: { open_for: "1s" }, reason: "viewer tries" }],
  ];
  for (const [method, what, body] of asked) {
    const status = await page.evaluate(
      async ([url, verb, json]) => {
        const headers = { Authorization: `Bearer ${sessionStorage.getItem("fusebox-token")}`, "Content-Type": "application/json" };
        return (await fetch(url, { method: verb, headers, body: JSON.stringify(json) })).status;
      },
      [`${daemon.url}api/v1/circuit-breakers/rag/${what}`, method, body],
    );
    assert.equal(status, 403, `${method} ${what}`);
  }
  await page.goto(`${daemon.url}#/audit`);
  await page.getByText("Not for this token").waitFor();
  await page.context().close();

  const admin = await entered("admin", "#/audit");
  await admin.getByLabel("Who").fill("viewer");
  await admin.getByRole("button", { name: "Search" }).click();
  await admin.locator("tr.refused-act").nth(asked.length - 1).waitFor();
  assert.equal(await admin.locator("tr.refused-act").count(), asked.length);
  assert.deepEqual(admin.troubles, []);
  await admin.context().close();
});

test("an operator holds, releases, moves and resets, with a reason, and the command line would say the same", async () => {
  const page = await entered("operator", "#/circuit/rag");
  const acts = page.locator(".circuit > div .acts").first();
  await acts.getByRole("button", { name: "Hold…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Hold", exact: true }).click({ force: true });
  await dialog.getByText("Say why").waitFor();
  await dialog.getByLabel("Reason", { exact: true }).fill("new disk");
  assert.equal(await dialog.locator("code").textContent(), "fusebox hold rag forced_open --reason 'new disk' --for 15m");
  await confirm(page, "Hold", { Ends: "1h" });
  await page.locator(".circuit-head .badge", { hasText: "Held open" }).waitFor();
  const held = await daemon.api("api/v1/circuit-breakers/rag", tokens.viewer);
  assert.equal(held.hold.reason, "new disk");
  assert.equal(held.hold.author, "operator");
  await acts.getByRole("button", { name: "Release…" }).click();
  await confirm(page, "Release", { "Reason (optional)": "disk is in" });
  await page.locator(".circuit-head .badge").waitFor({ state: "detached" });
  await acts.getByRole("button", { name: "Move…" }).click();
  await confirm(page, "Move", { To: "open" });
  await page.locator(".circuit-head .chip.open").waitFor();
  await acts.getByRole("button", { name: "Reset…" }).click();
  await confirm(page, "Reset", {});
  await page.locator(".circuit-head .chip.closed").waitFor();
  const put = page.locator(".dry-run");
  await daemon.call("rag", 1);
  await put.getByRole("button", { name: "Try on the last hour" }).click();
  const force = put.getByRole("button", { name: "Put in force…" });
  await force.waitFor();
  assert.match(await force.getAttribute("title"), /takes the role admin; you are operator/);
  await page.context().close();
  const { entries } = await daemon.api("api/v1/audit?who=operator", tokens.admin);
  const done = entries.filter((one) => one.answer === 200).map((one) => [one.action, one.why]);
  assert.deepEqual(done, [["reset", null], ["force-state", null], ["release", "disk is in"], ["hold", "new disk"]]);
});

test("what is critical has to be typed, one by one and in bulk", async () => {
  const page = await entered("operator", "#/circuit/payments");
  await page.locator(".circuit > div .acts").first().getByRole("button", { name: "Move…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Move", exact: true }).click({ force: true });
  await dialog.getByText("Type payments to confirm.").waitFor();
  assert.equal((await daemon.api("api/v1/circuit-breakers/payments", tokens.viewer)).state, "closed");
  await dialog.getByLabel(/Type payments/).fill("payments");
  await dialog.getByRole("button", { name: "Move", exact: true }).click();
  await page.locator(".circuit-head .chip.open").waitFor();
  await page.goto(`${daemon.url}#/`);
  await page.getByLabel("Filter circuits by name").fill("m");
  const bulk = page.getByRole("group", { name: "Actions on all shown" });
  await bulk.getByText("All 2 shown:").waitFor();
  await bulk.getByRole("button", { name: "Hold…" }).click();
  await page.getByRole("dialog").getByLabel("Reason", { exact: true }).fill("drill");
  await page.getByRole("dialog").getByLabel(/Type 2 circuits/).fill("2 circuits");
  await page.getByRole("dialog").getByRole("button", { name: "Hold 2 circuits" }).click();
  await page.locator(".count.held .number", { hasText: "2" }).waitFor();
  const { circuits } = await daemon.api("api/v1/circuit-breakers", tokens.viewer);
  assert.deepEqual(circuits.filter((one) => one.hold).map((one) => one.name), ["payments", "vms"]);
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});

test("the main breaker is opened with its name typed, and told on every page until it is closed", async () => {
  const page = await entered("admin");
  await page.getByRole("button", { name: "Open main breaker…" }).click();
  await confirm(page, "Open it", { "Reason (optional)": "fire drill", "It stops everything. Type main to confirm": "main" });
  await page.getByText("The main breaker is open: every call is rejected.").waitFor();
  await page.getByText("fire drill").first().waitFor();
  await page.locator(".banner.main-open").getByRole("button", { name: "Close main breaker…" }).click();
  await confirm(page, "Close it");
  await page.getByText("The main breaker is open: every call is rejected.").waitFor({ state: "hidden" });
  await page.goto(`${daemon.url}#/audit`);
  await page.getByRole("cell", { name: "fire drill" }).waitFor();
  await page.getByRole("button", { name: "Check the chain" }).click();
  await page.getByText(/The chain holds over \d+ entries/).waitFor();
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});
