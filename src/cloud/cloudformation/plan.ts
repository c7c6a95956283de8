/** From a template's text and parameters to what an operation works towards; all that AWS refuses at the call is refused here. */
import type * as sdk from "@aws-sdk/client-cloudformation";
import { AwsError, type Call } from "../service.ts";
import { checkRules, evaluateConditions } from "./conditions.ts";
import { checkReferences, dependencies, references } from "./graph.ts";
import { evaluate, UNKNOWN, type Scope } from "./intrinsics.ts";
import { resolveParameters } from "./parameters.ts";
import { schemaOf } from "./schema.ts";
import type { Here, Plan, Snapshots, StackRecord } from "./state.ts";
import { checkMembers, invalid, isObject, read, shape, type Template } from "./template.ts";
import { transform, transformsOf } from "./transforms.ts";

type Identity = { StackId: string; StackName: string; NotificationARNs: readonly string[] };

export type Request = { body: string; parameters: readonly sdk.Parameter[]; tags: readonly sdk.Tag[]; previous?: Plan };

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/pseudo-parameter-reference.html */
export function pseudo(call: Call, stack: Identity): Record<string, unknown> {
  return {
    "AWS::AccountId": call.account,
    "AWS::NotificationARNs": [...stack.NotificationARNs],
    "AWS::Partition": call.partition,
    "AWS::Region": call.region,
    "AWS::StackId": stack.StackId,
    "AWS::StackName": stack.StackName,
    "AWS::URLSuffix": "amazonaws.com",
  };
}

/** A scope for what parameters alone decide: resources are refused in it. */
function early(call: Call, stack: Identity, template: Template, parameters: Record<string, unknown>): Scope {
  return {
    template,
    parameters,
    pseudo: pseudo(call, stack),
    condition: (name) => {
      throw invalid(`Template format error: Unresolved condition dependency ${name}`);
    },
    ref: (name) => {
      throw invalid(
        `Template format error: Unresolved dependencies [${name}]. Cannot reference resources in the Conditions block of the template`,
      );
    },
    attribute: (name) => {
      throw invalid(
        `Template format error: Unresolved dependencies [${name}]. Cannot reference resources in the Conditions block of the template`,
      );
    },
    importValue: () => {
      throw invalid("Template error: Fn::ImportValue is not supported in the Conditions block of the template");
    },
    zones: (region) => zones(call, region),
  };
}

/** The zones of a region, as EC2 names them. */
export function zones(call: Call, region: string): string[] {
  const ec2 = call.elsewhere(region).ask("ec2") as unknown as {
    DescribeAvailabilityZones(input: object): { AvailabilityZones?: { ZoneName?: string }[] };
  };
  return (ec2.DescribeAvailabilityZones({}).AvailabilityZones ?? []).map(({ ZoneName }) => ZoneName!).sort();
}

export function prepare(call: Call, stack: Identity, { body, parameters: given, tags, previous }: Request): Plan {
  const written = shape(read(body));
  const values = (template: Template) => resolveParameters(call, template, given, previous?.parameters);
  const meanings = (resolved: Plan["parameters"]) => Object.fromEntries(resolved.map(({ key, means }) => [key, means]));
  const template = transform(call, written, (expanding) => early(call, stack, expanding, meanings(values(expanding))));
  checkMembers(template);
  const parameters = values(template);
  const scope = early(call, stack, template, meanings(parameters));
  checkReferences(template, scope.pseudo);
  checkRules(template, scope, template.Parameters);
  const conditions = evaluateConditions(template, scope);
  dependencies(template, new Set(Object.keys(template.Resources))); // circles are refused even where a condition would break them
  const included = Object.entries(template.Resources).filter(([, { Condition }]) => Condition === undefined || conditions[Condition]);
  if (included.length === 0) throw invalid("Template format error: At least one Resources member must be defined.");
  checkAttributes(template);
  const plan: Plan = {
    body,
    template,
    parameters,
    conditions,
    dependencies: dependencies(template, new Set(included.map(([id]) => id))),
    imports: [],
    tags: [...tags],
  };
  plan.imports = importsOf(call, stack, plan);
  checkTypes(call, plan);
  return plan;
}

