import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

test("CloudFormation makes a bus and rules, changes them in place, and takes them away", async () => {
  const cloud = new Cloud({ paranoid: true });
  const connection = clients(cloud);
  const formation = connection(CloudFormation);
  const events = connection(EventBridge);
  const template = (description: string, team: string, targets: number) =>
    JSON.stringify({
      Resources: {
        Queue: { Type: "AWS::SQS::Queue" },
        Bus: {
          Type: "AWS::Events::EventBus",
          Properties: {
            Name: "shop",
            Description: description,
            LogConfig: { Level: "INFO", IncludeDetail: "FULL" },
            Tags: [{ Key: "team", Value: team }],
          },
        },
        Orders: {
          Type: "AWS::Events::Rule",
          Properties: {
            EventBusName: { Ref: "Bus" },
            EventPattern: { source: ["shop"] },
            Description: description,
            Tags: [{ Key: "team", Value: team }],
            Targets: Array.from({ length: targets }, (_, at) => ({
              Id: `t${at}`,
              Arn: { "Fn::GetAtt": ["Queue", "Arn"] },
              RetryPolicy: { MaximumRetryAttempts: "3" },
            })),
          },
        },
        Nightly: { Type: "AWS::Events::Rule", Properties: { ScheduleExpression: "cron(0 3 * * ? *)" } },
        May: {
          Type: "AWS::Events::EventBusPolicy",
          Properties: { EventBusName: { Ref: "Bus" }, StatementId: "them", Action: "events:PutEvents", Principal: "111122223333" },
        },
      },
      Outputs: {
        Orders: { Value: { "Fn::GetAtt": ["Orders", "Arn"] } },
        Ref: { Value: { Ref: "Orders" } },
        Nightly: { Value: { Ref: "Nightly" } },
      },
    });
  await formation.createStack({ StackName: "rules", TemplateBody: template("one", "a", 2) });
  cloud.settle();
  const { Stacks: [stack] = [] } = await formation.describeStacks({ StackName: "rules" });
  expect(stack?.StackStatus).toBe("CREATE_COMPLETE");
  const output = (key: string) => stack?.Outputs?.find(({ OutputKey }) => OutputKey === key)?.OutputValue ?? "";
  const Name = output("Orders").split("/").at(-1) ?? "";
  expect(output("Orders")).toBe(`arn:aws:events:eu-west-1:123456789012:rule/shop/${Name}`);
  expect(output("Ref")).toBe(`shop|${Name}`);
  const described = await events.describeRule({ Name, EventBusName: "shop" });
  expect(described).toMatchObject({ Description: "one", EventPattern: '{"source":["shop"]}' });
  expect(described.ManagedBy).toBeUndefined();
  expect(await events.listTargetsByRule({ Rule: Name, EventBusName: "shop" })).toMatchObject({
    Targets: [{ Id: "t0", RetryPolicy: { MaximumRetryAttempts: 3 } }, { Id: "t1" }],
  });
  expect(await events.describeEventBus({ Name: "shop" })).toMatchObject({
    LogConfig: { Level: "INFO", IncludeDetail: "FULL" },
    Policy: expect.stringContaining('"Sid":"them"'),
  });
  await formation.updateStack({ StackName: "rules", TemplateBody: template("two", "b", 1) });
  cloud.settle();
  const team = async (ResourceARN = "") =>
    (await events.listTagsForResource({ ResourceARN })).Tags?.find(({ Key }) => Key === "team")?.Value;
  expect(await events.describeRule({ Name, EventBusName: "shop" })).toMatchObject({ Description: "two" });
  expect((await events.listTargetsByRule({ Rule: Name, EventBusName: "shop" })).Targets).toHaveLength(1);
  expect(await team(output("Orders"))).toBe("b");
  expect(await team("arn:aws:events:eu-west-1:123456789012:event-bus/shop")).toBe("b");
  await formation.deleteStack({ StackName: "rules" });
  cloud.settle();
  expect((await events.listEventBuses({})).EventBuses?.map(({ Name }) => Name)).toEqual(["default"]);
  expect((await events.listRules({})).Rules).toEqual([]);
});

test("an event goes from bus to bus, also to another region, but not on from there", async () => {
  const cloud = new Cloud({ paranoid: true });
  const connection = clients(cloud);
  const events = connection(EventBridge);
  const far = connection(EventBridge, { region: "eu-central-1" });
  const arn = (region: string, name: string) => `arn:aws:events:${region}:123456789012:event-bus/${name}`;
  await far.createEventBus({ Name: "mirror" });
  const EventPattern = '{"source":["shop"]}';
  await events.putRule({ Name: "out", EventPattern });
  await events.putTargets({ Rule: "out", Targets: [{ Id: "far", Arn: arn("eu-central-1", "mirror") }] });
  await far.putRule({ Name: "back", EventBusName: "mirror", EventPattern });
  await far.putTargets({ Rule: "back", EventBusName: "mirror", Targets: [{ Id: "home", Arn: arn("eu-west-1", "default") }] });
  await events.putEvents({ Entries: [{ Source: "shop", DetailType: "Order", Detail: "{}" }] });
  expect(cloud.settle()).toBeLessThan(10);
  const counts = (region: string, bus: string, rule: string) =>
    cloud.state("events", "123456789012", region).buses.get(bus).rules.get(rule).counts;
  expect(counts("eu-west-1", "default", "out")).toMatchObject({ matched: 1, delivered: 1 });
  expect(counts("eu-central-1", "mirror", "back")).toMatchObject({ matched: 1, delivered: 0 });
});
