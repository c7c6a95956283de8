import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

test("CloudFormation makes a log group with all that belongs to it, changes it in place, and takes it away", async () => {
  const cloud = new Cloud({ paranoid: true });
  const formation = clients(cloud)(CloudFormation);
  const logs = clients(cloud)(CloudWatchLogs);
  const template = (days: number, team: string) =>
    JSON.stringify({
      Resources: {
        Group: { Type: "AWS::Logs::LogGroup", Properties: { RetentionInDays: days, Tags: [{ Key: "team", Value: team }] } },
        Stream: { Type: "AWS::Logs::LogStream", Properties: { LogGroupName: { Ref: "Group" }, LogStreamName: "one" } },
        Errors: {
          Type: "AWS::Logs::MetricFilter",
          Properties: {
            LogGroupName: { Ref: "Group" },
            FilterPattern: "ERROR",
            MetricTransformations: [{ MetricName: "errors", MetricNamespace: "shop", MetricValue: "1", DefaultValue: "0" }],
          },
        },
        Out: {
          Type: "AWS::Logs::SubscriptionFilter",
          Properties: {
            LogGroupName: { Ref: "Group" },
            FilterPattern: "",
            DestinationArn: "arn:aws:lambda:eu-west-1:123456789012:function:f",
          },
        },
        May: {
          Type: "AWS::Logs::ResourcePolicy",
          Properties: { PolicyName: "dns", PolicyDocument: '{"Version":"2012-10-17","Statement":[]}' },
        },
      },
      Outputs: { Arn: { Value: { "Fn::GetAtt": ["Group", "Arn"] } }, Name: { Value: { Ref: "Group" } } },
    });
  await formation.createStack({ StackName: "logs", TemplateBody: template(7, "a") });
  cloud.settle();
  const { Stacks: [stack] = [] } = await formation.describeStacks({ StackName: "logs" });
  expect(stack?.StackStatus).toBe("CREATE_COMPLETE");
  const output = (key: string) => stack?.Outputs?.find(({ OutputKey }) => OutputKey === key)?.OutputValue ?? "";
  const logGroupName = output("Name");
  expect(output("Arn")).toBe(`arn:aws:logs:eu-west-1:123456789012:log-group:${logGroupName}:*`);
  const resourceArn = output("Arn").slice(0, -2);
  await logs.tagResource({ resourceArn, tags: { own: "mine" } });
  expect((await logs.describeLogStreams({ logGroupName })).logStreams).toMatchObject([{ logStreamName: "one" }]);
  expect((await logs.describeMetricFilters({ logGroupName })).metricFilters).toMatchObject([
    { filterPattern: "ERROR", metricTransformations: [{ metricName: "errors", defaultValue: 0 }] },
  ]);
  expect((await logs.describeSubscriptionFilters({ logGroupName })).subscriptionFilters).toHaveLength(1);
  expect((await logs.describeResourcePolicies({})).resourcePolicies).toMatchObject([{ policyName: "dns" }]);
  await formation.updateStack({ StackName: "logs", TemplateBody: template(30, "b") });
  cloud.settle();
  expect((await logs.describeLogGroups({})).logGroups).toMatchObject([{ logGroupName, retentionInDays: 30 }]);
  expect((await logs.listTagsForResource({ resourceArn })).tags).toMatchObject({ team: "b", own: "mine" });
  await formation.deleteStack({ StackName: "logs" });
  cloud.settle();
  expect((await logs.describeLogGroups({})).logGroups).toEqual([]);
});

test("a forward token goes on to what comes later, and stays the same at the end", async () => {
  const cloud = new Cloud({ paranoid: true });
  const logs = clients(cloud)(CloudWatchLogs);
  const at = { logGroupName: "g", logStreamName: "s" };
  await logs.createLogGroup({ logGroupName: "g" });
  await logs.createLogStream(at);
  const put = (...timestamps: number[]) =>
    logs.putLogEvents({ ...at, logEvents: timestamps.map((timestamp) => ({ timestamp, message: `${timestamp}` })) });
  const read = async (nextToken?: string) => logs.getLogEvents({ ...at, startFromHead: true, limit: 2, nextToken });
  const empty = await read();
  await put(0, 5, 1000);
  const first = await read(empty.nextForwardToken);
  expect(first.events?.map(({ message }) => message)).toEqual(["0", "5"]);
  const second = await read(first.nextForwardToken);
  expect(second.events?.map(({ message }) => message)).toEqual(["1000"]);
  const end = await read(second.nextForwardToken);
  expect(end).toMatchObject({ events: [], nextForwardToken: second.nextForwardToken });
  await put(1000, 2000);
  expect((await read(end.nextForwardToken)).events?.map(({ message }) => message)).toEqual(["1000", "2000"]);
  expect((await read(second.nextBackwardToken)).events?.map(({ message }) => message)).toEqual(["0", "5"]);
  const top = await read(first.nextBackwardToken);
  expect(top).toMatchObject({ events: [], nextBackwardToken: first.nextBackwardToken });
});
