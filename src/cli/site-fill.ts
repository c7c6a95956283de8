/** `causeway site fill`: the data centre's configuration with the secrets and addresses that AWS knows, ready to install. */
import { relative, resolve } from "node:path";
import { fill, placeholders } from "../site/placeholder.ts";
import { render } from "../site/render.ts";
import { definitionFlags, definitionHelp, flagsOf, readValid } from "./definition.ts";
import type { Command } from "./main.ts";
import { noSite, write } from "./site-files.ts";
import { values } from "./site-values.ts";

const help = `Usage: causeway site fill --to DIR [flags]

Renders the data centre's configuration and puts in what AWS knows: keys from Secrets Manager,
addresses of VPN tunnels and DNS endpoints. Uses the credentials of your environment. What it writes
is secret: install it, then remove it. A file whose values are not all there is left out and named.

  --to DIR              where to
${definitionHelp}
  --json                print what was written and what was left out as one JSON document`;

export const siteFill = {
  summary: "write the data centre's configuration with its secrets",
  async run(args) {
    const flags = flagsOf("site fill", args, { ...definitionFlags, to: { type: "string", default: "site" } });
    if (flags.help) {
      console.log(help);
      return 0;
    }
    const { definition, file } = await readValid(flags);
    if (!definition.site) throw noSite(file);
    const rendered = render(definition);
    const { files, missing } = fill(rendered, await values(rendered.flatMap(({ text }) => placeholders(text))));
    const directory = resolve(flags.to);
    write(directory, files);
    if (flags.json) {
      console.log(
        JSON.stringify({ schemaVersion: 1, directory, files: files.map(({ path, mode }) => ({ path, mode })), missing }, undefined, 2),
      );
      return missing.length ? 1 : 0;
    }
    console.error(`${file} → ${relative(process.cwd(), directory) || "."}: ${files.length} files, secrets among them`);
    for (const { path, values } of missing) console.error(`left out: ${path}\n  lacks ${values.join(", ")}`);
    return missing.length ? 1 : 0;
  },
} satisfies Command;
