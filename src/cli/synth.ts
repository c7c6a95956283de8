/** `causeway synth`: the templates of both regions. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { UserError } from "../kernel/assert.ts";
import { assemble } from "../stacks/assemble.ts";
import type { Assembly } from "../stacks/assembly.ts";
import { definitionFlags, definitionHelp, flagsOf, readValid } from "./definition.ts";
import type { Command } from "./main.ts";

const help = `Usage: causeway synth --to DIR [flags]

Writes the CloudFormation templates of both regions, a cloud assembly that the CDK's tools read,
and causeway.json: which stack goes where, in which order, and what one region hands to the other.

  --to DIR              where to                          (causeway.out)
${definitionHelp}
  --json                print causeway.json as well`;

export const synth = {
  summary: "write the CloudFormation templates of both regions",
  async run(args) {
    const flags = flagsOf("synth", args, { ...definitionFlags, to: { type: "string", default: "causeway.out" } });
    if (flags.help) {
      console.log(help);
      return 0;
    }
    const { definition, file } = await readValid(flags);
    const directory = resolve(flags.to);
    clear(directory);
    const assembly = assemble(definition, { directory });
    const manifest = manifestOf(assembly);
    writeFileSync(join(directory, manifestName), `${JSON.stringify(manifest, undefined, 2)}\n`);
    if (flags.json) console.log(JSON.stringify(manifest, undefined, 2));
    else console.error(summary(assembly, file, relative(process.cwd(), directory) || "."));
    return 0;
  },
} satisfies Command;

const manifestName = "causeway.json";

/** Only a folder that an earlier synthesis wrote, or an empty one, is overwritten. */
function clear(directory: string): void {
  mkdirSync(directory, { recursive: true });
  const entries = readdirSync(directory);
  if (entries.length > 0 && !entries.includes(manifestName) && !entries.includes("cdk.out")) {
    throw new UserError("SYNTH_TO", `${directory} holds other files.`, "causeway synth --to a-new-folder");
  }
  for (const entry of entries) rmSync(join(directory, entry), { recursive: true });
}

/** What deploying needs to know, without the templates. */
export const manifestOf = ({ stacks, handovers }: Assembly) => ({
  schemaVersion: 1,
  stacks: stacks.map(({ template, ...stack }) => ({
    ...stack,
    template: `${stack.id}.template.json`,
    resources: Object.keys(template.Resources).length,
  })),
  handovers,
});

function summary({ stacks }: Assembly, file: string, directory: string): string {
  const regions = [...new Set(stacks.map(({ region }) => region))];
  const lines = regions.map((region) => {
    const own = stacks.filter((each) => each.region === region);
    const resources = own.reduce((sum, { template }) => sum + Object.keys(template.Resources).length, 0);
    const waiting = own.filter(({ when }) => when === "recovery").length;
    return `  ${region.padEnd(16)} ${String(own.length).padStart(2)} stacks, ${resources} resources${waiting ? ` (${waiting} wait for the recovery)` : ""}`;
  });
  return `${file} → ${directory}\n${lines.join("\n")}`;
}
