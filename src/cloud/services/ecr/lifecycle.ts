/** Which images a lifecycle policy expires. https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html */
import { days, plus, type Instant } from "../../../kernel/units.ts";
import { AwsError } from "../../service.ts";
import { like } from "../iam/patterns.ts";

type Rule = {
  rulePriority: number;
  selection: {
    tagStatus: "tagged" | "untagged" | "any";
    tagPrefixList?: string[];
    tagPatternList?: string[];
    countType: "imageCountMoreThan" | "sinceImagePushed";
    countUnit?: string;
    countNumber: number;
  };
};

export type Aging = { digest: string; tags: ReadonlySet<string>; pushed: Date };

const refused = (why: string) =>
  new AwsError(
    "InvalidParameterException",
    `Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure:\n${why}\n'`,
  );

const LENGTH_MAX = 30_720; // docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutLifecyclePolicy.html
const WILDCARDS_MAX = 4; // the page above

/** The rules, those of the lowest number first. */
export function rulesOf(text: string): Rule[] {
  if (text.length > LENGTH_MAX) throw refused(`string is too long (length: ${text.length}, maximum allowed: ${LENGTH_MAX})`);
  let policy: { rules?: unknown } | undefined;
  try {
    policy = JSON.parse(text) as typeof policy;
  } catch {
    throw refused("the policy is not valid JSON");
  }
  if (!Array.isArray(policy?.rules) || policy.rules.length === 0) throw refused("object has missing required properties (['rules'])");
  const rules = (policy.rules as unknown[]).map(rule).sort((a, b) => a.rulePriority - b.rulePriority);
  const priorities = new Set(rules.map(({ rulePriority }) => rulePriority));
  if (priorities.size < rules.length) throw refused("array must not contain duplicate rulePriority values");
  if (rules.slice(0, -1).some(({ selection }) => selection.tagStatus === "any"))
    throw refused("A rule with tagStatus 'any' must have the highest value for rulePriority and be evaluated last");
  return rules;
}

function rule(given: unknown): Rule {
  const { rulePriority, selection, action } = (given ?? {}) as Partial<Rule> & { action?: { type?: string } };
  if (!Number.isInteger(rulePriority) || Number(rulePriority) < 1) throw refused("rulePriority must be a positive integer");
  const {
    tagStatus,
    tagPrefixList = [],
    tagPatternList = [],
    countType,
    countUnit,
    countNumber,
  } = selection ?? ({} as Partial<Rule["selection"]>);
  if (action?.type === "transition" || String(countType) === "sinceImagePulled")
    throw new AwsError("NotImplemented", "Causeway does not emulate lifecycle rules that archive images.", 501);
  if (action?.type !== "expire") throw refused(`instance value ("${action?.type}") not found in enum (possible values: ["expire"])`);
  if (tagStatus !== "tagged" && tagStatus !== "untagged" && tagStatus !== "any")
    throw refused(`instance value ("${tagStatus}") not found in enum (possible values: ["any","tagged","untagged"])`);
  if ((tagStatus === "tagged") !== tagPrefixList.length + tagPatternList.length > 0)
    throw refused("tagPrefixList or tagPatternList goes with tagStatus 'tagged' and with no other");
  if (tagPatternList.some((each) => each.split("*").length > WILDCARDS_MAX + 1))
    throw refused(`A pattern has at most ${WILDCARDS_MAX} wildcards`);
  if (countType !== "imageCountMoreThan" && countType !== "sinceImagePushed")
    throw refused(`instance value ("${String(countType)}") not found in enum (possible values: ["imageCountMoreThan","sinceImagePushed"])`);
  if ((countType === "sinceImagePushed") !== (countUnit === "days"))
    throw refused("countUnit 'days' goes with countType 'sinceImagePushed'");
  if (!Number.isInteger(countNumber) || Number(countNumber) < 1) throw refused("countNumber must be a positive integer");
  return given as Rule;
}

/**
 * When each image falls to a rule; now or before = it has. An image that fits a rule's tags belongs to it, whatever the rule makes of it,
 * and still counts for the rules after it.
 */
export function falls<Image extends Aging>(
  rules: readonly Rule[],
  images: readonly Image[],
  now: Instant,
): { image: Image; at: Instant }[] {
  const claimed = new Set<Image>();
  const found: { image: Image; at: Instant }[] = [];
  const newest = [...images].sort((a, b) => b.pushed.getTime() - a.pushed.getTime());
  for (const { selection } of rules) {
    const fitting = newest.filter((image) => selects(selection, image));
    fitting.forEach((image, index) => {
      if (claimed.has(image)) return;
      claimed.add(image);
      if (selection.countType === "sinceImagePushed")
        found.push({ image, at: plus(image.pushed.getTime() as Instant, days(selection.countNumber)) });
      else if (index >= selection.countNumber) found.push({ image, at: now });
    });
  }
  return found;
}

/** Each prefix and each pattern must be met by some tag. */
function selects({ tagStatus, tagPrefixList = [], tagPatternList = [] }: Rule["selection"], { tags }: Aging): boolean {
  if (tagStatus !== "tagged") return tagStatus === "any" || tags.size === 0;
  const all = [...tags];
  return (
    tags.size > 0 &&
    tagPrefixList.every((prefix) => all.some((tag) => tag.startsWith(prefix))) &&
    tagPatternList.every((pattern) => all.some((tag) => like(pattern, tag)))
  );
}
