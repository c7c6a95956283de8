/** Templates: text to structure, and what AWS refuses before anything is made. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html */
import { isAlias, isMap, isNode, isScalar, isSeq, parseDocument, type Document, type YAMLMap } from "yaml";
import { AwsError } from "../service.ts";

export type ResourceDefinition = {
  Type: string;
  Properties?: Record<string, any>;
  DependsOn?: string | string[];
  Condition?: string;
  DeletionPolicy?: any;
  UpdateReplacePolicy?: any;
  CreationPolicy?: any;
  UpdatePolicy?: any;
  Metadata?: any;
  Description?: string;
};

export type ParameterDefinition = {
  Type: string;
  Default?: any;
  NoEcho?: boolean | string;
  AllowedValues?: any[];
  AllowedPattern?: string;
  MinLength?: number | string;
  MaxLength?: number | string;
  MinValue?: number | string;
  MaxValue?: number | string;
  Description?: string;
  ConstraintDescription?: string;
};

export type OutputDefinition = { Value: any; Description?: any; Condition?: string; Export?: { Name: any } };

export type Template = {
  AWSTemplateFormatVersion?: string;
  Description?: string;
  Metadata?: Record<string, any>;
  Parameters: Record<string, ParameterDefinition>;
  Rules: Record<string, { RuleCondition?: any; Assertions: { Assert: any; AssertDescription?: string }[] }>;
  Mappings: Record<string, any>;
  Conditions: Record<string, any>;
  Transform: string[];
  Resources: Record<string, ResourceDefinition>;
  Outputs: Record<string, OutputDefinition>;
};

export const invalid = (message: string) => new AwsError("ValidationError", message);
export const malformed = (message: string) => invalid(`Template format error: ${message}`);

/** docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
export const LIMITS = {
  body: 51_200,
  url: 1_048_576,
  resources: 500,
  outputs: 200,
  parameters: 200,
  mappings: 200,
  description: 1024,
  stacks: 2000,
};

const SECTIONS = [
  "AWSTemplateFormatVersion",
  "Description",
  "Metadata",
  "Parameters",
  "Rules",
  "Mappings",
  "Conditions",
  "Transform",
  "Hooks",
  "Resources",
  "Outputs",
];
const RESOURCE_MEMBERS = [
  "Type",
  "Properties",
  "DependsOn",
  "Condition",
  "DeletionPolicy",
  "UpdateReplacePolicy",
  "CreationPolicy",
  "UpdatePolicy",
  "Metadata",
  "Description",
];

/** A short form written out: `!Sub x` is `{ "Fn::Sub": x }`. */
function long(name: string, value: unknown): Record<string, unknown> {
  if (name === "Ref" || name === "Condition") return { [name]: value };
  if (name !== "GetAtt" || typeof value !== "string") return { [`Fn::${name}`]: value };
  const dot = value.indexOf(".");
  return { "Fn::GetAtt": dot < 0 ? [value] : [value.slice(0, dot), value.slice(dot + 1)] };
}

/** The structure of a template's text, JSON or YAML. */
export function read(body: string): any {
  const text = body.trimStart();
  if (text === "")
    throw invalid(
      "1 validation error detected: Value '' at 'templateBody' failed to satisfy constraint: Member must have length greater than or equal to 1",
    );
  return text.startsWith("{") ? readJson(body) : readYaml(body);
}

function readJson(body: string): any {
  try {
    return JSON.parse(body);
  } catch (error) {
    const offset = Number(/position (\d+)/.exec(String(error))?.[1] ?? body.length);
    const lines = body.slice(0, offset).split("\n");
    // What begins with a brace may still be a YAML flow mapping.
    if (parseDocument(body, { logLevel: "silent" }).errors.length === 0) return readYaml(body);
    throw malformed(`JSON not well-formed. (line ${lines.length}, column ${lines.at(-1)!.length + 1})`);
  }
}

function readYaml(body: string): any {
  const document = parseDocument(body, { logLevel: "silent", uniqueKeys: true, intAsBigInt: false });
  const [error] = document.errors;
  if (error) throw malformed(`YAML not well-formed. (line ${error.linePos?.[0].line ?? 1}, column ${error.linePos?.[0].col ?? 1})`);
  return valueOf(document.contents, document);
}

/** A YAML node's value with short forms written out. */
function valueOf(node: unknown, document: Document): unknown {
  if (isAlias(node)) return valueOf(node.resolve(document), document);
  const tag = isNode(node) && node.tag?.startsWith("!") && !node.tag.startsWith("!!") ? node.tag.slice(1) : undefined;
  const value = isMap(node)
    ? members(node, document)
    : isSeq(node)
      ? node.items.map((item) => valueOf(item, document))
      : isScalar(node)
        ? node.value
        : node;
  return tag === undefined ? value : long(tag, isScalar(node) ? String(value) : value);
}

function members(map: YAMLMap, document: Document): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const { key, value } of map.items) {
    const name = String(isScalar(key) ? key.value : key);
    if (name === "<<") Object.assign(result, ...[valueOf(value, document)].flat());
    else result[name] = valueOf(value, document);
  }
  return result;
}

