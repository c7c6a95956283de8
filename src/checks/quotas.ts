/** What the templates need against what an AWS account has: the quotas of both regions, and the limits that nobody raises. */
import type { Check, Complaint } from "./check.ts";
import { known, uncounted, type Need, type Quota } from "./quota-table.ts";
import { placeOf } from "./reach/intent.ts";
import { isJoined, isLink, isParameter, isUnknown, linked, members, named, text, type ModelResource } from "./values.ts";

const accountQuotas: Check = {
  id: "QUO001",
  title: "Both regions' quotas have room for everything at its largest",
  why: "A quota is noticed when it is reached: the recovery region's on the day of the recovery, and raising one takes hours to days. What else the account runs comes on top.",
  fix: "aws service-quotas request-service-quota-increase",
  *check({ definition, places, model }) {
    for (const { region } of places) {
      for (const { group, type } of uncounted(model, region)) {
        const message = `${named(group)} takes ${type}, of which it is not known here how many vCPUs it has.`;
        yield { message, severity: "warning", fix: "another instance type, or compare by hand", place: placeOf(group) };
      }
      for (const [code, quota] of Object.entries(known)) {
        const granted = definition.quotas[code] ?? quota.default;
        const most = quota.needs(model, region).toSorted((one, other) => other.used - one.used)[0];
        if (most && most.used > granted) yield tooMuch(region, code, quota, granted, most);
      }
    }
  },
};

function tooMuch(region: string, code: string, { service, title }: Quota, granted: number, { used, of }: Need): Complaint {
  // IAM's quotas are the account's, and live where its control plane does.
  const asked = service === "iam" ? "us-east-1" : region;
  const request = `aws service-quotas request-service-quota-increase --region ${asked} --service-code ${service} --quota-code ${code} --desired-value ${used}`;
  return {
    message: `${title} in ${region}: ${used} needed${of ? ` by ${of}` : ""}, ${granted} granted.`,
    severity: "warning",
    fix: `${request}  # once granted: quotas: { "${code}": ${used} }`,
    place: { path: ["quotas", code] },
  };
}

const quotasKnown: Check = {
  id: "QUO002",
  title: "Granted quotas are ones that something is compared with",
  why: "A number that nothing is compared with proves nothing.",
  fix: "remove it, or correct the code: aws service-quotas list-service-quotas --service-code ec2",
  *check({ definition }) {
    for (const code of Object.keys(definition.quotas)) {
      if (!(code in known))
        yield { message: `Nothing is compared with quota ${code}.`, severity: "warning", place: { path: ["quotas", code] } };
    }
  },
};

/** docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const templateLimits = { Resources: 500, Parameters: 200, Outputs: 200 } as const;
const templateBytes = 1_000_000;

const templates: Check = {
  id: "QUO003",
  title: "Every template is within CloudFormation's limits",
  why: "CloudFormation refuses a larger template, and no request raises these limits.",
  fix: "move what the override adds into a stack of its own",
  *check({ assembly }) {
    for (const { id: stack, template } of assembly.stacks) {
      for (const [section, limit] of Object.entries(templateLimits)) {
        const count = Object.keys(template[section as keyof typeof templateLimits] ?? {}).length;
        if (count > limit)
          yield { message: `${stack} has ${count} ${section.toLowerCase()}, and CloudFormation takes ${limit}.`, place: { stack } };
      }
      const bytes = Buffer.byteLength(JSON.stringify(template));
      if (bytes > templateBytes)
        yield { message: `${stack} has ${bytes} bytes, and CloudFormation takes ${templateBytes}.`, place: { stack } };
    }
  },
};

/** Characters without whitespace: docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const inlinePolicies = 10_240;
const trustPolicy = 2_048;

const roles: Check = {
  id: "QUO004",
  title: "Every role's policies are within IAM's limits",
  why: "IAM refuses longer ones only when the role is made, and no request raises the limit of inline policies.",
  fix: "move statements into an AWS::IAM::ManagedPolicy",
  *check({ model }) {
    for (const role of model.byType("AWS::IAM::Role")) {
      const inline = inlineOf(role, model.resources).reduce((sum: number, document) => sum + characters(document), 0);
      const trust = characters(role.properties.AssumeRolePolicyDocument);
      const place = placeOf(role);
      if (inline > inlinePolicies)
        yield { message: `${named(role)} has ${inline} characters of inline policies, and IAM takes ${inlinePolicies}.`, place };
      if (trust > trustPolicy)
        yield { message: `${named(role)} has ${trust} characters of trust policy, and IAM takes ${trustPolicy}.`, place };
    }
  },
};

/** Its own, and those that other resources attach to it. */
function inlineOf(role: ModelResource, resources: readonly ModelResource[]): unknown[] {
  const attached = resources.filter(
    ({ type, properties: { Roles, RoleName } }) =>
      (type === "AWS::IAM::Policy" && [Roles ?? []].flat().some((each) => linked(each) === role)) ||
      (type === "AWS::IAM::RolePolicy" && linked(RoleName) === role),
  );
  return [...members(role.properties.Policies), ...attached.map(({ properties }) => properties)].map(
    ({ PolicyDocument }) => PolicyDocument,
  );
}

/** As long as the document will be; what only AWS knows counts with its name, which is about as long. */
const characters = (document: unknown): number => JSON.stringify(spelled(document) ?? null).length;

function spelled(value: unknown): unknown {
  if (isLink(value) || isParameter(value) || isJoined(value) || isUnknown(value)) return text(value);
  if (Array.isArray(value)) return value.map(spelled);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, spelled(each)]));
}

export const quotas: Check[] = [accountQuotas, quotasKnown, templates, roles];
