/** Metric filters, subscription filters and resource policies. Stored; metrics and subscribers come with the services that take them. */
import type * as sdk from "@aws-sdk/client-cloudwatch-logs";
import { AwsError, type Operations } from "../../service.ts";
import { compile, extract } from "./filter-pattern.ts";
import { findGroup, invalid, page, type State } from "./log.ts";

const missing = (what: string) => new AwsError("ResourceNotFoundException", `The specified ${what} does not exist.`, 400);
const limit = (what: string) => new AwsError("LimitExceededException", `Resource limit exceeded: ${what}.`, 400);

export const filterOperations = {
  PutMetricFilter(call, { logGroupName, filterName, filterPattern, metricTransformations, ...rest }) {
    const group = findGroup(call, logGroupName);
    compile(filterPattern);
    if (metricTransformations.length !== 1)
      throw invalid(
        "1 validation error detected: Value at 'metricTransformations' failed to satisfy constraint: Member must have length equal to 1",
      );
    if (!group.metricFilters.has(filterName) && group.metricFilters.size >= 100) throw limit("100 metric filters for each log group");
    const { applyOnTransformedLogs } = rest;
    group.metricFilters.set(filterName, {
      filterName,
      filterPattern,
      metricTransformations,
      applyOnTransformedLogs,
      logGroupName: group.name,
      creationTime: call.now,
    });
  },
  DescribeMetricFilters(call, { logGroupName, filterNamePrefix = "", metricName, metricNamespace, limit: most, nextToken }) {
    const groups = logGroupName === undefined ? [...call.state.groups.values()] : [findGroup(call, logGroupName)];
    const all = groups
      .flatMap(({ metricFilters }) => [...metricFilters.values()])
      .filter(
        ({ filterName = "", metricTransformations = [] }) =>
          filterName.startsWith(filterNamePrefix) &&
          (metricName === undefined ||
            metricTransformations.some((each) => each.metricName === metricName && each.metricNamespace === metricNamespace)),
      )
      .sort((a, b) => (a.filterName! < b.filterName! ? -1 : 1));
    const { page: metricFilters, nextToken: next } = page(all, most, nextToken);
    return { metricFilters, nextToken: next };
  },
  DeleteMetricFilter(call, { logGroupName, filterName }) {
    if (!findGroup(call, logGroupName).metricFilters.delete(filterName)) throw missing("metric filter");
  },
  TestMetricFilter(_call, { filterPattern, logEventMessages }) {
    const matches = compile(filterPattern);
    return {
      matches: logEventMessages.flatMap((eventMessage, index) =>
        matches(eventMessage) ? [{ eventNumber: index + 1, eventMessage, extractedValues: extract(filterPattern, eventMessage) }] : [],
      ),
    };
  },

  PutSubscriptionFilter(call, { logGroupName, filterName, filterPattern, destinationArn, roleArn, distribution = "ByLogStream" }) {
    const group = findGroup(call, logGroupName);
    compile(filterPattern);
    if (!/^arn:aws:(kinesis|firehose|lambda|logs):/.test(destinationArn))
      throw invalid(
        "Could not execute the given destination ARN. Make sure the destination ARN is one of Kinesis, Firehose, Lambda or a logical destination.",
      );
    // Two for each log group: cloudwatch_limits_cwl.html
    if (!group.subscriptionFilters.has(filterName) && group.subscriptionFilters.size >= 2)
      throw limit("2 subscription filters for each log group");
    group.subscriptionFilters.set(filterName, {
      filterName,
      logGroupName: group.name,
      filterPattern,
      destinationArn,
      roleArn,
      distribution,
      creationTime: call.now,
    });
  },
  DescribeSubscriptionFilters(call, { logGroupName, filterNamePrefix = "", limit: most, nextToken }) {
    const all = [...findGroup(call, logGroupName).subscriptionFilters.values()].filter(({ filterName = "" }) =>
      filterName.startsWith(filterNamePrefix),
    );
    const { page: subscriptionFilters, nextToken: next } = page(all, most, nextToken);
    return { subscriptionFilters, nextToken: next };
  },
  DeleteSubscriptionFilter(call, { logGroupName, filterName }) {
    if (!findGroup(call, logGroupName).subscriptionFilters.delete(filterName)) throw missing("subscription filter");
  },

  PutResourcePolicy(call, { policyName = "", policyDocument = "" }) {
    if (policyName === "") throw invalid("The policy name must be given.");
    try {
      JSON.parse(policyDocument);
    } catch {
      throw invalid("Syntax error in policy document");
    }
    // Ten for each region: cloudwatch_limits_cwl.html
    if (!call.state.policies.has(policyName) && call.state.policies.size >= 10) throw limit("10 resource policies for each Region");
    const resourcePolicy = { policyName, policyDocument, lastUpdatedTime: call.now };
    call.state.policies.set(policyName, resourcePolicy);
    return { resourcePolicy };
  },
  DescribeResourcePolicies(call, { limit: most, nextToken }) {
    const { page: resourcePolicies, nextToken: next } = page([...call.state.policies.values()], most, nextToken);
    return { resourcePolicies, nextToken: next };
  },
  DeleteResourcePolicy(call, { policyName = "" }) {
    if (!call.state.policies.delete(policyName)) throw missing("resource policy");
  },
} satisfies Operations<sdk.CloudWatchLogs, State>;
