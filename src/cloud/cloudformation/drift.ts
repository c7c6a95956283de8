/** Drift: whether resources are still what the template made them. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html */
import type * as sdk from "@aws-sdk/client-cloudformation";
import { AwsError } from "../service.ts";
import { follow } from "./dynamic-references.ts";
import { page } from "./pages.ts";
import { same } from "./schema.ts";
import { find } from "./stacks.ts";
import type { Here, StackRecord, StackResource } from "./state.ts";
import { invalid, isObject } from "./template.ts";

/** Compares one resource; types that cannot be read are left out, as in AWS. */
function inspect(call: Here, { type, physicalId, properties }: StackResource): NonNullable<StackResource["drift"]> | undefined {
  const owner = call.types.get(type);
  if (!owner?.type.read || physicalId === undefined) return undefined;
  const expected = follow(call, properties) as Record<string, unknown>;
  const actual = owner.type.read(call.within(owner.service), physicalId, expected);
  if (!actual) return { status: "DELETED", at: call.date, differences: [], expected: JSON.stringify(properties) };
  const differences = compare(expected, actual, "");
  return {
    status: differences.length > 0 ? "MODIFIED" : "IN_SYNC",
    at: call.date,
    differences,
    actual: JSON.stringify(actual),
    expected: JSON.stringify(properties),
  };
}

/** Only properties that the template sets and that can be read are compared: defaults are no drift, and secrets are not read. */
function compare(expected: Record<string, unknown>, actual: Record<string, unknown>, path: string): sdk.PropertyDifference[] {
  return Object.entries(expected).flatMap(([name, value]): sdk.PropertyDifference[] => {
    if (!(name in actual)) return [];
    const [wanted, now] = [structure(value), structure(actual[name])];
    const PropertyPath = `${path}/${name}`;
    if (isObject(wanted) && isObject(now)) return compare(wanted, now, PropertyPath);
    if (same(wanted, now) || (name === "Tags" && tagged(wanted, now))) return [];
    if (now === undefined) return [{ PropertyPath, ExpectedValue: written(wanted), ActualValue: "null", DifferenceType: "REMOVE" }];
    return [{ PropertyPath, ExpectedValue: written(wanted), ActualValue: written(now), DifferenceType: "NOT_EQUAL" }];
  });
}

/** Documents may be texts on one side and structures on the other. */
function structure(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch (error) {
    if (error instanceof SyntaxError) return value;
    throw error;
  }
}

/** The stack's own tags are there besides the template's, in any order. */
const tagged = (wanted: unknown, now: unknown): boolean =>
  Array.isArray(wanted) && Array.isArray(now) && wanted.every((tag) => now.some((one) => same(tag, one)));

const written = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

const STABLE = /^(CREATE_COMPLETE|UPDATE_COMPLETE|UPDATE_ROLLBACK_COMPLETE|UPDATE_ROLLBACK_FAILED)$/;

function stable(call: Here, name: string): StackRecord {
  const stack = find(call, name);
  if (!STABLE.test(stack.StackStatus))
    throw invalid(`Stack:${stack.StackId} is in ${stack.StackStatus} state and drift detection cannot be performed on it.`);
  return stack;
}

/** Reading is immediate here, so the detection is complete when it is asked for. */
function DetectStackDrift(call: Here, { StackName, LogicalResourceIds }: sdk.DetectStackDriftInput) {
  const stack = stable(call, StackName!);
  const chosen = [...stack.resources.values()].filter(({ logicalId }) => !LogicalResourceIds || LogicalResourceIds.includes(logicalId));
  const drifts = chosen.map((resource) => [resource, inspect(call, resource)] as const);
  for (const [resource, drift] of drifts) resource.drift = drift;
  const count = drifts.filter(([, drift]) => drift && drift.status !== "IN_SYNC").length;
  const StackDriftStatus = count > 0 ? "DRIFTED" : "IN_SYNC";
  stack.DriftInformation = { StackDriftStatus, LastCheckTimestamp: call.date };
  const StackDriftDetectionId = call.uuid();
  call.state.driftDetections.set(StackDriftDetectionId, {
    StackId: stack.StackId,
    StackDriftDetectionId,
    StackDriftStatus,
    DetectionStatus: "DETECTION_COMPLETE",
    DriftedStackResourceCount: count,
    Timestamp: call.date,
  });
  return { StackDriftDetectionId };
}

function DescribeStackDriftDetectionStatus(call: Here, { StackDriftDetectionId }: sdk.DescribeStackDriftDetectionStatusInput) {
  const found = call.state.driftDetections.get(StackDriftDetectionId!);
  if (!found) throw invalid(`Drift detection status for ID ${StackDriftDetectionId} does not exist`);
  return found;
}

function shown(stack: StackRecord, { logicalId, physicalId, type, drift }: StackResource): sdk.StackResourceDrift {
  return {
    StackId: stack.StackId,
    LogicalResourceId: logicalId,
    PhysicalResourceId: physicalId,
    ResourceType: type,
    ExpectedProperties: drift!.expected,
    ActualProperties: drift!.actual,
    PropertyDifferences: drift!.differences,
    StackResourceDriftStatus: drift!.status,
    Timestamp: drift!.at,
  };
}

function DetectStackResourceDrift(call: Here, { StackName, LogicalResourceId }: sdk.DetectStackResourceDriftInput) {
  const stack = stable(call, StackName!);
  const resource = stack.resources.get(LogicalResourceId!);
  if (!resource) throw invalid(`Resource ${LogicalResourceId} does not exist for stack ${stack.StackName}`);
  const drift = inspect(call, resource);
  if (!drift) throw invalid(`Drift detection is not supported for resource type ${resource.type}.`);
  resource.drift = drift;
  return { StackResourceDrift: shown(stack, resource) };
}

function DescribeStackResourceDrifts(
  call: Here,
  { StackName, StackResourceDriftStatusFilters: filters, NextToken, MaxResults }: sdk.DescribeStackResourceDriftsInput,
) {
  if (MaxResults !== undefined && (MaxResults < 1 || MaxResults > 100))
    throw new AwsError(
      "ValidationError",
      `1 validation error detected: Value '${MaxResults}' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100`,
    );
  const stack = find(call, StackName!);
  const all = [...stack.resources.values()].filter(({ drift }) => drift && (!filters || filters.includes(drift.status)));
  const { items, NextToken: next } = page(all, NextToken, MaxResults);
  return { StackResourceDrifts: items.map((resource) => shown(stack, resource)), NextToken: next };
}

export const driftOperations = {
  DetectStackDrift,
  DescribeStackDriftDetectionStatus,
  DetectStackResourceDrift,
  DescribeStackResourceDrifts,
};
