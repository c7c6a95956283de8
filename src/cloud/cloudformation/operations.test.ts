import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { SSM } from "@aws-sdk/client-ssm";
import { expect, test } from "vitest";
import { minutes, plus, seconds } from "../../kernel/units.ts";
import { clients } from "../clients.ts";
import { Cloud } from "../cloud.ts";
import { AwsError, resource } from "../service.ts";

/** A cloud with a type that does as its properties say: `Fail` names the handler that refuses. */
async function start() {
  const cloud = new Cloud({ paranoid: true });
  const make = clients(cloud);
  const cfn = make(CloudFormation, { region: "eu-west-1" });
  await cfn.listStacks();
  const refuse = (wanted: string, { Fail }: Record<string, any>) => {
    if (String(Fail).split(" ").includes(wanted)) throw new AwsError("InvalidRequest", `${wanted} refused`);
  };
  const thing = resource({
    create: (call, properties, about) => (refuse("create", properties), call.id(about.generatedName(40).slice(0, 5))),
    update: (_call, _id, properties, previous) => (refuse("update", properties), refuse("restore", previous)),
    delete: (_call, _id, properties) => refuse("delete", properties),
    settled: (_call, _id, { Slow }) => !Slow,
  });
  cloud.types.set("AWS::Test::Thing", { service: "ssm", type: thing });
  const go = async (work: Promise<unknown>, StackName = "s") => {
    await work;
    cloud.settle();
    return (await cfn.describeStacks({ StackName })).Stacks![0]!;
  };
  return { cloud, cfn, go, ssm: make(SSM, { region: "eu-west-1" }) };
}

const thing = (Properties: object = {}, more: object = {}) => ({ Type: "AWS::Test::Thing", Properties, ...more });
const parameter = (Value: unknown, more: object = {}) => ({ Type: "AWS::SSM::Parameter", Properties: { Type: "String", Value, ...more } });
const stack = (Resources: object, more: object = {}) => ({ StackName: "s", TemplateBody: JSON.stringify({ Resources }), ...more });

test("a failed creation stays as it is when rollback is disabled, and can be rolled back later or corrected", async () => {
  const { cfn, go } = await start();
  const failed = stack({ A: parameter("1", { Name: "/a" }), B: thing({ Fail: "create" }, { DependsOn: "A" }) }, { DisableRollback: true });
  expect(await go(cfn.createStack(failed))).toMatchObject({
    StackStatus: "CREATE_FAILED",
    StackStatusReason: "The following resource(s) failed to create: [B]. ",
  });
  expect(await go(cfn.updateStack(stack({ A: parameter("1", { Name: "/a" }), B: thing() })))).toMatchObject({
    StackStatus: "UPDATE_COMPLETE",
  });
  await cfn.createStack({ ...failed, StackName: "t", TemplateBody: JSON.stringify({ Resources: { B: thing({ Fail: "create" }) } }) });
  expect((await go(Promise.resolve(), "t")).StackStatus).toBe("CREATE_FAILED");
  expect((await go(cfn.rollbackStack({ StackName: "t" }), "t")).StackStatus).toBe("ROLLBACK_COMPLETE");
});

test("OnFailure DELETE leaves nothing but the deleted stack", async () => {
  const { cfn, cloud } = await start();
  const { StackId } = await cfn.createStack(stack({ B: thing({ Fail: "create" }) }, { OnFailure: "DELETE" }));
  cloud.settle();
  expect((await cfn.describeStacks({ StackName: StackId })).Stacks![0]!.StackStatus).toBe("DELETE_COMPLETE");
});

