// Builds the UI into src/otelier/ui/dist: hashed files, the page that names them, and the manifest of what may be served.
// `--tests` bundles the unit tests for node's runner instead.
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const dist = join(here, "../src/otelier/ui/dist");
const TYPES = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".html": "text/html; charset=utf-8",
};
const common = {
  absWorkingDir: here,
  bundle: true,
  format: "esm",
  jsx: "automatic",
  jsxImportSource: "preact",
  target: "es2024",
};

if (process.argv.includes("--tests")) await buildTests();
else await buildPages();

async function buildTests() {
  await rm(join(here, "build/test"), { recursive: true, force: true });
  const entryPoints = readdirSync(join(here, "test"), { recursive: true })
    .filter(name => name.endsWith(".test.ts"))
    .map(name => join("test", name));
  await build({ ...common, entryPoints, outdir: "build/test", outbase: "test", platform: "node", sourcemap: "inline" });
}

async function buildPages() {
  await rm(dist, { recursive: true, force: true });
  await mkdir(dist, { recursive: true });
  const { outputFiles } = await build({
    ...common,
    entryPoints: { main: "src/main.tsx", theme: "src/theme-before-paint.ts", mark: "src/mark.svg" },
    outdir: "out",
    minify: true,
    legalComments: "none",
    loader: { ".svg": "copy" },
    define: { "process.env.NODE_ENV": '"production"' },
    write: false,
  });
  const manifest = {};
  const names = {};
  for (const { path, contents } of outputFiles) {
    const extension = extname(path);
    const stem = path.slice(path.lastIndexOf("/") + 1, -extension.length).replace(/-[A-Z0-9]{8}$/, "");
    const hash = createHash("sha256").update(contents).digest("hex").slice(0, 12);
    names[stem + extension] = `${stem}-${hash}${extension}`;
    await put(names[stem + extension], contents);
  }
  const page = await readFile(join(here, "src/index.html"), "utf8");
  await put("index.html", Buffer.from(page.replace(/\{\{(.+?)\}\}/g, (_, name) => `/static/${names[name]}`)));
  await writeFile(join(dist, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  const total = Object.values(manifest).reduce((sum, file) => sum + file.gzip_bytes, 0);
  console.log(`ui: ${(total / 1024).toFixed(1)} KiB gzipped in ${Object.keys(manifest).length} files`);

  async function put(name, contents) {
    manifest[name] = { type: TYPES[extname(name)], gzip_bytes: gzipSync(contents, { level: 9 }).length };
    await writeFile(join(dist, name), contents);
  }
}
