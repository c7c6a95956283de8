/** Parameter Store. API: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html and its neighbours */
import type * as sdk from "@aws-sdk/client-ssm";
import { AwsError, type Operations } from "../../service.ts";
import { checkNewTags, tagMap } from "./tags.ts";
import {
  arnOf,
  checkPageSize,
  find,
  invalid,
  latest,
  nameOf,
  notFound,
  page,
  select,
  type Here,
  type Parameter,
  type ParameterState,
  type ParameterTimers,
  type Version,
} from "./parameter.ts";
import { open, seal } from "./parameter-cipher.ts";
import { byPathTest, checkPath, describeTest, legacyTest, under } from "./parameter-filters.ts";
import { labelOperations } from "./parameter-labels.ts";
import { parsePolicies, schedulePolicies, type Policy } from "./parameter-policies.ts";
import { checkDataType, checkName, checkType, checkValue, tierOf } from "./parameter-rules.ts";
import { publicParameters } from "./public-parameters.ts";
import { DEFAULT_TIER, settingOf } from "./settings.ts";

const VERSIONS_MAX = 100; // docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-versions.html
const NAMES_MAX = 10; // docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html
const BY_PATH_MAX = 10; // …/API_GetParametersByPath.html
const LIST_MAX = 50; // …/API_DescribeParameters.html

export const parameterOperations = {
  PutParameter(call, input) {
    const name = input.Name.trim();
    checkName(call, name);
    const existing = call.state.parameters.get(name);
    if (existing && !input.Overwrite) {
      throw new AwsError(
        "ParameterAlreadyExists",
        "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
      );
    }
    if (input.Tags?.length && input.Overwrite) {
      throw invalid(
        "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.",
      );
    }
    checkNewTags({}, input.Tags ?? []);
    const version = next(call, name, input, existing);
    const parameter = existing ?? { versions: [], tags: tagMap(input.Tags), timers: [] };
    checkRoom(name, parameter);
    version.Value = version.Type === "SecureString" ? seal(call, version) : version.Value;
    if (parameter.versions.length === VERSIONS_MAX) parameter.versions.shift();
    parameter.versions.push(version);
    call.state.parameters.set(name, parameter);
    schedulePolicies(call, name, parameter, version.Policies as Policy[]);
    return { Version: version.Version, Tier: version.Tier };
  },

  GetParameter(call, { Name, WithDecryption = false }) {
    return { Parameter: shown(call, select(call, Name), WithDecryption) };
  },

  GetParameters(call, { Names, WithDecryption = false }) {
    if (Names.length < 1 || Names.length > NAMES_MAX) {
      const bound = Names.length < 1 ? "greater than or equal to 1" : `less than or equal to ${NAMES_MAX}`;
      throw invalid(
        `1 validation error detected: Value '[${Names.join(", ")}]' at 'names' failed to satisfy constraint: Member must have length ${bound}`,
      );
    }
    const Parameters: sdk.Parameter[] = [];
    const InvalidParameters: string[] = [];
    for (const name of new Set(Names)) {
      const found = known(call, name);
      if (found) Parameters.push(shown(call, found, WithDecryption));
      else InvalidParameters.push(name);
    }
    return { Parameters, InvalidParameters };
  },

  GetParametersByPath(
    call,
    { Path, Recursive = false, ParameterFilters = [], WithDecryption = false, MaxResults = BY_PATH_MAX, NextToken },
  ) {
    checkPath(Path);
    checkPageSize(MaxResults, BY_PATH_MAX);
    const test = byPathTest(ParameterFilters);
    const label = ParameterFilters.find(({ Key }) => Key === "Label")?.Values?.[0];
    const found = [...stored(call, label), ...publicParameters(call.region, Path)]
      .filter(({ version, parameter }) => under(version.Name, Path, Recursive) && test(version, parameter))
      .sort(byName);
    const { items, NextToken: more } = page(found, MaxResults, NextToken, ({ version }) => version.Name);
    return { Parameters: items.map((each) => shown(call, each, WithDecryption)), NextToken: more };
  },

  GetParameterHistory(call, { Name, WithDecryption = false, MaxResults = LIST_MAX, NextToken }) {
    checkPageSize(MaxResults, LIST_MAX);
    const { items, NextToken: more } = page(find(call, Name).versions, MaxResults, NextToken, ({ Version: number }) => String(number));
    return { Parameters: items.map((version) => ({ ...version, Value: readable(call, version, WithDecryption) })), NextToken: more };
  },

  DescribeParameters(call, { Filters = [], ParameterFilters = [], MaxResults = LIST_MAX, NextToken, Shared = false }) {
    if (Filters.length > 0 && ParameterFilters.length > 0)
      throw invalid("You can use either Filters or ParameterFilters in a single request.");
    checkPageSize(MaxResults, LIST_MAX);
    const test = Filters.length > 0 ? legacyTest(Filters) : describeTest(ParameterFilters);
    const found = [...stored(call)].filter(({ version, parameter }) => !Shared && test(version, parameter)).sort(byName);
    const { items, NextToken: more } = page(found, MaxResults, NextToken, ({ version }) => version.Name);
    return {
      Parameters: items.map(({ version: { Value: _secret, Labels: _labels, ...rest }, arn }) => ({ ...rest, ARN: arn })),
      NextToken: more,
    };
  },

  DeleteParameter(call, { Name }) {
    find(call, Name);
    remove(call, nameOf(call, Name));
  },

  DeleteParameters(call, { Names }) {
    if (Names.length < 1 || Names.length > NAMES_MAX)
      throw invalid(
        `1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length less than or equal to ${NAMES_MAX}`,
      );
    const there = [...new Set(Names)].filter((name) => call.state.parameters.has(nameOf(call, name)));
    for (const name of there) remove(call, nameOf(call, name));
    return { DeletedParameters: there, InvalidParameters: Names.filter((name) => !there.includes(name)) };
  },

  ...labelOperations,
} satisfies Operations<sdk.SSM, ParameterState, ParameterTimers>;