/** Attributes that the published schema lacks are refused before anything is made. */
function checkAttributes({ Resources }: Template): void {
  const look = (name: string, attribute?: string) => {
    const type = Resources[name]?.Type;
    if (attribute === undefined || attribute === "" || type === undefined) return;
    const schema = schemaOf(type);
    const open = type === "AWS::CloudFormation::Stack" && attribute.startsWith("Outputs.");
    if (
      schema &&
      !open &&
      !schema.attributes.has(attribute) &&
      ![...schema.attributes].some((known) => known.startsWith(`${attribute}.`))
    ) {
      throw invalid(`Template error: resource ${name} does not support attribute type ${attribute} in Fn::GetAtt`);
    }
  };
  for (const { Properties } of Object.values(Resources)) references(Properties, look);
}

/** A type that we lack stops everything before anything is made. */
function checkTypes(call: Call, { template, dependencies: included }: Plan): void {
  const odd = [...included.keys()]
    .map((id) => template.Resources[id]!.Type)
    .filter((type) => !/^(?:[A-Za-z0-9]{2,64}(?:::[A-Za-z0-9]{2,64}){2}(?:::MODULE)?|Custom::[\w@-]{1,60})$/.test(type));
  if (odd.length > 0) throw invalid(`Template format error: Unrecognized resource types: [${[...new Set(odd)].join(", ")}]`);
  const lacking = [...new Set([...included.keys()].map((id) => template.Resources[id]!.Type))]
    .filter((type) => !call.types.has(type))
    .sort();
  if (lacking.length > 0) throw invalid(lacking.map(hint).join(" "));
  for (const id of included.keys()) {
    const { Type, DeletionPolicy, UpdateReplacePolicy } = template.Resources[id]!;
    if (DeletionPolicy !== "Snapshot" && UpdateReplacePolicy !== "Snapshot") continue;
    if (!snapshots.has(Type)) throw invalid(`Template error: resource type ${Type} does not support deletion policy Snapshot`);
    if (!(call.types.get(Type)!.type as Snapshots).snapshot)
      throw invalid(`Causeway does not emulate the policy Snapshot of ${Type}: use Delete or Retain.`);
  }
}

function hint(type: string): string {
  if (type.startsWith("Custom::") || type === "AWS::CloudFormation::CustomResource")
    return `Causeway does not emulate ${type}: custom resources need Lambda functions, which it has none of.`;
  return `Causeway does not emulate ${type}: add it in src/cloud/services/ beside the service that owns it.`;
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html */
const snapshots = new Set([
  "AWS::DocDB::DBCluster",
  "AWS::EC2::Volume",
  "AWS::ElastiCache::CacheCluster",
  "AWS::ElastiCache::ReplicationGroup",
  "AWS::Neptune::DBCluster",
  "AWS::RDS::DBCluster",
  "AWS::RDS::DBInstance",
  "AWS::Redshift::Cluster",
]);

/** The names of the exports that resources and outputs import: they may depend on parameters, not on resources. */
function importsOf(call: Call, stack: Identity, plan: Plan): string[] {
  const names = new Set<string>();
  const look = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) look(item);
    else if (isObject(value)) {
      if ("Fn::ImportValue" in value)
        names.add(String(evaluate(value["Fn::ImportValue"], { ...planned(call, stack, plan), ref: refuse, attribute: refuse })));
      else if ("Fn::If" in value && Array.isArray(value["Fn::If"]))
        look(value["Fn::If"][plan.conditions[String(value["Fn::If"][0])] ? 1 : 2]);
      else for (const item of Object.values(value)) look(item);
    }
  };
  const refuse = () => {
    throw invalid("Template error: the attribute in Fn::ImportValue must not depend on any resources, imported values, or Fn::GetAZs");
  };
  for (const id of plan.dependencies.keys()) look(plan.template.Resources[id]!.Properties);
  for (const output of Object.values(plan.template.Outputs)) look(output);
  return [...names];
}

/** A scope in which no resource is known yet. */
export function planned(call: Call, stack: Identity, plan: Plan): Scope {
  return {
    template: plan.template,
    parameters: Object.fromEntries(plan.parameters.map(({ key, means }) => [key, means])),
    pseudo: pseudo(call, stack),
    condition: (name) => {
      const value = plan.conditions[name];
      if (value === undefined) throw invalid(`Template error: unresolved condition dependency: ${name}`);
      return value;
    },
    ref: () => UNKNOWN,
    attribute: () => UNKNOWN,
    importValue: (name) => imported(call as Here, name),
    zones: (region) => zones(call, region),
  };
}