test("a rollback that fails is continued, and skips what it is told to", async () => {
  const { cfn, go } = await start();
  await go(cfn.createStack(stack({ A: thing({ N: 1 }), B: thing({ N: 1 }, { DependsOn: "A" }) })));
  const bad = stack({ A: thing({ N: 2, Fail: "restore" }), B: thing({ N: 2, Fail: "update" }, { DependsOn: "A" }) });
  expect(await go(cfn.updateStack(bad))).toMatchObject({
    StackStatus: "UPDATE_ROLLBACK_FAILED",
    StackStatusReason: "The following resource(s) failed to update: [A]. ",
  });
  expect((await go(cfn.continueUpdateRollback({ StackName: "s" }))).StackStatus).toBe("UPDATE_ROLLBACK_FAILED");
  expect((await go(cfn.continueUpdateRollback({ StackName: "s", ResourcesToSkip: ["A"] }))).StackStatus).toBe("UPDATE_ROLLBACK_COMPLETE");
});

test("an update that fails without rollback is rolled back by RollbackStack", async () => {
  const { cfn, go, ssm } = await start();
  await go(cfn.createStack(stack({ A: parameter("1", { Name: "/a" }) })));
  expect(
    (
      await go(
        cfn.updateStack(
          stack({ A: parameter("2", { Name: "/a" }), B: thing({ Fail: "create" }, { DependsOn: "A" }) }, { DisableRollback: true }),
        ),
      )
    ).StackStatus,
  ).toBe("UPDATE_FAILED");
  expect((await go(cfn.rollbackStack({ StackName: "s" }))).StackStatus).toBe("UPDATE_ROLLBACK_COMPLETE");
  expect((await ssm.getParameter({ Name: "/a" })).Parameter!.Value).toBe("1");
});

test("a deletion that fails can be repeated without the resources that stand in its way", async () => {
  const { cfn, cloud, go } = await start();
  const { StackId } = await go(
    cfn.createStack(stack({ A: thing({ Fail: "delete" }), B: thing({}, { DependsOn: "A" }), C: thing({}, { DeletionPolicy: "Retain" }) })),
  );
  expect(await go(cfn.deleteStack({ StackName: "s" }))).toMatchObject({
    StackStatus: "DELETE_FAILED",
    StackStatusReason: "The following resource(s) failed to delete: [A]. ",
  });
  await cfn.deleteStack({ StackName: "s", RetainResources: ["A"] });
  cloud.settle();
  expect(
    (await cfn.describeStackResources({ StackName: StackId }))
      .StackResources!.map(({ LogicalResourceId, ResourceStatus }) => `${LogicalResourceId} ${ResourceStatus}`)
      .sort(),
  ).toEqual(["A DELETE_SKIPPED", "B DELETE_COMPLETE", "C DELETE_SKIPPED"]);
});

test("a forced deletion leaves behind what cannot be deleted", async () => {
  const { cfn, cloud, go } = await start();
  const { StackId } = await go(cfn.createStack(stack({ A: thing({ Fail: "delete" }), B: thing({}, { DependsOn: "A" }) })));
  await expect(cfn.deleteStack({ StackName: "s", DeletionMode: "FORCE_DELETE_STACK" })).rejects.toThrow("DELETE_FAILED state");
  await go(cfn.deleteStack({ StackName: "s" }));
  await cfn.deleteStack({ StackName: "s", DeletionMode: "FORCE_DELETE_STACK" });
  cloud.settle();
  expect((await cfn.describeStacks({ StackName: StackId })).Stacks![0]!.StackStatus).toBe("DELETE_COMPLETE");
});

test("termination protection keeps a stack until it is switched off", async () => {
  const { cfn, go } = await start();
  await go(cfn.createStack(stack({ A: thing() }, { EnableTerminationProtection: true })));
  await expect(cfn.deleteStack({ StackName: "s" })).rejects.toThrow("Stack [s] cannot be deleted while TerminationProtection is enabled");
  await cfn.updateTerminationProtection({ StackName: "s", EnableTerminationProtection: false });
  await expect(go(cfn.deleteStack({ StackName: "s" }))).rejects.toThrow("does not exist");
});

