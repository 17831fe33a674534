// What scripts/vendor.mjs promises the page: every bare import of static/js is in the import map, and its file exists, complete, with
// its licence and without a pointer to a source map that nobody serves.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const vendor = join(root, "static", "vendor");
const { imports } = JSON.parse(readFileSync(join(vendor, "importmap.json"), "utf8"));

/** The names that a module imports or exports from; a comment's `import("x")` types are left out. */
function importsOf(source) {
  const code = source.replace(/\/\*.*?\*\/|^\s*\/\/.*?$/gms, "");
  return [...code.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)["']([^"'\n]+)["']/g)].map(([, name]) => name);
}

function scriptsIn(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".js"))
    .map((name) => join(folder, name));
}

test("every bare import of the page is in the import map", () => {
  const scripts = scriptsIn(join(root, "static", "js"));
  assert.ok(scripts.length > 0);
  for (const script of scripts) {
    for (const name of importsOf(readFileSync(script, "utf8"))) {
      if (!name.startsWith(".")) assert.ok(name in imports, `${script} imports ${name}`);
    }
  }
});

test("every import of a library leads to a file that is served", () => {
  for (const [name, path] of Object.entries(imports)) {
    const file = join(root, path);
    assert.ok(existsSync(file), `${name}: ${path}`);
    const source = readFileSync(file, "utf8");
    assert.doesNotMatch(source, /sourceMappingURL/);
    for (const inner of importsOf(source)) assert.ok(inner in imports, `${name} needs ${inner}`);
  }
});

test("the libraries do in node what the page asks of them", async () => {
  const load = (name) => import(join(root, imports[name]));
  const { default: htm } = await load("htm");
  const html = htm.bind((type, props, ...children) => ({ type, props, children }));
  assert.deepEqual(html`<b title="t">${1}</b>`, { type: "b", props: { title: "t" }, children: [1] });
  const preact = await load("preact");
  assert.equal(typeof preact.render, "function");
});

test("the type face and the style sheet are there, and every library brings its licence", () => {
  assert.ok(existsSync(join(vendor, "inter.woff2")));
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  for (const name of Object.keys(dependencies)) {
    assert.ok(existsSync(join(vendor, "licenses", `${name.replaceAll("/", "-")}.txt`)), name);
  }
});