/** Checks the sections and members; what depends on parameters comes later. */
export function shape(raw: any): Template {
  if (!raw || typeof raw !== "object" || Array.isArray(raw)) throw malformed("unsupported structure.");
  const unknown = Object.keys(raw).filter((section) => !SECTIONS.includes(section));
  if (unknown.length > 0) throw invalid(`Invalid template property or properties [${unknown.join(", ")}]`);
  if (raw.Hooks !== undefined)
    throw invalid("Causeway does not emulate the Hooks section: CodeDeploy's blue/green deployments are not there.");
  const version = raw.AWSTemplateFormatVersion;
  if (version !== undefined && String(version) !== "2010-09-09")
    throw malformed(`${version} is not a supported value for AWSTemplateFormatVersion.`);
  if (raw.Description !== undefined && typeof raw.Description !== "string") throw malformed("Template Description is not a string.");
  if ((raw.Description?.length ?? 0) > LIMITS.description) throw malformed("'Description' length is greater than 1024.");
  for (const section of ["Metadata", "Parameters", "Rules", "Mappings", "Conditions", "Resources", "Outputs"]) {
    if (raw[section] === null) throw malformed(`[/${section}] 'null' values are not allowed in templates`);
    if (raw[section] !== undefined && !isObject(raw[section])) throw malformed(`${section} must be a map.`);
  }
  if (!raw.Resources || Object.keys(raw.Resources).length === 0) throw malformed("At least one Resources member must be defined.");
  refuseNull(raw, "");
  return {
    AWSTemplateFormatVersion: version === undefined ? undefined : String(version),
    Description: raw.Description,
    Metadata: raw.Metadata,
    Parameters: raw.Parameters ?? {},
    Rules: raw.Rules ?? {},
    Mappings: raw.Mappings ?? {},
    Conditions: raw.Conditions ?? {},
    Transform: raw.Transform === undefined ? [] : [raw.Transform].flat(),
    Resources: raw.Resources,
    Outputs: raw.Outputs ?? {},
  };
}

/** What is true of a template once its transforms have run. */
export function checkMembers({ Parameters, Resources, Outputs, Conditions, Mappings }: Template): void {
  for (const [section, count, limit] of [
    ["resources", Object.keys(Resources).length, LIMITS.resources],
    ["outputs", Object.keys(Outputs).length, LIMITS.outputs],
    ["parameters", Object.keys(Parameters).length, LIMITS.parameters],
    ["mappings", Object.keys(Mappings).length, LIMITS.mappings],
  ] as const) {
    if (count > limit) throw malformed(`Number of ${section}, ${count}, is greater than maximum allowed, ${limit}`);
  }
  for (const [id, resource] of Object.entries(Resources)) checkResource(id, resource, Conditions);
  for (const [name, parameter] of Object.entries(Parameters)) {
    if (!/^[A-Za-z0-9]{1,255}$/.test(name)) throw malformed(`Parameter name ${name} is non alphanumeric.`);
    if (!isObject(parameter) || parameter.Type === undefined) throw malformed("Every Parameters object must contain a Type member.");
    if (name in Resources) throw malformed(`Duplicate key ${name}: a parameter and a resource have the same name.`);
  }
  for (const [name, output] of Object.entries(Outputs)) {
    if (!/^[A-Za-z0-9]{1,255}$/.test(name)) throw malformed(`Output name ${name} is non alphanumeric.`);
    if (!isObject(output) || output.Value === undefined) throw malformed("Every Outputs member must contain a Value object");
    checkCondition(output.Condition, Conditions, `output ${name}`);
  }
}

function checkResource(id: string, resource: ResourceDefinition, conditions: Record<string, any>): void {
  if (!/^[A-Za-z0-9]{1,255}$/.test(id)) throw malformed(`Resource name ${id} is non alphanumeric.`);
  if (!isObject(resource)) throw malformed(`[/Resources/${id}] resource definition is malformed`);
  if (typeof resource.Type !== "string") throw malformed(`[/Resources/${id}] Every Resources object must contain a Type member.`);
  const unknown = Object.keys(resource).filter((member) => !RESOURCE_MEMBERS.includes(member));
  if (unknown.length > 0) throw invalid(`Invalid template resource property '${unknown[0]}'`);
  if (resource.Properties !== undefined && !isObject(resource.Properties))
    throw malformed(`[/Resources/${id}/Properties] Properties must be an object.`);
  if (resource.Condition !== undefined && typeof resource.Condition !== "string")
    throw malformed(`Every Condition member must be a string.`);
  checkCondition(resource.Condition, conditions, `resource ${id}`);
  for (const policy of ["DeletionPolicy", "UpdateReplacePolicy"] as const) {
    const value = resource[policy];
    if (typeof value === "string" && !policies(policy).includes(value))
      throw malformed(`Unrecognized ${policy} ${value} for resource ${id}`);
  }
}

const policies = (name: "DeletionPolicy" | "UpdateReplacePolicy") =>
  name === "DeletionPolicy" ? ["Delete", "Retain", "RetainExceptOnCreate", "Snapshot"] : ["Delete", "Retain", "Snapshot"];

function checkCondition(name: string | undefined, conditions: Record<string, any>, where: string): void {
  if (name !== undefined && !(name in conditions))
    throw malformed(
      `Unresolved condition dependency ${name} in ${where.startsWith("output") ? "the Outputs block of the template" : "the Resources block of the template"}`,
    );
}

function refuseNull(value: unknown, path: string): void {
  if (value === null) throw malformed(`[${path}] 'null' values are not allowed in templates`);
  if (Array.isArray(value)) for (const [index, item] of value.entries()) refuseNull(item, `${path}/${index}`);
  else if (isObject(value)) for (const [key, item] of Object.entries(value)) refuseNull(item, `${path}/${key}`);
}

export function isObject(value: unknown): value is Record<string, any> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
