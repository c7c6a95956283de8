/** cdk-nag's AwsSolutions rules over the constructs, and what was acknowledged beside them with a reason. */
import { Validations, type App } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import type { Finding } from "../platform/finding.ts";

/** Construct path → ids of rules that are meant to be broken there. */
export type Acknowledged = Map<string, Set<string>>;

export function acknowledgements(app: App): Acknowledged {
  const found: Acknowledged = new Map();
  for (const construct of app.node.findAll()) {
    const ids = construct.node.metadata
      .filter(({ type, data }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY && data)
      .flatMap(({ data }) => Object.keys(data as object).map((id) => id.replace(/^.*::/, "")));
    if (ids.length) found.set(construct.node.path, new Set(ids));
  }
  return found;
}

export function nag(app: App, acknowledged: Acknowledged): Finding[] {
  const { violations } = new AwsSolutionsChecks(app).validateScope(app);
  return violations.flatMap(({ ruleName, description, severity, violatingResources }) =>
    violatingResources.flatMap(({ constructPath = "" }): Finding[] => {
      // `AwsSolutions-IAM5[Action::s3:*]`: one acknowledgement with its reason stands for all of the rule's findings on the resource.
      const [rule = ruleName] = ruleName.split("[");
      if (acknowledged.get(constructPath)?.has(rule)) return [];
      const [stack, ...resource] = constructPath.split("/");
      return [
        {
          code: rule,
          severity: severity === "error" ? "error" : "warning",
          message: ruleName === rule ? description : `${description} ${ruleName.slice(rule.length)}`,
          why: "AWS's Well-Architected Framework asks for it: github.com/cdklabs/cdk-nag/blob/main/RULES.md#awssolutions",
          fix: `change the resource, or acknowledge ${rule} beside it with a reason`,
          place: { stack, resource: resource.join("/") },
        },
      ];
    }),
  );
}