test("a stack policy denies an update, which is taken back", async () => {
  const { cfn, go } = await start();
  const StackPolicyBody = JSON.stringify({
    Statement: [
      { Effect: "Allow", Action: "Update:*", Principal: "*", Resource: "*" },
      { Effect: "Deny", Action: "Update:Modify", Principal: "*", Resource: "LogicalResourceId/A" },
    ],
  });
  await go(cfn.createStack(stack({ A: thing({ N: 1 }), B: thing({ N: 1 }) }, { StackPolicyBody })));
  expect((await go(cfn.updateStack(stack({ A: thing({ N: 1 }), B: thing({ N: 2 }) })))).StackStatus).toBe("UPDATE_COMPLETE");
  expect((await go(cfn.updateStack(stack({ A: thing({ N: 2 }), B: thing({ N: 2 }) })))).StackStatus).toBe("UPDATE_ROLLBACK_COMPLETE");
  const StackPolicyDuringUpdateBody = JSON.stringify({
    Statement: [{ Effect: "Allow", Action: "Update:*", Principal: "*", Resource: "*" }],
  });
  expect((await go(cfn.updateStack(stack({ A: thing({ N: 3 }), B: thing({ N: 2 }) }, { StackPolicyDuringUpdateBody })))).StackStatus).toBe(
    "UPDATE_COMPLETE",
  );
});

test("a creation that takes longer than its time is rolled back", async () => {
  const { cfn, cloud } = await start();
  await cfn.createStack(stack({ A: thing({ Slow: true }) }, { TimeoutInMinutes: 5 }));
  cloud.advance(plus(cloud.run.now, minutes(4)));
  expect((await cfn.describeStacks({ StackName: "s" })).Stacks![0]!.StackStatus).toBe("CREATE_IN_PROGRESS");
  cloud.advance(plus(cloud.run.now, minutes(2)));
  expect((await cfn.describeStacks({ StackName: "s" })).Stacks![0]!.StackStatus).toBe("ROLLBACK_COMPLETE");
});

test("a cancelled update goes back", async () => {
  const { cfn, cloud, go } = await start();
  await go(cfn.createStack(stack({ A: thing({ N: 1 }) })));
  await cfn.updateStack(stack({ A: thing({ Slow: true }) }));
  cloud.advance(plus(cloud.run.now, seconds(30)));
  expect((await go(cfn.cancelUpdateStack({ StackName: "s" }))).StackStatus).toBe("UPDATE_ROLLBACK_COMPLETE");
});

test("a wait condition waits for its signals, and fails when they do not come", async () => {
  const { cfn, cloud, go } = await start();
  const waiting = {
    Handle: { Type: "AWS::CloudFormation::WaitConditionHandle" },
    Wait: { Type: "AWS::CloudFormation::WaitCondition", Properties: { Handle: { Ref: "Handle" }, Timeout: "300" } },
  };
  expect((await go(cfn.createStack(stack(waiting)))).StackStatus).toBe("CREATE_IN_PROGRESS");
  expect((await go(cfn.signalResource({ StackName: "s", LogicalResourceId: "Wait", UniqueId: "1", Status: "SUCCESS" }))).StackStatus).toBe(
    "CREATE_COMPLETE",
  );
  await cfn.createStack({ ...stack(waiting), StackName: "t", OnFailure: "DO_NOTHING" });
  cloud.advance(plus(cloud.run.now, minutes(6)));
  expect((await cfn.describeStackResource({ StackName: "t", LogicalResourceId: "Wait" })).StackResourceDetail).toMatchObject({
    ResourceStatus: "CREATE_FAILED",
    ResourceStatusReason: "WaitCondition timed out. Received 0 conditions when expecting 1",
  });
});