export function imported(call: Here, name: string): string {
  const found = call.state.exports.get(name);
  if (!found) throw invalid(`No export named ${name} found.`);
  return found.Value;
}

/** `masked`: parameters with NoEcho as answers show them. */
export function scopeOf(call: Here, stack: StackRecord, plan: Plan, masked = false): Scope {
  const base = planned(call, stack, plan);
  const parameters = masked
    ? Object.fromEntries(plan.parameters.map(({ key, means, secret }) => [key, secret ? "****" : means]))
    : base.parameters;
  return { ...base, parameters, ref: (id) => referenceTo(call, stack, id), attribute: (id, name) => attributeOf(call, stack, id, name) };
}

function existing(stack: StackRecord, logicalId: string) {
  const resource = stack.resources.get(logicalId);
  if (resource?.physicalId === undefined)
    throw invalid(`Template error: Unresolved resource dependencies [${logicalId}] in the Resources block of the template`);
  return { ...resource, physicalId: resource.physicalId };
}

function referenceTo(call: Here, stack: StackRecord, logicalId: string): string {
  const { type, physicalId, properties } = existing(stack, logicalId);
  const owner = call.types.get(type)!;
  return owner.type.ref?.(call.within(owner.service), physicalId, properties) ?? physicalId;
}

function attributeOf(call: Here, stack: StackRecord, logicalId: string, name: string): unknown {
  const { type, physicalId, properties } = existing(stack, logicalId);
  const owner = call.types.get(type)!;
  const all: Record<string, any> = owner.type.attributes?.(call.within(owner.service), physicalId, properties) ?? {};
  const value = name in all ? all[name] : name.split(".").reduce<any>((at, part) => at?.[part], all);
  if (value !== undefined) return value;
  if (type === "AWS::CloudFormation::Stack")
    throw invalid(`Template error: resource ${logicalId} does not have the output ${name.replace(/^Outputs\./, "")}`);
  throw invalid(`Template error: resource ${logicalId} does not support attribute type ${name} in Fn::GetAtt`);
}

const IAM_NAMES: Record<string, string | undefined> = {
  "AWS::IAM::AccessKey": undefined,
  "AWS::IAM::Group": "GroupName",
  "AWS::IAM::InstanceProfile": "InstanceProfileName",
  "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
  "AWS::IAM::Policy": undefined,
  "AWS::IAM::Role": "RoleName",
  "AWS::IAM::User": "UserName",
  "AWS::IAM::UserToGroupAddition": undefined,
};

/** What the caller must acknowledge. https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html */
export function capabilitiesOf(template: Template): { capabilities: sdk.Capability[]; reason?: string } {
  const iam = Object.values(template.Resources).filter(({ Type }) => Type in IAM_NAMES);
  const named = iam.some(({ Type, Properties }) => IAM_NAMES[Type] !== undefined && Properties?.[IAM_NAMES[Type]] !== undefined);
  if (iam.length === 0) return { capabilities: [] };
  const types = [...new Set(iam.map(({ Type }) => Type))].sort().join(", ");
  return {
    capabilities: [named ? "CAPABILITY_NAMED_IAM" : "CAPABILITY_IAM"],
    reason: `The following resource(s) require capabilities: [${types}]`,
  };
}

/** `macros`: whether transforms need acknowledgement too, as they do when no change set shows what they did. */
export function checkCapabilities(body: string, { template }: Plan, given: readonly sdk.Capability[], macros: boolean): void {
  const [needed] = capabilitiesOf(template).capabilities;
  const lacking: string[] = [];
  if (needed && !given.includes(needed) && !given.includes("CAPABILITY_NAMED_IAM")) lacking.push(needed);
  if (
    macros &&
    !given.includes("CAPABILITY_AUTO_EXPAND") &&
    (body.includes("Transform") || body.includes("Fn::")) &&
    transformsOf(shape(read(body))).length > 0
  )
    lacking.push("CAPABILITY_AUTO_EXPAND");
  if (lacking.length > 0) throw new AwsError("InsufficientCapabilitiesException", `Requires capabilities : [${lacking.join(", ")}]`);
}
