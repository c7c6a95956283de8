/** Everything that can be said of a valid definition before anything is deployed: synthesized once, looked at by all checks. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Definition } from "../platform/definition.ts";
import type { Finding } from "../platform/finding.ts";
import { assemble } from "../stacks/assemble.ts";
import type { Assembly } from "../stacks/assembly.ts";
import { places } from "../stacks/place.ts";
import type { Check, Subject } from "./check.ts";
import { checks } from "./list.ts";
import { model } from "./model.ts";
import { acknowledgements, nag, type Acknowledged } from "./nag.ts";
import { validate } from "./validate.ts";

export type Examined = { assembly: Assembly; findings: Finding[]; acknowledged: number };

/** `progress` hears what is being done. */
export function examine(definition: Definition, progress: (doing: string) => void = () => undefined): Examined {
  const directory = mkdtempSync(join(tmpdir(), "causeway-check-"));
  try {
    const findings: Finding[] = [];
    let acknowledged: Acknowledged = new Map();
    progress("synthesizing");
    const assembly = assemble(definition, {
      directory,
      prepare: (app) => {
        progress("AwsSolutions rules");
        acknowledged = acknowledgements(app);
        findings.push(...nag(app, acknowledged));
      },
    });
    progress("CloudFormation's schemas and rules");
    findings.push(...validate(assembly.stacks, directory, acknowledged));
    progress("resilience, quotas, reachability, recovery path, objectives");
    const subject = { definition, places: places(definition), assembly, model: model(assembly) };
    findings.push(...checks.flatMap((check) => folded(apply(check, subject))));
    return { assembly, findings: inOrder(findings), acknowledged: [...acknowledged.values()].reduce((sum, { size }) => sum + size, 0) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const apply = (check: Check, subject: Subject): Finding[] =>
  [...check.check(subject)].map(({ message, place = {}, severity = "error", fix = check.fix }) => ({
    code: check.id,
    severity,
    message,
    why: check.why,
    fix,
    place,
  }));

/** One resource that is wrong breaks many paths: the first of them is told, the others are counted. */
function folded(findings: Finding[]): Finding[] {
  const alike = new Map<string, Finding[]>();
  for (const [at, finding] of findings.entries()) {
    const { stack, resource } = finding.place;
    const key = resource === undefined ? String(at) : `${stack}/${resource} ${finding.severity}`;
    alike.set(key, [...(alike.get(key) ?? []), finding]);
  }
  return [...alike.values()].map(([first, ...others]) => ({
    ...first!,
    message: others.length ? `${first!.message} (and ${others.length} more for the same reason)` : first!.message,
  }));
}

/** Errors first, then by code and place: the same findings are the same text. */
function inOrder(findings: Finding[]): Finding[] {
  const key = ({ severity, code, place, message }: Finding) =>
    [severity, code, place.stack ?? "", place.resource ?? "", message].join("\n");
  return findings.toSorted((one, other) => (key(one) < key(other) ? -1 : 1));
}