export const parameterTimers = {
  expire(call: Here, { name }: ParameterTimers["expire"]) {
    if (call.state.parameters.has(name)) remove(call, name);
  },
  /** A notice is due. EventBridge's event for it is not sent yet; the policy shows that its time has come. */
  notify(call: Here, { name, policy }: ParameterTimers["notify"]) {
    const parameter = call.state.parameters.get(name);
    if (!parameter) return;
    const version = latest(parameter);
    version.Policies = version.Policies.map((each) => (each.PolicyText === policy ? { ...each, PolicyStatus: "Finished" } : each));
  },
};

function remove(call: Here, name: string): void {
  for (const timer of call.state.parameters.get(name)?.timers ?? []) call.cancel(timer);
  call.state.parameters.delete(name);
}

/** The version that a PutParameter makes, its value still in plain text. What the request leaves out stays as it was. */
function next(
  call: Here,
  name: string,
  input: Parameters<typeof parameterOperations.PutParameter>[1],
  existing: Parameter | undefined,
): Version {
  const was = existing && latest(existing);
  const type = input.Type ?? was?.Type;
  if (!type) throw invalid("A parameter type is required when you create a parameter.");
  checkType(type);
  if (input.KeyId && type !== "SecureString") throw invalid("KeyId is required for SecureString type parameter only.");
  const pattern = input.AllowedPattern ?? was?.AllowedPattern;
  checkValue(input.Value, pattern, type);
  const dataType = input.DataType ?? was?.DataType ?? "text";
  checkDataType(dataType, input.Value);
  const policies = input.Policies === undefined ? carriedOn(was?.Policies ?? []) : parsePolicies(input.Policies, call.now);
  const asked = input.Tier ?? (was?.Tier === "Advanced" ? "Advanced" : settingOf(call, DEFAULT_TIER));
  return {
    Name: name,
    Type: type,
    KeyId: type === "SecureString" ? (input.KeyId ?? was?.KeyId ?? "alias/aws/ssm") : undefined,
    LastModifiedDate: call.date,
    LastModifiedUser: call.principal.arn,
    Description: input.Description ?? was?.Description,
    Value: input.Value,
    AllowedPattern: pattern || undefined,
    Version: (was?.Version ?? 0) + 1,
    Labels: [],
    Tier: tierOf(call, asked, was?.Tier, input.Value, policies.length > 0),
    Policies: policies,
    DataType: dataType,
  };
}

/** A change begins the time anew in which there must be one. */
const carriedOn = (policies: Version["Policies"]): Version["Policies"] =>
  policies.map((policy) => (policy.PolicyType === "NoChangeNotification" ? { ...policy, PolicyStatus: "Pending" } : policy));

/** The oldest of a hundred versions makes room for a new one, unless it has a label. */
function checkRoom(name: string, { versions }: Parameter): void {
  const oldest = versions[0];
  if (!oldest || versions.length < VERSIONS_MAX || oldest.Labels.length === 0) return;
  throw new AwsError(
    "ParameterMaxVersionLimitExceeded",
    `You attempted to create a new version of ${name} by calling the PutParameter API with the overwrite flag. Version ${oldest.Version}, the oldest version, can't be deleted because it has a label associated with it. Move the label to another version of the parameter, and try again.`,
  );
}

type Found = { version: Version; arn: string; selector?: string };

function known(call: Here, name: string): Found | undefined {
  try {
    return select(call, name);
  } catch (error) {
    if (error instanceof AwsError && (error.code === notFound(name).code || error.code === "ParameterVersionNotFound")) return undefined;
    throw error;
  }
}

function* stored(call: Here, label?: string): Generator<Found & { parameter: Parameter }> {
  for (const [name, parameter] of call.state.parameters) {
    const version = label === undefined ? latest(parameter) : parameter.versions.find(({ Labels }) => Labels.includes(label));
    if (version) yield { version, parameter, arn: arnOf(call, name) };
  }
}

const byName = (one: Found, other: Found): number => (one.version.Name < other.version.Name ? -1 : 1);

function shown(call: Here, { version, arn, selector }: Found, decrypt: boolean): sdk.Parameter {
  const { Name, Type, Version: number, LastModifiedDate, DataType } = version;
  return { Name, Type, Value: readable(call, version, decrypt), Version: number, Selector: selector, LastModifiedDate, ARN: arn, DataType };
}

const readable = (call: Here, version: Version, decrypt: boolean): string =>
  decrypt && version.Type === "SecureString" ? open(call, version) : version.Value;
