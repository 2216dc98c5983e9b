import { chromium } from "playwright-core";
import { spawn } from "node:child_process";
const child = spawn(process.env.FUSEBOX, ["demo", "--no-browser"], { stdio: ["ignore", "pipe", "inherit"] });
let out = ""; child.stdout.on("data", (d) => (out += d));
while (!/http:\/\/127\.0\.0\.1:\d+\//.test(out)) await new Promise((r) => setTimeout(r, 100));
console.log(out.slice(0, 800));
const url = out.match(/http:\/\/127\.0\.0\.1:\d+\//)[0];
const b = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const p = await b.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: "light" });
await p.goto(url); await p.waitForTimeout(8000);
await p.screenshot({ path: "/tmp/a-calm.png" });
const btns = await p.$$eval("button", (x) => x.map((b) => b.getAttribute("aria-label") || b.textContent));
console.log(btns.slice(0, 60));
for (const [u, f] of [["openai", "hang"], ["ofd", "kill"], ["backlog-service", "too_many"]]) {
  const r = await p.evaluate(async ([u, f]) => (await fetch(`api/upstreams/${u}/fault`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ fault: f }) })).status, [u, f]);
  console.log(u, f, r);
}
await p.waitForTimeout(7000);
await p.screenshot({ path: "/tmp/a-outage.png", fullPage: true });
await p.emulateMedia({ colorScheme: "dark" }); await p.screenshot({ path: "/tmp/a-dark.png" });
await p.setViewportSize({ width: 320, height: 800 }); await p.waitForTimeout(500); await p.screenshot({ path: "/tmp/a-320.png", fullPage: true });
await p.setViewportSize({ width: 768, height: 1000 }); await p.waitForTimeout(500); await p.screenshot({ path: "/tmp/a-768.png" });
console.log(JSON.stringify((await p.evaluate(async () => (await fetch("api/state")).json())).score));
await b.close(); child.kill();
