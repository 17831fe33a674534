// Copies the few files of the browser libraries that the page loads from node_modules/ to static/vendor/, each library's licence
// beside them, and writes static/vendor/importmap.json, which the page's template inlines. Nothing is bundled or rewritten,
// except that pointers to source maps, which are not served, are dropped.

import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const modules = join(root, "node_modules");
const vendor = join(root, "static", "vendor");

/** What `import ... from "name"` means in the page: the name, the library's file, the name under which we serve it. */
const imports = [
  ["preact", "preact/dist/preact.mjs", "preact.module.js"],
  ["preact/hooks", "preact/hooks/dist/hooks.mjs", "hooks.module.js"],
  ["htm", "htm/dist/htm.module.js", "htm.module.js"],
  ["socket.io-client", "socket.io-client/dist/socket.io.esm.min.js", "socket.io.esm.min.js"],
];

/** Files that a style sheet or the template names itself. */
const assets = [
  ["@fontsource-variable/inter/files/inter-latin-wght-normal.woff2", "inter.woff2"],
];

function copyScript(from, to) {
  const source = readFileSync(join(modules, from), "utf8");
  writeFileSync(join(vendor, to), source.replace(/^\/\/# sourceMappingURL=.*$/m, "").trimEnd() + "\n");
}

/** The lockfile's packages that are not only for development: "node_modules/preact" and so on. */
function shippedPackages() {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  return Object.entries(packages)
    .filter(([path, { dev }]) => path !== "" && !dev)
    .map(([path]) => path);
}

function copyLicences() {
  mkdirSync(join(vendor, "licenses"));
  for (const path of shippedPackages()) {
    const folder = join(root, path);
    if (!existsSync(folder)) continue; // optional, and not for this machine
    const licence = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
    if (!licence) throw new Error(`${path} has no licence file`);
    const name = path.slice("node_modules/".length).replaceAll("/", "-");
    copyFileSync(join(folder, licence), join(vendor, "licenses", `${name}.txt`));
  }
}

rmSync(vendor, { recursive: true, force: true });
mkdirSync(vendor, { recursive: true });
for (const [, from, to] of imports) copyScript(from, to);
for (const [from, to] of assets) copyFileSync(join(modules, from), join(vendor, to));
copyLicences();
const importmap = { imports: Object.fromEntries(imports.map(([name, , to]) => [name, `/static/vendor/${to}`])) };
writeFileSync(join(vendor, "importmap.json"), JSON.stringify(importmap, null, 2) + "\n");
console.log(`static/vendor: ${imports.length + assets.length} files, ${shippedPackages().length} licences`);
