/** `causeway eject`: a plain CDK app that no longer needs Causeway. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { UserError } from "../kernel/assert.ts";
import { assemble } from "../stacks/assemble.ts";
import type { Assembly } from "../stacks/assembly.ts";
import { definitionFlags, definitionHelp, flagsOf, readValid } from "./definition.ts";
import type { Command } from "./main.ts";
import manifest from "../../package.json" with { type: "json" };

const help = `Usage: causeway eject --to DIR [flags]

Writes a plain CDK app: the templates as they are, an app that includes each as a stack of the same name with the same logical ids
(so deploying it changes nothing), package.json and cdk.json. From there on it is yours.

  --to DIR              an empty or new folder
${definitionHelp}`;

export const eject = {
  summary: "write a plain CDK app that no longer needs Causeway",
  async run(args) {
    const flags = flagsOf("eject", args, { ...definitionFlags, to: { type: "string" } });
    if (flags.help) {
      console.log(help);
      return 0;
    }
    if (!flags.to) throw new UserError("USAGE", "Where to?", "causeway eject --to my-cdk-app");
    const directory = resolve(flags.to);
    mkdirSync(join(directory, "templates"), { recursive: true });
    if (readdirSync(directory).some((entry) => entry !== "templates") || readdirSync(join(directory, "templates")).length > 0) {
      throw new UserError("EJECT_TO", `${directory} is not empty.`, "causeway eject --to a-new-folder");
    }
    const { definition } = await readValid(flags);
    const files = ejected(definition.name, assemble(definition));
    for (const [path, text] of Object.entries(files)) writeFileSync(join(directory, path), text);
    if (flags.json) console.log(JSON.stringify({ schemaVersion: 1, directory, files: Object.keys(files) }, undefined, 2));
    else console.error(`${Object.keys(files).length} files in ${directory}\nnext: cd ${flags.to} && npm install && npx cdk diff`);
    return 0;
  },
} satisfies Command;

/** Path → text. */
export function ejected(name: string, { stacks, handovers }: Assembly): Record<string, string> {
  const json = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;
  return {
    ...Object.fromEntries(stacks.map(({ id, template }) => [`templates/${id}.json`, json(template)])),
    "package.json": json({
      name: `${name}-platform`,
      private: true,
      type: "module",
      // The versions that the templates were made and tested with.
      dependencies: { "aws-cdk-lib": manifest.dependencies["aws-cdk-lib"], constructs: manifest.dependencies.constructs },
      devDependencies: { "aws-cdk": manifest.devDependencies["aws-cdk"] },
    }),
    "cdk.json": json({ app: "node app.mjs" }),
    "app.mjs": app(stacks),
    "README.md": readme(name, stacks, handovers),
  };
}

const app = (
  stacks: Assembly["stacks"],
) => `// Each template becomes a stack of its own; \`getResource("LogicalId")\` of an include gives a construct to change.
import { App, DefaultStackSynthesizer, Stack } from "aws-cdk-lib";
import { CfnInclude } from "aws-cdk-lib/cloudformation-include";

const app = new App({ analyticsReporting: false });
const stacks = {};

function include(id, stackName, region, after) {
  const stack = new Stack(app, id, {
    stackName,
    env: { region },
    analyticsReporting: false,
    synthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }),
  });
  stacks[id] = { stack, template: new CfnInclude(stack, "Template", { templateFile: \`templates/\${id}.json\` }) };
  for (const each of after) stack.addDependency(stacks[each].stack);
}

${stacks.map(({ id, name, region, dependsOn }) => `include(${[id, name, region, dependsOn].map((each) => JSON.stringify(each)).join(", ")});`).join("\n")}
`;

const readme = (name: string, stacks: Assembly["stacks"], handovers: Assembly["handovers"]) => `# ${name}

A plain CDK app of ${stacks.length} stacks. \`npm install\`, then \`npx cdk diff\` and \`npx cdk deploy STACK\`, in the order of app.mjs.
${
  handovers.length
    ? `
Between the regions these values are handed over, each as an SSM parameter that the other region's stack reads:

${handovers.map((each) => `- output \`${each.from.output}\` of the ${each.from.role} region's ${each.from.part} stack → \`/${name}/handover/${each.name}\` in the ${each.to.role} region`).join("\n")}
`
    : ""
}${stacks.some(({ when }) => when === "recovery") ? `\nThese wait for a recovery and are not deployed before: ${stacks.flatMap(({ id, when }) => (when === "recovery" ? id : [])).join(", ")}.\n` : ""}`;
