/** Questions about stacks. They change nothing. */
import type * as sdk from "@aws-sdk/client-cloudformation";
import { AwsError } from "../service.ts";
import { findChangeSet } from "./change-sets.ts";
import { shownEvent } from "./events.ts";
import { importers } from "./exports.ts";
import { newestFirst, page } from "./pages.ts";
import { shownParameters } from "./parameters.ts";
import { capabilitiesOf } from "./plan.ts";
import { schemaOf } from "./schema.ts";
import { templateText } from "./sources.ts";
import { find, lookUp, missing } from "./stacks.ts";
import type { Here, StackRecord, StackResource } from "./state.ts";
import { checkMembers, invalid, LIMITS, read, shape, type Template } from "./template.ts";
import { transformsOf } from "./transforms.ts";

function shownStack(stack: StackRecord): sdk.Stack {
  const {
    plan,
    resources: _resources,
    events: _events,
    policy: _policy,
    operation: _operation,
    before: _before,
    signals: _signals,
    operations,
    lastToken: _token,
    ...shown
  } = stack;
  const parameters = stack.operation?.phase === "update" ? stack.operation.target.parameters : plan?.parameters;
  const LastOperations = operations.slice(0, 10).map(({ id, type }) => ({ OperationId: id, OperationType: type }));
  return {
    ...shown,
    Parameters: parameters && parameters.length > 0 ? shownParameters(parameters) : undefined,
    Outputs: stack.Outputs?.length ? stack.Outputs : undefined,
    LastOperations,
  };
}

function DescribeStacks(call: Here, { StackName, NextToken }: sdk.DescribeStacksInput) {
  if (StackName !== undefined && StackName !== "") {
    const stack = lookUp(call, StackName);
    if (!stack) throw missing(StackName);
    return { Stacks: [shownStack(stack)] };
  }
  const { items, NextToken: next } = page([...call.state.names.values()].reverse(), NextToken);
  return { Stacks: items.map((id) => shownStack(call.state.stacks.get(id)!)), NextToken: next };
}

function ListStacks(call: Here, { StackStatusFilter = [], NextToken }: sdk.ListStacksInput) {
  const all = [...call.state.stacks.values()]
    .filter(({ StackStatus }) => StackStatusFilter.length === 0 || StackStatusFilter.includes(StackStatus))
    .reverse();
  const { items, NextToken: next } = page(all, NextToken);
  const StackSummaries = items.map(({ StackId, StackName, Description, CreationTime, LastUpdatedTime, DeletionTime, StackStatus, StackStatusReason, ParentId, RootId, DriftInformation, operations }) => ({
    StackId, StackName, TemplateDescription: Description, CreationTime, LastUpdatedTime, DeletionTime, StackStatus, StackStatusReason, ParentId, RootId,
    DriftInformation: { StackDriftStatus: DriftInformation!.StackDriftStatus, LastCheckTimestamp: DriftInformation!.LastCheckTimestamp },
    LastOperations: operations.slice(0, 10).map(({ id, type }) => ({ OperationId: id, OperationType: type })),
  })); // prettier-ignore
  return { StackSummaries, NextToken: next };
}

function GetTemplate(call: Here, { StackName, ChangeSetName, TemplateStage = "Original" }: sdk.GetTemplateInput) {
  if (StackName === undefined && ChangeSetName === undefined) throw invalid("StackName or ChangeSetName must be specified.");
  const set = ChangeSetName === undefined ? undefined : findChangeSet(call, ChangeSetName, StackName);
  const stack = set ? call.state.stacks.get(set.StackId) : lookUp(call, StackName!);
  if (!stack) throw missing(StackName!);
  const plan = set?.plan ?? stack.plan;
  const transformed = plan !== undefined && transformsOf(shape(read(plan.body))).length > 0;
  return {
    TemplateBody: plan && (TemplateStage === "Processed" && transformed ? written(plan.template) : plan.body),
    StagesAvailable: ["Original", "Processed"] as sdk.TemplateStage[],
  };
}

