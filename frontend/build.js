// Builds the editor into the package's static files and notes its hash and its parts in the manifest beside it.
// The versions in package-lock.json, esbuild's included, decide every byte of it.

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const vendor = process.argv[2] ?? join(here, "../eventmail/static/vendor");

const { outputFiles } = await build({
  absWorkingDir: here,
  entryPoints: ["src/editor.js"],
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  write: false,
});
const script = outputFiles[0].contents;
writeFileSync(join(vendor, "editor/editor.min.js"), script);

const { dependencies } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
const manifestFile = join(vendor, "manifest.json");
const manifest = JSON.parse(readFileSync(manifestFile, "utf8"));
manifest["editor/editor.min.js"] = {
  sha256: createHash("sha256").update(script).digest("hex"),
  license: "MIT",
  source: `frontend/, with npm ${Object.entries(dependencies).map(([name, version]) => `${name} ${version}`).join(", ")}`,
};
writeFileSync(manifestFile, `${JSON.stringify(manifest, null, 2)}\n`);
