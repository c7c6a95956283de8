/** Transforms: AWS::LanguageExtensions and AWS::Include. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-languageextensions.html */
import { AwsError, type Call } from "../service.ts";
import { evaluateConditions } from "./conditions.ts";
import { evaluate, type Scope } from "./intrinsics.ts";
import { download } from "./sources.ts";
import { invalid, isObject, read, shape, type Template } from "./template.ts";

const EXTENSIONS = "AWS::LanguageExtensions";

/** The names of all transforms in a template, at its top and inside it. */
export function transformsOf(template: Template): string[] {
  const found = new Set(
    template.Transform.map((transform) => (isObject(transform) ? String((transform as Record<string, any>).Name) : transform)),
  );
  const look = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) look(item);
    else if (isObject(value)) {
      if (isObject(value["Fn::Transform"])) found.add(String(value["Fn::Transform"].Name));
      for (const item of Object.values(value)) look(item);
    }
  };
  look([template.Resources, template.Outputs, template.Mappings, template.Conditions, template.Metadata]);
  return [...found];
}

/** The template after its transforms. */
export function transform(call: Call, template: Template, parameters: (template: Template) => Scope): Template {
  const names = transformsOf(template);
  for (const name of names) {
    if (name === EXTENSIONS || name === "AWS::Include") continue;
    // Other macros are Lambda functions of the account, or AWS's serverless model: we have no Lambda.
    throw new AwsError(
      "ValidationError",
      name.startsWith("AWS::")
        ? `Causeway does not emulate the transform ${name}: add it in src/cloud/cloudformation/transforms.ts.`
        : `No transform named ${call.account}::${name} found.`,
    );
  }
  if (names.length === 0) {
    refuseExtensions(template);
    return template;
  }
  let raw: Record<string, any> = { ...template };
  if (names.includes("AWS::Include")) raw = include(call, raw);
  if (!names.includes(EXTENSIONS)) return shape({ ...raw, Transform: undefined });
  const scope = parameters(shape(raw));
  const expanded = {
    ...raw,
    ...Object.fromEntries(["Conditions", "Resources", "Outputs"].map((section) => [section, loops(raw[section], scope, {})])),
  } as Template;
  const result = shape({ ...expanded, Transform: undefined });
  const conditions = evaluateConditions(result, scope);
  const decided: Scope = { ...scope, condition: (name) => conditions[name] === true };
  for (const resource of Object.values(result.Resources)) {
    for (const policy of ["DeletionPolicy", "UpdateReplacePolicy"] as const) {
      if (isObject(resource[policy])) resource[policy] = evaluate(resource[policy], decided);
    }
  }
  return result;
}

const PLAIN =
  "Fn::Base64, Fn::GetAtt, Fn::GetAZs, Fn::ImportValue, Fn::Join, Fn::Split, Fn::FindInMap, Fn::Select, Ref, Fn::Equals, Fn::If, Fn::Not, Condition, Fn::And, Fn::Or, Fn::Contains, Fn::EachMemberEquals, Fn::EachMemberIn, Fn::ValueOf, Fn::ValueOfAll, Fn::RefAll, Fn::Sub, Fn::Cidr";

function refuseFunctions(value: unknown): void {
  if (Array.isArray(value)) for (const item of value) refuseFunctions(item);
  if (!isObject(value)) return;
  for (const [key, item] of Object.entries(value)) {
    if (key === "Fn::Length" || key === "Fn::ToJsonString")
      throw invalid(`Template error: Encountered unsupported function: ${key} Supported functions are: [${PLAIN}]`);
    refuseFunctions(item);
  }
}

/** Fails on what only AWS::LanguageExtensions allows. */
function refuseExtensions(template: Template): void {
  refuseFunctions([template.Resources, template.Outputs, template.Conditions]);
  for (const section of ["Resources", "Outputs", "Conditions"] as const) {
    const loop = Object.keys(template[section]).find((key) => key.startsWith("Fn::ForEach::"));
    if (loop)
      throw invalid(
        `Template format error: ${section} name ${loop} is non alphanumeric. Fn::ForEach requires the transform ${EXTENSIONS}.`,
      );
  }
  for (const [id, { DeletionPolicy, UpdateReplacePolicy }] of Object.entries(template.Resources)) {
    if (isObject(DeletionPolicy) || isObject(UpdateReplacePolicy))
      throw invalid(
        `Template format error: Every ${isObject(DeletionPolicy) ? "DeletionPolicy" : "UpdateReplacePolicy"} member must be a string. (resource ${id})`,
      );
  }
}

function include(call: Call, value: any): any {
  if (Array.isArray(value)) return value.map((item) => include(call, item));
  if (!isObject(value)) return value;
  const result: Record<string, any> = {};
  for (const [key, item] of Object.entries(value)) {
    if (key === "Fn::Transform" && isObject(item) && item.Name === "AWS::Include")
      Object.assign(result, read(download(call, String(item.Parameters?.Location))));
    else if (key === "Transform" && [item].flat().some((one) => isObject(one) && one.Name === "AWS::Include")) {
      for (const one of [item].flat()) if (isObject(one)) Object.assign(result, read(download(call, String(one.Parameters?.Location))));
      result.Transform = [item].flat().filter((one) => !isObject(one));
    } else result[key] = include(call, item);
  }
  return result;
}

/** Writes out `Fn::ForEach::Name: [Identifier, Collection, { Key${Identifier}: … }]`. */
function loops(value: any, scope: Scope, bound: Record<string, string>): any {
  if (Array.isArray(value)) return value.map((item) => loops(item, scope, bound));
  if (!isObject(value)) return typeof value === "string" ? fill(value, bound) : value;
  if (Object.keys(value).length === 1 && typeof value.Ref === "string" && value.Ref in bound) return bound[value.Ref];
  const result: Record<string, any> = {};
  for (const [key, item] of Object.entries(value)) {
    if (!key.startsWith("Fn::ForEach::")) {
      result[fill(key, bound)] = loops(item, scope, bound);
      continue;
    }
    if (!Array.isArray(item) || item.length !== 3) throw invalid(`Transform ${EXTENSIONS} failed with: Fn::ForEach layout is incorrect.`);
    const [identifier, collection, body] = item;
    const members = evaluate(loops(collection, scope, bound), scope);
    if (!Array.isArray(members)) throw invalid(`Transform ${EXTENSIONS} failed with: Fn::ForEach collection must be a list.`);
    for (const member of members.flat()) {
      for (const [name, made] of Object.entries(loops(body, scope, { ...bound, [String(identifier)]: String(member) }))) {
        if (name in result) throw invalid(`Transform ${EXTENSIONS} failed with: Fn::ForEach generates the key ${name} twice.`);
        result[name] = made;
      }
    }
  }
  return result;
}

/** `${X}` is the member as it is, `&{X}` its letters and digits only. */
function fill(text: string, bound: Record<string, string>): string {
  return text.replace(/([$&])\{([A-Za-z0-9]+)\}/g, (whole, mark: string, name: string) =>
    name in bound ? (mark === "&" ? bound[name]!.replace(/[^A-Za-z0-9]/g, "") : bound[name]!) : whole,
  );
}
