/** CloudFormation: AWS::Logs::LogGroup, LogStream, MetricFilter, SubscriptionFilter, ResourcePolicy. */
import { resource, type Call, type Properties, type Stack } from "../../service.ts";
import { filterOperations } from "./filters.ts";
import { checkRetention, groupOperations } from "./groups.ts";
import { findGroup, type Group, type Here } from "./log.ts";

const here = (call: Call) => call as Here;
const group = (call: Call, name: string): Group | undefined => here(call).state.groups.get(name);
const tagsOf = ({ Tags = [] }: Properties, stack: Stack) => ({
  ...stack.tags,
  ...Object.fromEntries(Tags.map(({ Key, Value }: { Key: string; Value: unknown }) => [Key, String(Value)])),
});
const number = (value: unknown) => (value === undefined ? undefined : Number(value));
const lower = (name: string) => name.slice(0, 1).toLowerCase() + name.slice(1);
const lowered = (object: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [lower(name), value]));

function putMetricFilter(
  call: Call,
  name: string,
  { LogGroupName, FilterPattern, MetricTransformations, ApplyOnTransformedLogs }: Properties,
): void {
  const metricTransformations = MetricTransformations.map((each: Properties) => ({
    ...lowered(each),
    defaultValue: number(each.DefaultValue),
    dimensions: each.Dimensions && Object.fromEntries(each.Dimensions.map(({ Key, Value }: Properties) => [Key, Value])),
  }));
  filterOperations.PutMetricFilter(here(call), {
    logGroupName: LogGroupName,
    filterName: name,
    filterPattern: FilterPattern,
    metricTransformations,
    applyOnTransformedLogs: ApplyOnTransformedLogs,
  });
}

function putSubscriptionFilter(
  call: Call,
  name: string,
  { LogGroupName, FilterPattern, DestinationArn, RoleArn, Distribution }: Properties,
): void {
  filterOperations.PutSubscriptionFilter(here(call), {
    logGroupName: LogGroupName,
    filterName: name,
    filterPattern: FilterPattern,
    destinationArn: DestinationArn,
    roleArn: RoleArn,
    distribution: Distribution,
  });
}

const policyText = (document: unknown) => (typeof document === "string" ? document : JSON.stringify(document));

export const resources = {
  "AWS::Logs::LogGroup": resource({
    create(call, properties, stack) {
      const logGroupName = properties.LogGroupName ?? stack.generatedName(512);
      const retention = number(properties.RetentionInDays);
      if (retention !== undefined) checkRetention(retention);
      groupOperations.CreateLogGroup(here(call), {
        logGroupName,
        kmsKeyId: properties.KmsKeyId,
        logGroupClass: properties.LogGroupClass,
        tags: tagsOf(properties, stack),
        deletionProtectionEnabled: String(properties.DeletionProtectionEnabled) === "true",
      });
      findGroup(here(call), logGroupName).retentionInDays = retention;
      return logGroupName;
    },
    update(call, id, properties, previous, stack) {
      const found = findGroup(here(call), id);
      const retention = number(properties.RetentionInDays);
      if (retention !== undefined) checkRetention(retention);
      found.retentionInDays = retention;
      found.kmsKeyId = properties.KmsKeyId;
      found.deletionProtection = String(properties.DeletionProtectionEnabled) === "true";
      // Tags that others gave it stay.
      for (const { Key } of previous.Tags ?? []) delete found.tags[Key];
      Object.assign(found.tags, tagsOf(properties, stack));
    },
    delete(call, id) {
      if (group(call, id)) groupOperations.DeleteLogGroup(here(call), { logGroupName: id });
    },
    attributes: (call, id) => ({ Arn: `${call.arn("logs", `log-group:${id}`)}:*` }),
    read(call, id) {
      const found = group(call, id);
      return (
        found && { LogGroupName: id, RetentionInDays: found.retentionInDays, KmsKeyId: found.kmsKeyId, LogGroupClass: found.logGroupClass }
      );
    },
  }),
  "AWS::Logs::LogStream": resource({
    create(call, { LogGroupName, LogStreamName }, stack) {
      const logStreamName = LogStreamName ?? stack.generatedName(512);
      groupOperations.CreateLogStream(here(call), { logGroupName: LogGroupName, logStreamName });
      return logStreamName;
    },
    delete(call, id, { LogGroupName }) {
      group(call, LogGroupName)?.streams.delete(id);
    },
  }),
  "AWS::Logs::MetricFilter": resource({
    create(call, properties, stack) {
      const name = properties.FilterName ?? stack.generatedName(512);
      putMetricFilter(call, name, properties);
      return name;
    },
    update: (call, id, properties) => putMetricFilter(call, id, properties),
    delete(call, id, { LogGroupName }) {
      group(call, LogGroupName)?.metricFilters.delete(id);
    },
  }),
  "AWS::Logs::SubscriptionFilter": resource({
    create(call, properties, stack) {
      const name = properties.FilterName ?? stack.generatedName(512);
      putSubscriptionFilter(call, name, properties);
      return name;
    },
    update: (call, id, properties) => putSubscriptionFilter(call, id, properties),
    delete(call, id, { LogGroupName }) {
      group(call, LogGroupName)?.subscriptionFilters.delete(id);
    },
  }),
  "AWS::Logs::ResourcePolicy": resource({
    create(call, { PolicyName, PolicyDocument }) {
      filterOperations.PutResourcePolicy(here(call), { policyName: PolicyName, policyDocument: policyText(PolicyDocument) });
      return PolicyName;
    },
    update: (call, id, { PolicyDocument }) =>
      void filterOperations.PutResourcePolicy(here(call), { policyName: id, policyDocument: policyText(PolicyDocument) }),
    delete(call, id) {
      here(call).state.policies.delete(id);
    },
  }),
};
