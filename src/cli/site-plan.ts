/** `causeway site plan`: what CloudFormation cannot make. */
import { steps } from "../site/plan.ts";
import type { Step } from "../site/steps/step.ts";
import { colours, type Colours } from "./colours.ts";
import { definitionFlags, definitionHelp, flagsOf, readValid } from "./definition.ts";
import type { Command } from "./main.ts";

const help = `Usage: causeway site plan [flags]

Prints, in order, what CloudFormation cannot make and people or the AWS CLI must: ports, credentials,
activations, subscriptions. Each step says how to see that it is done, so it may be taken again.

  --confirm-order       show the commands of steps that order something that is billed
${definitionHelp}
  --json                print the steps as one JSON document`;

export const sitePlan = {
  summary: "print what CloudFormation cannot make",
  async run(args) {
    const flags = flagsOf("site plan", args, { ...definitionFlags, "confirm-order": { type: "boolean", default: false } });
    if (flags.help) {
      console.log(help);
      return 0;
    }
    const { definition } = await readValid(flags);
    const shown = steps(definition).map((step) => (step.confirm && !flags[step.confirm] ? { ...step, do: [] } : step));
    if (flags.json) console.log(JSON.stringify({ schemaVersion: 1, steps: shown }, undefined, 2));
    else console.log(printed(shown, colours(process.stdout)));
    return 0;
  },
} satisfies Command;

export function printed(all: readonly Step[], paint: Colours): string {
  const people = all.filter(({ who }) => who === "person").length;
  const each = all.map((step, at) => described(step, at + 1, paint)).join("\n\n");
  return `${each}\n\n${all.length} steps, ${people} of them for people.`;
}

function described(step: Step, number: number, { bold, grey, yellow }: Colours): string {
  const lines = [
    `${bold(`${number}. ${step.title}`)}  ${grey(`[${step.id}]${step.who === "person" ? " a person" : ""}`)}`,
    `   why:   ${step.why}`,
    step.when && `   when:  ${step.when}`,
    step.takes && `   takes: ${step.takes}`,
    step.costs && yellow(`   costs: ${step.costs}`),
    `   done:  ${step.check.done}`,
    grey(`     ${step.check.command}`),
    ...(step.do.length ? ["   do:", ...step.do.map((each) => `     ${each}`)] : [yellow(`   do:    shown with --${step.confirm}`)]),
  ];
  return lines.filter((line) => line !== undefined && line !== "").join("\n");
}
