/** Writes what was rendered for the data centre, and takes away what an earlier rendering left. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../kernel/assert.ts";
import type { SiteFile } from "../site/file.ts";

/** Names every file that was written: what of them is no longer rendered goes, and nothing else is touched. */
const manifest = ".causeway-site.json";

export function write(directory: string, files: readonly SiteFile[]): void {
  const paths = files.map(({ path }) => path);
  for (const path of earlier(directory)) if (!paths.includes(path)) rmSync(join(directory, path), { force: true });
  for (const { path, text, mode = 0o644 } of files) {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    // A file that will hold a key is never readable by others, not even for a moment.
    writeFileSync(file, text, { mode });
    chmodSync(file, mode);
  }
  writeFileSync(join(directory, manifest), `${JSON.stringify(paths, undefined, 2)}\n`);
}

function earlier(directory: string): string[] {
  if (!existsSync(directory)) return [];
  const file = join(directory, manifest);
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as string[];
  if (readdirSync(directory).length > 0)
    throw new UserError("SITE_TO", `${directory} holds other files.`, "causeway site render --to a-new-folder");
  return [];
}

/** A definition without a data centre has none to configure. */
export const noSite = (file: string): UserError =>
  new UserError("SITE_NONE", `${file} has no site.`, "add site: { cidrs: […], routers: […] } to the definition");
