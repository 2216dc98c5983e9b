// Builds the pages: the console out of src/main.ts and the arena of `fusebox demo` out of
// src/arena/main.ts, each with the hash of all that went into both. `check` builds into memory and
// says whether what is in the repository is the same. Run by scripts/console.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync, mkdirSync, existsSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = import.meta.dirname;
const PAGES = [
  { name: "console", from: "src", into: "dist", gzipBytesMax: 100_000 },
  {
    name: "arena",
    from: "src/arena",
    into: "../../fusebox-server/src/demo/arena/dist",
    gzipBytesMax: 30_000,
  },
];

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

async function built({ name, from }) {
  const result = await build({
    absWorkingDir: here,
    entryPoints: { [name]: `${from}/main.ts` },
    bundle: true,
    minify: true,
    format: "iife",
    target: ["chrome109", "firefox115", "safari16"],
    charset: "utf8",
    legalComments: "none",
    write: false,
    outdir: "out",
  });
  const files = new Map(result.outputFiles.map((file) => [file.path.split("/").pop(), file.text]));
  files.set("index.html", text(`${from}/index.html`));
  files.set("sources.sha256", `${hashOfSources()}\n`);
  return files;
}

/** Says what each file weighs; ends where it is too much. */
function weigh(files, { name, gzipBytesMax }) {
  let bytes = 0;
  for (const [file, content] of files) {
    const gzip = gzipSync(content, { level: 9 }).length;
    if (file !== "sources.sha256") bytes += gzip;
    console.log(`${name} ${file}: ${Buffer.byteLength(content)} bytes, ${gzip} gzip`);
  }
  console.log(`${name} in all ${bytes} bytes gzip, ${gzipBytesMax} are allowed`);
  if (bytes > gzipBytesMax) process.exit(1);
}

function staleOf(files, into) {
  return [...files].flatMap(([file, content]) => {
    const path = join(here, into, file);
    const same = existsSync(path) && readFileSync(path, "utf8").replaceAll("\r\n", "\n") === content;
    return same ? [] : [`${into}/${file}`];
  });
}

const stale = [];
for (const page of PAGES) {
  const files = await built(page);
  weigh(files, page);
  if (process.argv[2] === "check") {
    stale.push(...staleOf(files, page.into));
    continue;
  }
  mkdirSync(join(here, page.into), { recursive: true });
  for (const [file, content] of files) writeFileSync(join(here, page.into, file), content);
}
for (const path of stale) console.error(`${path} is stale: run scripts/console build`);
process.exit(stale.length > 0 ? 1 : 0);
