// A real `fusebox serve` on free ports, in a folder of its own, with an upstream that does as it is
// told; and a browser that fails a test by itself when the page breaks its policy or throws.
import { spawn, execFileSync } from "node:child_process";
import { createServer } from "node:http";
import { createServer as createSocket } from "node:net";
import { mkdtempSync, rmSync, writeFileSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const FUSEBOX = process.env.FUSEBOX ?? "fusebox";
/** No test is about speed but one, and that counts CPU time: a busy machine must not fail them. */
const PATIENCE_MS = 120_000;
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** A port that is free now; a daemon that is started again has to have the same. */
async function freePort() {
  const socket = createSocket();
  await new Promise((ready) => socket.listen(0, "127.0.0.1", ready));
  const { port } = socket.address();
  await new Promise((closed) => socket.close(closed));
  return port;
}

export class Daemon {
  /** `circuits`: name -> lines of its tables. */
  static async start(circuits = { rag: "", payments: "priority = 1", vms: "" }) {
    const daemon = new Daemon();
    daemon.folder = mkdtempSync(join(tmpdir(), "fusebox-console-"));
    daemon.status = 200;
    daemon.seen = 0;
    daemon.upstream = createServer((_, response) => {
      daemon.seen += 1;
      response.writeHead(daemon.status);
      response.end("{}");
    });
    await new Promise((ready) => daemon.upstream.listen(0, "127.0.0.1", ready));
    const upstream = `http://127.0.0.1:${daemon.upstream.address().port}`;
    daemon.port = await freePort();
    daemon.gatewayPort = await freePort();
    const tables = Object.entries(circuits).map(([name, lines]) => {
      const [own, breaker = "consecutive_failures = 3\nopen_for = \"60s\"\njitter = \"0%\""] = lines.split("---");
      return `[circuits.${name}]\nupstream = "${upstream}"\n${own}\n[circuits.${name}.breaker]\n${breaker}\n`;
    });
    const settings = `[server]\nlisten = "127.0.0.1:${daemon.gatewayPort}"\nadmin = "127.0.0.1:${daemon.port}"\ndata_dir = "${daemon.folder}/data"\n${tables.join("\n")}`;
    writeFileSync(join(daemon.folder, "fusebox.toml"), settings);
    daemon.url = `http://127.0.0.1:${daemon.port}/`;
    daemon.gateway = `http://127.0.0.1:${daemon.gatewayPort}`;
    await daemon.run();
    return daemon;
  }

  async run() {
    this.child = spawn(FUSEBOX, ["serve", join(this.folder, "fusebox.toml")], { stdio: ["ignore", "pipe", "ignore"] });
    await new Promise((ready, failed) => {
      let told = "";
      this.child.stdout.on("data", (text) => {
        told += text;
        if (told.includes("admin http")) ready();
      });
      this.child.once("exit", (code) => failed(new Error(`fusebox serve ended with ${code}`)));
    });
  }

  async kill() {
    const gone = new Promise((exit) => this.child.once("exit", exit));
    this.child.kill("SIGKILL");
    await gone;
  }

  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.kill();
    this.upstream.closeAllConnections();
    this.upstream.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  token(name, role) {
    const args = ["token", "create", "--name", name, "--role", role, "--data-dir", join(this.folder, "data")];
    return execFileSync(FUSEBOX, args, { encoding: "utf8" }).trim().split(/\s+/).find((word) => word.startsWith("fbx_"));
  }

  cli(args, token) {
    const env = { ...process.env, FUSEBOX_URL: this.url, ...(token ? { FUSEBOX_TOKEN: token } : {}) };
    return execFileSync(FUSEBOX, args, { encoding: "utf8", env });
  }

  /** Calls through the gateway. */
  async call(circuit, times = 1, status = 200) {
    this.status = status;
    for (let i = 0; i < times; i += 1) {
      const response = await fetch(`${this.gateway}/${circuit}/`).catch(() => null);
      await response?.arrayBuffer();
    }
  }

  async api(path, token) {
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    return (await fetch(this.url + path, { headers })).json();
  }

  /** Asks until an answer fits: for what no stream tells. The daemon's answers set the pace. */
  async once(path, fits) {
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
      const answer = await this.api(path);
      if (fits(answer)) return answer;
    }
    throw new Error(`no answer to ${path} fits`);
  }
}

let shared = null;

export async function browser() {
  shared ??= await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  return shared;
}

export async function closeBrowser() {
  await shared?.close();
  shared = null;
}

/** A page of a context of its own. `page.troubles`: what it must not have. */
export async function open(url, options = {}) {
  const context = await (await browser()).newContext({ viewport: { width: 1440, height: 900 }, acceptDownloads: true, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  page.troubles = [];
  page.on("pageerror", (error) => page.troubles.push(`threw: ${error.message}`));
  page.on("dialog", (dialog) => {
    page.troubles.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("console", (message) => {
    const text = message.text();
    // A refused request is told in the console by the browser itself, and is no trouble.
    if (message.type() === "error" && !text.startsWith("Failed to load resource")) page.troubles.push(text);
  });
  page.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    // Everything of a test is on this machine: whatever else is asked is a stranger.
    if (protocol.startsWith("http") && hostname !== "127.0.0.1") page.troubles.push(`asked ${hostname}`);
  });
  await page.goto(url);
  return page;
}

/** CPU seconds that the processes of pages, and all of the browser, have used. */
export async function cpuSeconds() {
  const session = await (await browser()).newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const sum = (all) => all.reduce((seconds, one) => seconds + one.cpuTime, 0);
  return { pages: sum(processInfo.filter((one) => one.type === "renderer")), all: sum(processInfo) };
}

/** Bytes and nodes that are in use once all garbage is gone. */
export async function inUse(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  await session.send("Performance.enable");
  const { metrics } = await session.send("Performance.getMetrics");
  await session.detach();
  const of = (name) => metrics.find((one) => one.name === name).value;
  return { bytes: of("JSHeapUsedSize"), nodes: of("Nodes"), listeners: of("JSEventListeners") };
}

export const axeSource = readFileSync(join(import.meta.dirname, "..", "node_modules", "axe-core", "axe.min.js"), "utf8");

/** What axe finds, in short. */
export async function axe(page) {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.html.slice(0, 160)} ${node.failureSummary ?? ""}`.replace(/\s+/g, " ")));
}