/** A processed template has only the sections that say something. */
function written(template: Template): string {
  return JSON.stringify(
    Object.fromEntries(
      Object.entries(template).filter(
        ([, section]) => section !== undefined && (typeof section !== "object" || Object.keys(section).length > 0),
      ),
    ),
  );
}

function declared({ Parameters }: Template): sdk.ParameterDeclaration[] {
  return Object.entries(Parameters).map(([ParameterKey, { Type, Default, NoEcho, Description, AllowedValues }]) => ({
    ParameterKey,
    DefaultValue: Default === undefined ? undefined : String(Default),
    ParameterType: Type,
    NoEcho: NoEcho === true || NoEcho === "true",
    Description,
    ParameterConstraints: AllowedValues ? { AllowedValues: AllowedValues.map(String) } : {},
  }));
}

function summarized(template: Template) {
  const { capabilities, reason } = capabilitiesOf(template);
  const transforms = transformsOf(template);
  return {
    Description: template.Description,
    Capabilities: transforms.length > 0 ? [...capabilities, "CAPABILITY_AUTO_EXPAND" as const] : capabilities,
    CapabilitiesReason: reason,
    DeclaredTransforms: transforms,
  };
}

function GetTemplateSummary(call: Here, input: sdk.GetTemplateSummaryInput) {
  const stack = input.StackName === undefined ? undefined : lookUp(call, input.StackName);
  if (input.StackName !== undefined && !stack) throw missing(input.StackName);
  const template = stack
    ? (stack.plan?.template ?? shape({ Resources: { None: { Type: "AWS::CDK::Metadata" } } }))
    : shape(read(templateText(call, input)));
  if (!stack && transformsOf(template).length === 0) checkMembers(template);
  const resources = Object.entries(template.Resources).filter(([key]) => !key.startsWith("Fn::"));
  const types = [...new Set(resources.map(([, { Type }]) => Type))];
  return {
    ...summarized(template),
    Parameters: declared(template),
    ResourceTypes: types,
    Version: template.AWSTemplateFormatVersion,
    Metadata: template.Metadata && JSON.stringify(template.Metadata),
    ResourceIdentifierSummaries: types
      .filter((type) => schemaOf(type))
      .map((type) => ({
        ResourceType: type,
        LogicalResourceIds: resources.filter(([, { Type }]) => Type === type).map(([id]) => id),
        ResourceIdentifiers: schemaOf(type)!.id,
      })),
  };
}

function ValidateTemplate(call: Here, input: sdk.ValidateTemplateInput) {
  const template = shape(read(templateText(call, input)));
  if (transformsOf(template).length === 0) checkMembers(template);
  const Parameters = declared(template).map(({ ParameterKey, DefaultValue, NoEcho, Description }) => ({
    ParameterKey,
    DefaultValue,
    NoEcho,
    Description,
  }));
  return { ...summarized(template), Parameters };
}

function shownResource(stack: StackRecord, { logicalId, physicalId, type, at, status, reason, drift }: StackResource) {
  return {
    StackName: stack.StackName,
    StackId: stack.StackId,
    LogicalResourceId: logicalId,
    PhysicalResourceId: physicalId,
    ResourceType: type,
    ResourceStatus: status,
    ResourceStatusReason: reason,
    DriftInformation: { StackResourceDriftStatus: drift?.status ?? ("NOT_CHECKED" as const), LastCheckTimestamp: drift?.at },
    at,
  };
}

function resourceOf(stack: StackRecord, logicalId: string): StackResource {
  const resource = stack.resources.get(logicalId);
  if (!resource) throw invalid(`Resource ${logicalId} does not exist for stack ${stack.StackName}`);
  return resource;
}

