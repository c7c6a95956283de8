/** AWS's own validator of templates (cloudformation-validate): schemas, references, lint rules; offline. */
import { join } from "node:path";
import { CelEngine, TemplateFile } from "@aws/cloudformation-validate";
import type { Finding } from "../platform/finding.ts";
import type { SynthesizedStack } from "../stacks/assembly.ts";
import type { Acknowledged } from "./nag.ts";

/** Rules that do not fit these templates, and why. */
const unfit: Record<string, string> = {
  W9002: "Roles have fixed names and are named by ARN: they are made beforehand, in a stack of their own, so that recovery makes none.",
};

/** This engine takes a listener whose certificate is another stack's for one that has none. */
const hasCertificate = ({ template }: SynthesizedStack, id = ""): boolean =>
  template.Resources[id]?.Properties?.["Certificates"]?.length > 0;

/** With its quicker engine: the other takes three times as long for the same findings. `directory` is where the cloud assembly was written. */
export function validate(stacks: readonly SynthesizedStack[], directory: string, acknowledged: Acknowledged): Finding[] {
  const engine = new CelEngine();
  try {
    return stacks.flatMap((stack) => {
      const file = new TemplateFile(join(directory, `${stack.id}.template.json`));
      const { diagnostics } = engine.validateStandard(file, {
        pseudoParameterOverrides: { accountId: "123456789012", region: stack.region },
      });
      return diagnostics
        .filter(({ severity, ruleId }) => severity !== "INFO" && severity !== "DEBUG" && !(ruleId in unfit))
        .filter(({ ruleId, entity }) => !acknowledged.get(`${stack.id}/${entity?.logicalId}`)?.has(ruleId))
        .filter(({ ruleId, entity }) => !(ruleId === "E3676" && hasCertificate(stack, entity?.logicalId)))
        .map(({ ruleId, severity, message, entity, suggestedFix }): Finding => ({
          code: ruleId,
          severity: severity === "WARN" ? "warning" : "error",
          message,
          why: "CloudFormation would refuse the template, or the resource would not do what it says.",
          fix: suggestedFix ?? "correct the property, or the override that sets it",
          place: { stack: stack.id, resource: entity?.logicalId },
        }));
    });
  } finally {
    engine.free();
  }
}
