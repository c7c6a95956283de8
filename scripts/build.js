/** Bundles `src` into `dist`, one chunk per service, so that a start loads only what it needs. Skipped when nothing changed. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { prepare, root } from "./prepare.js";

/** Services need only a client's schemas, not the client: a tenth of the code. Clients are for `clients.ts` and what comes later. */
const schemasOnly = {
  name: "schemas-only",
  setup(build) {
    build.onResolve({ filter: /^@aws-sdk\/client-/ }, async ({ path, importer, resolveDir, pluginData }) => {
      if (pluginData === "schemas" || !/src[\\/]cloud[\\/](services|cloudformation)/.test(importer)) return undefined;
      return build.resolve(`${path}/dist-es/schemas/schemas_0.js`, { resolveDir, kind: "import-statement", pluginData: "schemas" });
    });
  },
};

/**
 * The CDK is large and comes as CommonJS whose modules load on first use. Through `require` they still do: esbuild's way of importing
 * CommonJS keeps a module's getters, while Node's own `import` runs them all.
 */
const lazilyRequired = {
  name: "lazily-required",
  setup(build) {
    const filter = /^(aws-cdk-lib|constructs|cdk-nag|@aws\/cloudformation-validate)(\/|$)/;
    build.onResolve({ filter }, ({ path, namespace }) =>
      namespace === "required" ? { path, external: true } : { path, namespace: "required" },
    );
    build.onLoad({ filter: /./, namespace: "required" }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)});`,
      resolveDir: root,
    }));
  },
};

function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else yield path;
  }
}

/** @returns {Promise<boolean>} whether it had to build */
export async function build() {
  const dist = join(root, "dist");
  const hash = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .update(readFileSync(join(root, "scripts", "build.js")));
  for (const path of [...files(join(root, "src"))].sort()) {
    if (!path.endsWith(".test.ts")) hash.update(path).update(readFileSync(path));
  }
  const want = hash.digest("hex");
  const stamp = join(dist, ".built");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === want) return false;
  const esbuild = await import("esbuild");
  rmSync(dist, { recursive: true, force: true });
  await esbuild.build({
    entryPoints: { main: join(root, "src", "cli", "main.ts"), index: join(root, "src", "index.ts") },
    outdir: dist,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    minifySyntax: true,
    minifyWhitespace: true,
    keepNames: false,
    legalComments: "none",
    external: ["@aws-cdk/aws-service-spec", "@aws-cdk/service-spec-types", "esbuild"],
    loader: { ".json": "json" },
    banner: { js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);' },
    plugins: [schemasOnly, lazilyRequired],
    logLevel: "warning",
  });
  writeFileSync(stamp, want);
  return true;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  prepare();
  const built = await build();
  console.error(built ? `Built ${statSync(join(root, "dist")).isDirectory() ? "dist" : ""}.` : "dist is up to date.");
}