function DescribeStackResource(call: Here, { StackName, LogicalResourceId }: sdk.DescribeStackResourceInput) {
  const stack = lookUp(call, StackName!);
  if (!stack) throw invalid(`Stack '${StackName}' does not exist`);
  const { at, ...shown } = shownResource(stack, resourceOf(stack, LogicalResourceId!));
  const definition = stack.plan?.template.Resources[LogicalResourceId!];
  return {
    StackResourceDetail: {
      ...shown,
      LastUpdatedTimestamp: at,
      Description: definition?.Description,
      Metadata: JSON.stringify(definition?.Metadata ?? {}),
    },
  };
}

function DescribeStackResources(call: Here, { StackName, LogicalResourceId, PhysicalResourceId }: sdk.DescribeStackResourcesInput) {
  if (StackName !== undefined && PhysicalResourceId !== undefined)
    throw invalid("You cannot specify both StackName and PhysicalResourceId.");
  if (StackName === undefined && PhysicalResourceId === undefined)
    throw invalid("Either StackName or PhysicalResourceId must be specified.");
  const stack = StackName === undefined ? holder(call, PhysicalResourceId!) : lookUp(call, StackName);
  if (!stack) throw StackName === undefined ? invalid(`Stack for ${PhysicalResourceId} does not exist`) : missing(StackName);
  const chosen = LogicalResourceId === undefined ? [...stack.resources.values()] : [resourceOf(stack, LogicalResourceId)];
  return {
    StackResources: chosen.map((resource) => {
      const { at, ...shown } = shownResource(stack, resource);
      return { ...shown, Timestamp: at };
    }),
  };
}

const holder = (call: Here, physicalId: string) =>
  [...call.state.names.values()]
    .map((id) => call.state.stacks.get(id)!)
    .find(({ resources }) => [...resources.values()].some((resource) => resource.physicalId === physicalId));

function ListStackResources(call: Here, { StackName, NextToken }: sdk.ListStackResourcesInput) {
  const stack = lookUp(call, StackName!);
  if (!stack) throw missing(StackName!);
  const { items, NextToken: next } = page([...stack.resources.values()], NextToken);
  const StackResourceSummaries = items.map((resource) => {
    const { at, StackName: _name, StackId: _id, ...shown } = shownResource(stack, resource);
    return { ...shown, LastUpdatedTimestamp: at };
  });
  return { StackResourceSummaries, NextToken: next };
}

function DescribeStackEvents(call: Here, { StackName, NextToken }: sdk.DescribeStackEventsInput) {
  const stack = lookUp(call, StackName!);
  if (!stack) throw invalid(`Stack [${StackName}] does not exist`);
  const { items, NextToken: next } = newestFirst(stack.events, NextToken);
  return { StackEvents: items.map(shownEvent), NextToken: next };
}

/** The events of an operation, or what validation found about a change set. https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeEvents.html */
function DescribeEvents(call: Here, { StackName, ChangeSetName, OperationId, Filters, NextToken }: sdk.DescribeEventsInput) {
  if (ChangeSetName !== undefined)
    return shownOperationEvents(findChangeSet(call, ChangeSetName, StackName).validations, Filters, NextToken);
  const stacks =
    StackName === undefined
      ? [...call.state.stacks.values()].filter(({ operations }) => operations.some(({ id }) => id === OperationId))
      : [lookUp(call, StackName)];
  const [stack] = stacks;
  if (!stack)
    throw StackName === undefined ? invalid(`Operation [${OperationId}] does not exist`) : invalid(`Stack [${StackName}] does not exist`);
  const all = stack.events
    .filter((event) => OperationId === undefined || event.OperationId === OperationId)
    .map((event): sdk.OperationEvent => {
      const record = stack.operations.find(({ id }) => id === event.OperationId);
      const { StackName: _name, ...shown } = shownEvent(event);
      const failed = event.ResourceStatus?.endsWith("FAILED") === true;
      const own = event.PhysicalResourceId === stack.StackId;
      return {
        ...shown,
        OperationType: record?.type,
        OperationStatus: own ? record?.status : undefined,
        EventType: own ? "STACK_EVENT" : failed ? "PROVISIONING_ERROR" : "PROGRESS_EVENT",
        StartTime: own ? record?.started : undefined,
        EndTime: own ? record?.ended : undefined,
      };
    });
  return shownOperationEvents(all, Filters, NextToken);
}

