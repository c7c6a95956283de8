/** ParameterFilters of DescribeParameters and GetParametersByPath: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html */
import type * as sdk from "@aws-sdk/client-ssm";
import { AwsError } from "../../service.ts";
import { invalid, latest, type Parameter, type Version } from "./parameter.ts";

type Filter = sdk.ParameterStringFilter;
type Test = (version: Version, parameter: Parameter) => boolean;

const OPTIONS: Record<string, readonly string[]> = {
  Path: ["Recursive", "OneLevel"],
  Name: ["BeginsWith", "Equals", "Contains"],
  Label: ["Equals"],
  Tier: ["Equals"],
};
const DESCRIBE_KEYS = ["Path", "Name", "Type", "KeyId", "Tier", "DataType"];
const BY_PATH_KEYS = ["Type", "KeyId", "Label"];

export const describeTest = (filters: readonly Filter[]): Test => both(filters, DESCRIBE_KEYS, true);
export const byPathTest = (filters: readonly Filter[]): Test => both(filters, BY_PATH_KEYS, false);

function both(filters: readonly Filter[], keys: readonly string[], tags: boolean): Test {
  const seen = new Set<string>();
  const tests = filters.map((filter) => {
    const key = filter.Key ?? "";
    if (seen.has(key))
      throw invalid(
        `The following filter is duplicated in the request: ${key}. A request can contain only one occurrence of a specific filter.`,
      );
    seen.add(key);
    if (!keys.includes(key) && !(tags && /^tag:.+/.test(key))) {
      throw new AwsError(
        "InvalidFilterKey",
        `The following filter key is not valid: ${key}. Valid filter keys include: [${keys.join(", ")}]`,
      );
    }
    return one(filter, key);
  });
  return (version, parameter) => tests.every((test) => test(version, parameter));
}

function one({ Option, Values = [] }: Filter, key: string): Test {
  const options = OPTIONS[key] ?? ["BeginsWith", "Equals"];
  const option = Option ?? (key === "Path" ? "OneLevel" : "Equals");
  if (!options.includes(option))
    throw new AwsError(
      "InvalidFilterOption",
      `The following filter option is not valid: ${option}. Valid options include: [${options.join(", ")}]`,
    );
  if (key.startsWith("tag:"))
    return (_version, { tags }) =>
      key.slice(4) in tags && (Values.length === 0 || Values.some((value) => matches(tags[key.slice(4)]!, option, value)));
  if (Values.length === 0) throw new AwsError("InvalidFilterValue", `The following filter values are missing : null for filter key ${key}`);
  checkValues(key, Values);
  if (key === "Path") return ({ Name }) => Values.some((path) => under(Name, path, option === "Recursive"));
  if (key === "Label") return ({ Labels }) => Values.some((label) => Labels.includes(label));
  // A name is also found without the slash that it begins with, which is how AWS's console searches.
  if (key === "Name")
    return ({ Name }) =>
      Values.some((value) => matches(Name, option, value) || (option !== "Contains" && matches(Name.replace(/^\//, ""), option, value)));
  return (version) => Values.some((value) => matches(version[key as "Type" | "KeyId" | "Tier" | "DataType"] ?? "", option, value));
}

function checkValues(key: string, values: readonly string[]): void {
  const types = ["String", "StringList", "SecureString"];
  const wrong = key === "Type" && values.find((value) => !types.some((type) => type.startsWith(value)));
  if (wrong)
    throw new AwsError(
      "InvalidFilterValue",
      `The following parameter type is not valid: ${wrong}. Valid parameter types include: [${types.join(", ")}]`,
    );
  if (key === "Path") for (const path of values) checkPath(path);
}

export function checkPath(path: string): void {
  if (/^\/[\w.\-/]*$/.test(path) && !path.includes("//") && !/^\/ssm/i.test(path)) return;
  throw invalid(
    `The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash "/". It can't be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.`,
  );
}

/** Whether a name lies under a path. A name without a slash lies directly under `/`. */
export function under(name: string, path: string, recursive: boolean): boolean {
  const folder = path.endsWith("/") ? path : `${path}/`;
  const full = name.startsWith("/") ? name : `/${name}`;
  return full.startsWith(folder) && (recursive || !full.slice(folder.length).includes("/"));
}

function matches(text: string, option: string, value: string): boolean {
  if (option === "BeginsWith") return text.startsWith(value);
  return option === "Contains" ? text.includes(value) : text === value;
}

/** The filters that ParameterFilters replaced: names by their beginning, the rest by the whole. */
export function legacyTest(filters: readonly sdk.ParametersFilter[]): Test {
  return (_version, parameter) =>
    filters.every(({ Key, Values = [] }) => {
      const version = latest(parameter);
      if (Key === "Name") return Values.some((value) => version.Name.startsWith(value));
      return Values.includes((Key === "Type" ? version.Type : version.KeyId) ?? "");
    });
}
