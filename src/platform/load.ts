/** Finds and runs the user's `platform.ts`: bundled by esbuild, with `causeway` and the CDK being this program's own copies. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire, isBuiltin, SourceMap } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { BuildFailure, Plugin } from "esbuild";
import { UserError } from "../kernel/assert.ts";
import type { Place } from "./finding.ts";
import { locator } from "./locate.ts";

export type Loaded = {
  /** The default export, as it was written; for `parse`. */
  input: unknown;
  locate: (path: readonly (string | number)[]) => Place;
};

const fileNames = ["platform.ts", "platform.config.ts"];

/** The nearest definition: in this folder or in one above. */
export function findPlatform(from: string): string {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const found = fileNames.map((name) => join(folder, name)).find((path) => existsSync(path));
    if (found) return found;
    if (folder === dirname(folder)) break;
  }
  throw new UserError("PLATFORM_MISSING", `There is no platform.ts in ${from} or above.`, "causeway init");
}

export async function load(file: string): Promise<Loaded> {
  const path = resolve(file);
  if (!existsSync(path)) throw new UserError("PLATFORM_MISSING", `There is no file ${file}.`, `causeway init ${dirname(file)}`);
  const locate = locator(file, readFileSync(path, "utf8"));
  const folder = mkdtempSync(join(tmpdir(), "causeway-"));
  try {
    const bundle = join(folder, "platform.mjs");
    await bundled(path, bundle, file);
    const module = await run(bundle, file);
    if (!("default" in module)) {
      throw new UserError("PLATFORM_EXPORT", `${file} has no default export.`, "export default definePlatform({ … })");
    }
    return { input: module.default, locate };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function bundled(entry: string, outfile: string, shown: string): Promise<void> {
  const esbuild = await import("esbuild");
  const here = { "import.meta.url": pathToFileURL(entry).href, "import.meta.filename": entry, "import.meta.dirname": dirname(entry) };
  try {
    await esbuild.build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20",
      sourcemap: "linked",
      logLevel: "silent",
      // The bundle runs elsewhere; files beside the definition are still found beside it.
      define: Object.fromEntries(Object.entries(here).map(([name, value]) => [name, JSON.stringify(value)])),
      plugins: [packages],
    });
  } catch (error) {
    const [first] = (error as Partial<BuildFailure>).errors ?? [];
    if (!first) throw error;
    const where = first.location
      ? `${relative(process.cwd(), first.location.file)}:${first.location.line}:${first.location.column + 1}`
      : shown;
    throw new UserError("PLATFORM_SYNTAX", `${where}: ${first.text}`, "correct the line, or install what it imports");
  }
}

/** This program's own copies: the CDK's classes must be the very ones that synthesis uses. */
const ours = /^(aws-cdk-lib|constructs)(\/|$)/;

/** Packages stay where they are and are imported from there; `causeway` is small and is bundled. */
const packages: Plugin = {
  name: "packages",
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, async ({ path, resolveDir, kind, pluginData }) => {
      if (pluginData === packages || kind === "entry-point" || isBuiltin(path) || /^[A-Za-z]:[\\/]/.test(path)) return undefined;
      if (path === "causeway") return { path: publicApi() };
      if (ours.test(path)) return { path: pathToFileURL(createRequire(import.meta.url).resolve(path)).href, external: true };
      const found = await build.resolve(path, { resolveDir, kind, pluginData: packages });
      // Source and JSON need esbuild; what is found nowhere gets esbuild's complaint.
      if (found.errors.length > 0 || found.external || !/\.[cm]?js$/.test(found.path)) return found;
      return { path: pathToFileURL(found.path).href, external: true };
    });
  },
};

/** `src/index.ts` when this is the source, `index.js` beside this chunk when it is what was built. */
function publicApi(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  return [join(here, "index.js"), join(here, "..", "index.ts")].find((path) => existsSync(path)) ?? "causeway";
}

async function run(bundle: string, file: string): Promise<Record<string, unknown>> {
  try {
    return (await import(/* @vite-ignore */ pathToFileURL(bundle).href)) as Record<string, unknown>;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UserError(
      "PLATFORM_THROWS",
      `${thrownAt(error, bundle, file) ?? file}: ${message}`,
      "correct what the line does; it ran while the definition was read",
    );
  }
}

/** The first line of the user's in a stack: mapped back from the bundle, unless the runtime has done so. */
function thrownAt(error: unknown, bundle: string, file: string): string | undefined {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  for (const [, path = "", line, column] of stack.matchAll(/^ +at .*?((?:file:\/\/)?\/[^\s()]*):(\d+):(\d+)\)?$/gm)) {
    const at = path.startsWith("file:") ? fileURLToPath(path) : path;
    if (at === bundle) return mapped(bundle, Number(line), Number(column));
    if (at.startsWith(dirname(resolve(file)))) return `${relative(process.cwd(), at)}:${line}:${column}`;
  }
  return undefined;
}

function mapped(bundle: string, line: number, column: number): string | undefined {
  const map = new SourceMap(JSON.parse(readFileSync(`${bundle}.map`, "utf8")) as ConstructorParameters<typeof SourceMap>[0]);
  const entry = map.findEntry(line - 1, column - 1);
  if (!("originalSource" in entry)) return undefined;
  return `${relative(process.cwd(), resolve(dirname(bundle), entry.originalSource))}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
}
