// Builds the console: src/ into dist/, with the hash of all that went into it. `check` builds into
// memory and says whether dist/ holds the same. Run by scripts/console.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync, mkdirSync, existsSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = import.meta.dirname;
const GZIP_BYTES_MAX = 100_000;

const text = (path) => readFileSync(join(here, path), "utf8").replaceAll("\r\n", "\n");

function below(folder) {
  return readdirSync(join(here, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? below(path) : [path];
  });
}

// The same sum is made by a test in Rust, on machines without Node.
function hashOfSources() {
  const hash = createHash("sha256");
  for (const path of ["package-lock.json", "build.mjs", ...below("src")].sort()) {
    const content = text(path);
    hash.update(`${path} ${Buffer.byteLength(content)}\n`);
    hash.update(content);
  }
  return hash.digest("hex");
}

async function built() {
  const result = await build({
    absWorkingDir: here,
    entryPoints: { console: "src/main.ts" },
    bundle: true,
    minify: true,
    format: "iife",
    target: ["chrome109", "firefox115", "safari16"],
    charset: "utf8",
    legalComments: "none",
    write: false,
    outdir: "dist",
  });
  const files = new Map(result.outputFiles.map((file) => [file.path.split("/").pop(), file.text]));
  files.set("index.html", text("src/index.html"));
  files.set("sources.sha256", `${hashOfSources()}\n`);
  return files;
}

const files = await built();
let bytes = 0;
for (const [name, content] of files) {
  const gzip = gzipSync(content, { level: 9 }).length;
  if (name !== "sources.sha256") bytes += gzip;
  console.log(`${name}: ${Buffer.byteLength(content)} bytes, ${gzip} gzip`);
}
console.log(`in all ${bytes} bytes gzip, ${GZIP_BYTES_MAX} are allowed`);
if (bytes > GZIP_BYTES_MAX) process.exit(1);

if (process.argv[2] === "check") {
  const stale = [...files].filter(([name, content]) => {
    const path = join(here, "dist", name);
    return !existsSync(path) || readFileSync(path, "utf8").replaceAll("\r\n", "\n") !== content;
  });
  for (const [name] of stale) console.error(`dist/${name} is stale: run scripts/console build`);
  process.exit(stale.length > 0 ? 1 : 0);
}
mkdirSync(join(here, "dist"), { recursive: true });
for (const [name, content] of files) writeFileSync(join(here, "dist", name), content);
