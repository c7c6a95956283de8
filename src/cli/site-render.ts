/** `causeway site render`: the data centre's configuration, without secrets. */
import { relative, resolve } from "node:path";
import { render } from "../site/render.ts";
import { definitionFlags, definitionHelp, flagsOf, readValid } from "./definition.ts";
import type { Command } from "./main.ts";
import { noSite, write } from "./site-files.ts";

const help = `Usage: causeway site render --to DIR [flags]

Writes the configuration of routers, container hosts and DNS servers, and a README that says
what goes where. Nothing in it is secret; causeway site fill puts the secrets in.

  --to DIR              where to                          (site)
${definitionHelp}
  --json                print the files as one JSON document instead of writing them`;

export const siteRender = {
  summary: "write the data centre's configuration",
  async run(args) {
    const flags = flagsOf("site render", args, { ...definitionFlags, to: { type: "string", default: "site" } });
    if (flags.help) {
      console.log(help);
      return 0;
    }
    const { definition, file } = await readValid(flags);
    if (!definition.site) throw noSite(file);
    const files = render(definition);
    if (flags.json) {
      console.log(JSON.stringify({ schemaVersion: 1, files }, undefined, 2));
      return 0;
    }
    const directory = resolve(flags.to);
    write(directory, files);
    const shown = relative(process.cwd(), directory) || ".";
    console.error(`${file} → ${shown}: ${files.length} files; ${shown}/README.md says what goes where`);
    return 0;
  },
} satisfies Command;
