/** `causeway diagram`: the pictures. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../kernel/assert.ts";
import { svg, type Theme } from "../platform/diagram/draw.ts";
import { pictures } from "../platform/diagram/pictures.ts";
import { definitionFlags, definitionHelp, flagsOf, readValid } from "./definition.ts";
import type { Command } from "./main.ts";

const help = `Usage: causeway diagram [--to DIR] [--only NAME] [flags]

Draws the platform as SVG: the architecture, the two lines, each recovery strategy.

  --to DIR              where to                          (diagrams)
  --only NAME           print that one picture to stdout: architecture, lines,
                        backup-restore, pilot-light, warm-standby, active-active
  --theme T             light, dark, or auto = the reader's own   (auto)
${definitionHelp}
  --json                print the written files as one JSON document`;

const themes: readonly string[] = ["auto", "light", "dark"] satisfies Theme[];

export const diagram = {
  summary: "draw the platform, its lines and the recovery strategies",
  async run(args) {
    const flags = flagsOf("diagram", args, {
      ...definitionFlags,
      to: { type: "string", default: "diagrams" },
      only: { type: "string" },
      theme: { type: "string", default: "auto" },
    });
    if (flags.help) {
      console.log(help);
      return 0;
    }
    if (!themes.includes(flags.theme)) throw new UserError("USAGE", `There is no theme "${flags.theme}".`, "causeway diagram --theme dark");
    const theme = flags.theme as Theme;
    const drawn = pictures((await readValid(flags)).definition);
    if (flags.only) {
      const picture = drawn[flags.only];
      if (!picture) throw new UserError("USAGE", `There is no picture "${flags.only}".`, `one of: ${Object.keys(drawn).join(", ")}`);
      process.stdout.write(svg(picture, theme));
      return 0;
    }
    mkdirSync(flags.to, { recursive: true });
    const files = Object.entries(drawn).map(([name, picture]) => {
      const file = join(flags.to, `${name}.svg`);
      writeFileSync(file, svg(picture, theme));
      return file;
    });
    if (flags.json) console.log(JSON.stringify({ schemaVersion: 1, files }, undefined, 2));
    else for (const file of files) console.log(file);
    return 0;
  },
} satisfies Command;