test("a creation policy counts signals", async () => {
  const { cfn, cloud, go } = await start();
  await cfn.createStack(stack({ A: thing({}, { CreationPolicy: { ResourceSignal: { Count: 2, Timeout: "PT10M" } } }) }));
  for (const UniqueId of ["i-1", "i-2"]) {
    cloud.advance(plus(cloud.run.now, minutes(1)));
    expect((await cfn.describeStacks({ StackName: "s" })).Stacks![0]!.StackStatus).toBe("CREATE_IN_PROGRESS");
    await cfn.signalResource({ StackName: "s", LogicalResourceId: "A", UniqueId, Status: "SUCCESS" });
  }
  expect((await go(Promise.resolve())).StackStatus).toBe("CREATE_COMPLETE");
});

test("dynamic references are followed when a resource is made, and never shown", async () => {
  const { cfn, go, ssm } = await start();
  await ssm.putParameter({ Name: "/source", Value: "hidden", Type: "String" });
  await go(cfn.createStack(stack({ A: parameter("{{resolve:ssm:/source}}", { Name: "/copy" }) })));
  expect((await ssm.getParameter({ Name: "/copy" })).Parameter!.Value).toBe("hidden");
  expect(JSON.stringify((await cfn.describeStackEvents({ StackName: "s" })).StackEvents)).not.toContain("hidden");
  await expect(cfn.updateStack(stack({ A: parameter("{{resolve:ssm:/source}}", { Name: "/copy" }) }))).rejects.toThrow(
    "No updates are to be performed.",
  );
});

test("drift shows what was changed behind the stack's back", async () => {
  const { cfn, go, ssm } = await start();
  await go(cfn.createStack(stack({ A: parameter("1", { Name: "/a" }), B: parameter("1", { Name: "/b" }), C: thing() })));
  await ssm.putParameter({ Name: "/a", Value: "2", Type: "String", Overwrite: true });
  await ssm.deleteParameter({ Name: "/b" });
  const { StackDriftDetectionId } = await cfn.detectStackDrift({ StackName: "s" });
  expect(await cfn.describeStackDriftDetectionStatus({ StackDriftDetectionId })).toMatchObject({
    StackDriftStatus: "DRIFTED",
    DetectionStatus: "DETECTION_COMPLETE",
    DriftedStackResourceCount: 2,
  });
  const { StackResourceDrifts } = await cfn.describeStackResourceDrifts({ StackName: "s" });
  expect(StackResourceDrifts).toMatchObject([
    {
      LogicalResourceId: "A",
      StackResourceDriftStatus: "MODIFIED",
      PropertyDifferences: [{ PropertyPath: "/Value", ExpectedValue: "1", ActualValue: "2", DifferenceType: "NOT_EQUAL" }],
    },
    { LogicalResourceId: "B", StackResourceDriftStatus: "DELETED" },
  ]);
});

test("events come in pages, newest first", async () => {
  const { cfn, go } = await start();
  await go(cfn.createStack(stack(Object.fromEntries(Array.from({ length: 60 }, (_none, index) => [`T${index}`, thing()])))));
  const all: string[] = [];
  let NextToken: string | undefined;
  do {
    const page = await cfn.describeStackEvents({ StackName: "s", NextToken });
    all.push(...page.StackEvents!.map(({ EventId }) => EventId!));
    NextToken = page.NextToken;
  } while (NextToken);
  // 60 resources with 3 events each, and 2 of the stack.
  expect(new Set(all).size).toBe(182);
});

test("a template of 150 resources deploys in half a second of CPU", async () => {
  const { cfn, cloud } = await start();
  const Resources = Object.fromEntries(
    Array.from({ length: 150 }, (_none, index) => [`P${index}`, parameter(index === 0 ? "v" : { "Fn::Sub": `\${P${index - 1}.Value}` })]),
  );
  await cfn.createStack(stack(Resources));
  const before = process.cpuUsage();
  cloud.settle();
  const { user } = process.cpuUsage(before);
  expect((await cfn.describeStacks({ StackName: "s" })).Stacks![0]!.StackStatus).toBe("CREATE_COMPLETE");
  expect(user / 1000).toBeLessThan(500);
});