function shownOperationEvents(all: readonly sdk.OperationEvent[], filters: sdk.EventFilter | undefined, token: string | undefined) {
  const wanted = filters?.FailedEvents
    ? all.filter(({ EventType, ResourceStatus }) => EventType!.endsWith("ERROR") || ResourceStatus?.endsWith("FAILED"))
    : all;
  const { items, NextToken } = newestFirst(wanted, token);
  return { OperationEvents: items, NextToken };
}

function ListExports(call: Here, { NextToken }: sdk.ListExportsInput) {
  const { items, NextToken: next } = page([...call.state.exports.values()], NextToken);
  return { Exports: items, NextToken: next };
}

function ListImports(call: Here, { ExportName, NextToken }: sdk.ListImportsInput) {
  const Imports = importers(call, ExportName!);
  if (Imports.length === 0) throw invalid(`Export '${ExportName}' is not imported by any stack.`);
  const { items, NextToken: next } = page(Imports, NextToken);
  return { Imports: items, NextToken: next };
}

function GetStackPolicy(call: Here, { StackName }: sdk.GetStackPolicyInput) {
  return { StackPolicyBody: find(call, StackName!).policy };
}

/** AWS's own types only: whether a type exists here, and the schema as far as we have it. */
function DescribeType(call: Here, { Type, TypeName, Arn }: sdk.DescribeTypeInput) {
  const name = TypeName ?? Arn?.split("/").at(-1)?.replaceAll("-", "::");
  const schema = name === undefined ? undefined : schemaOf(name);
  if ((Type !== undefined && Type !== "RESOURCE") || name === undefined || (!schema && !call.types.has(name)))
    throw new AwsError("TypeNotFoundException", `The type '${name}' cannot be found.`);
  const properties = Object.fromEntries([...(schema?.properties.keys() ?? [])].map((property) => [property, {}]));
  const pointers = (names: Iterable<string>) => [...names].map((property) => `/properties/${property}`);
  const document = {
    typeName: name,
    properties,
    required: [...(schema?.properties ?? [])].filter(([, { required }]) => required).map(([property]) => property),
    createOnlyProperties: pointers(
      [...(schema?.properties ?? [])].filter(([, { recreation }]) => recreation === "Always").map(([property]) => property),
    ),
    readOnlyProperties: pointers(schema?.attributes ?? []),
    primaryIdentifier: pointers(schema?.id ?? []),
  };
  return {
    Arn: `arn:aws:cloudformation:${call.region}::type/resource/${name.replaceAll("::", "-")}`,
    Type: "RESOURCE" as const,
    TypeName: name,
    Schema: JSON.stringify(document),
    ProvisioningType: "FULLY_MUTABLE" as const,
    DeprecatedStatus: "LIVE" as const,
    Visibility: "PUBLIC" as const,
    IsActivated: true,
  };
}

function DescribeAccountLimits() {
  return {
    AccountLimits: [
      { Name: "StackLimit", Value: LIMITS.stacks },
      { Name: "StackOutputsLimit", Value: LIMITS.outputs },
    ],
  };
}

export const descriptionOperations = {
  DescribeStacks, ListStacks, GetTemplate, GetTemplateSummary, ValidateTemplate, DescribeStackResource, DescribeStackResources, ListStackResources,
  DescribeStackEvents, DescribeEvents, ListExports, ListImports, GetStackPolicy, DescribeType, DescribeAccountLimits,
}; // prettier-ignore
