import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { SSM } from "@aws-sdk/client-ssm";
import { expect, test } from "vitest";
import { digest } from "../../kernel/digest.ts";
import { fork } from "../../kernel/loop.ts";
import { plus, seconds } from "../../kernel/units.ts";
import { clients } from "../clients.ts";
import { Cloud } from "../cloud.ts";

function start() {
  const cloud = new Cloud({ paranoid: true });
  const make = clients(cloud);
  return { cloud, cfn: make(CloudFormation, { region: "eu-west-1" }), ssm: make(SSM, { region: "eu-west-1" }) };
}

const parameter = (Value: unknown, more: object = {}) => ({ Type: "AWS::SSM::Parameter", Properties: { Type: "String", Value, ...more } });
const body = (Resources: object, more: object = {}) => JSON.stringify({ Resources, ...more });

async function create({ cloud, cfn }: ReturnType<typeof start>, StackName: string, TemplateBody: string, more: object = {}) {
  await cfn.createStack({ StackName, TemplateBody, ...more });
  cloud.settle();
  return describe(cfn, StackName);
}

async function update({ cloud, cfn }: ReturnType<typeof start>, StackName: string, TemplateBody: string, more: object = {}) {
  await cfn.updateStack({ StackName, TemplateBody, ...more });
  cloud.settle();
  return describe(cfn, StackName);
}

const describe = async (cfn: CloudFormation, StackName: string) => (await cfn.describeStacks({ StackName })).Stacks![0]!;
const events = async (cfn: CloudFormation, StackName: string) =>
  (await cfn.describeStackEvents({ StackName }))
    .StackEvents!.reverse()
    .map(({ LogicalResourceId, ResourceStatus }) => `${LogicalResourceId} ${ResourceStatus}`);

test("a stack's resources are made in the order of their references, each with its events", async () => {
  const run = start();
  const stack = await create(
    run,
    "one",
    body(
      { Second: parameter({ "Fn::GetAtt": ["First", "Value"] }), First: parameter("v") },
      { Outputs: { Name: { Value: { Ref: "Second" } } } },
    ),
  );
  expect(stack.StackStatus).toBe("CREATE_COMPLETE");
  expect(await events(run.cfn, "one")).toEqual([
    "one CREATE_IN_PROGRESS",
    "First CREATE_IN_PROGRESS",
    "First CREATE_IN_PROGRESS",
    "First CREATE_COMPLETE",
    "Second CREATE_IN_PROGRESS",
    "Second CREATE_IN_PROGRESS",
    "Second CREATE_COMPLETE",
    "one CREATE_COMPLETE",
  ]);
  const [{ OutputValue }] = stack.Outputs as [{ OutputValue: string }];
  expect(OutputValue).toMatch(/Second-[A-Z0-9a-z]+$/);
  expect((await run.ssm.getParameter({ Name: OutputValue })).Parameter!.Value).toBe("v");
});

test("an update changes in place what it can, replaces what it must, and cleans up", async () => {
  const run = start();
  await create(
    run,
    "up",
    body({ A: parameter("1", { Name: "/a" }), B: parameter({ Ref: "A" }, { Name: "/b" }), Gone: parameter("x", { Name: "/gone" }) }),
  );
  const stack = await update(run, "up", body({ A: parameter("2", { Name: "/a2" }), B: parameter({ Ref: "A" }, { Name: "/b" }) }));
  expect(stack.StackStatus).toBe("UPDATE_COMPLETE");
  expect((await run.ssm.getParameter({ Name: "/b" })).Parameter!.Value).toBe("/a2");
  for (const Name of ["/a", "/gone"]) await expect(run.ssm.getParameter({ Name })).rejects.toMatchObject({ name: "ParameterNotFound" });
  expect((await events(run.cfn, "up")).slice(-12)).toEqual([
    "up UPDATE_IN_PROGRESS",
    "A UPDATE_IN_PROGRESS",
    "A UPDATE_IN_PROGRESS",
    "A UPDATE_COMPLETE",
    "B UPDATE_IN_PROGRESS",
    "B UPDATE_COMPLETE",
    "up UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "A DELETE_IN_PROGRESS",
    "Gone DELETE_IN_PROGRESS",
    "A DELETE_COMPLETE",
    "Gone DELETE_COMPLETE",
    "up UPDATE_COMPLETE",
  ]);
  expect(
    (await run.cfn.listStackResources({ StackName: "up" })).StackResourceSummaries!.map(({ LogicalResourceId }) => LogicalResourceId),
  ).toEqual(["A", "B"]);
});

test("a creation that fails takes back what it made", async () => {
  const run = start();
  await run.ssm.putParameter({ Name: "/taken", Value: "x", Type: "String" });
  const stack = await create(
    run,
    "bad",
    body({ Good: parameter("1", { Name: "/good" }), Bad: { ...parameter("2", { Name: "/taken" }), DependsOn: "Good" } }),
  );
  expect(stack.StackStatus).toBe("ROLLBACK_COMPLETE");
  await expect(run.ssm.getParameter({ Name: "/good" })).rejects.toMatchObject({ name: "ParameterNotFound" });
  const { StackEvents } = await run.cfn.describeStackEvents({ StackName: "bad" });
  expect(StackEvents!.find(({ ResourceStatus }) => ResourceStatus === "CREATE_FAILED")!.ResourceStatusReason).toMatch(
    /HandlerErrorCode: AlreadyExists\)$/,
  );
  expect(StackEvents!.find(({ ResourceStatus }) => ResourceStatus === "ROLLBACK_IN_PROGRESS")!.ResourceStatusReason).toBe(
    "The following resource(s) failed to create: [Bad]. Rollback requested by user.",
  );
  await expect(run.cfn.updateStack({ StackName: "bad", TemplateBody: body({ Good: parameter("1") }) })).rejects.toThrow(
    /is in ROLLBACK_COMPLETE state and can not be updated/,
  );
  await run.cfn.deleteStack({ StackName: "bad" });
  run.cloud.settle();
  await expect(run.cfn.describeStacks({ StackName: "bad" })).rejects.toThrow("Stack with id bad does not exist");
});

test("an update that fails restores what it changed and deletes what it added", async () => {
  const run = start();
  await run.ssm.putParameter({ Name: "/taken", Value: "x", Type: "String" });
  await create(
    run,
    "back",
    body(
      { A: parameter("1", { Name: "/a" }), R: parameter("1", { Name: "/r" }) },
      { Outputs: { V: { Value: { "Fn::GetAtt": "A.Value" } } } },
    ),
  );
  const bad = { ...parameter("z", { Name: "/taken" }), DependsOn: ["A", "R", "New"] };
  const stack = await update(
    run,
    "back",
    body({ A: parameter("2", { Name: "/a" }), R: parameter("1", { Name: "/r2" }), New: parameter("n", { Name: "/new" }), Bad: bad }),
  );
  expect(stack.StackStatus).toBe("UPDATE_ROLLBACK_COMPLETE");
  expect(
    (await run.ssm.getParameters({ Names: ["/a", "/r", "/r2", "/new"] })).Parameters!.map(({ Name, Value }) => `${Name}=${Value}`),
  ).toEqual(["/a=1", "/r=1"]);
  expect(stack.Outputs).toEqual([{ OutputKey: "V", OutputValue: "1" }]);
  expect(
    (await run.cfn.describeStackResources({ StackName: "back" })).StackResources!.map(({ LogicalResourceId }) => LogicalResourceId),
  ).toEqual(["A", "R"]);
});

test("an export that is not there, or not free, fails a creation", async () => {
  const run = start();
  const stack = await create(run, "lost", body({ B: parameter({ "Fn::ImportValue": "nowhere" }) }));
  expect(stack).toMatchObject({ StackStatus: "ROLLBACK_COMPLETE" });
  expect(
    (await run.cfn.describeStackEvents({ StackName: "lost" })).StackEvents!.map(({ ResourceStatusReason }) => ResourceStatusReason),
  ).toContain("No export named nowhere found. Rollback requested by user.");
  const exporting = body({ A: parameter("1") }, { Outputs: { O: { Value: "1", Export: { Name: "mine" } } } });
  await create(run, "first", exporting);
  expect((await create(run, "second", exporting)).StackStatus).toBe("ROLLBACK_COMPLETE");
  expect((await run.cfn.listExports()).Exports).toMatchObject([
    { Name: "mine", Value: "1", ExportingStackId: expect.stringContaining("stack/first/") },
  ]);
});

test("exports carry values between stacks, and cannot go while they are used", async () => {
  const run = start();
  await create(
    run,
    "exporter",
    body(
      { A: parameter("shared", { Name: "/a" }) },
      { Outputs: { O: { Value: { Ref: "A" }, Export: { Name: { "Fn::Sub": "${AWS::StackName}:A" } } } } },
    ),
  );
  await create(run, "importer", body({ B: parameter({ "Fn::ImportValue": "exporter:A" }, { Name: "/b" }) }));
  expect((await run.ssm.getParameter({ Name: "/b" })).Parameter!.Value).toBe("/a");
  expect((await run.cfn.listImports({ ExportName: "exporter:A" })).Imports).toEqual(["importer"]);
  const stack = await update(run, "exporter", body({ A: parameter("shared", { Name: "/a" }), C: parameter("c") }));
  expect(stack.StackStatus).toBe("UPDATE_ROLLBACK_COMPLETE");
  expect(await events(run.cfn, "exporter")).toContain("exporter UPDATE_ROLLBACK_IN_PROGRESS");
  await run.cfn.deleteStack({ StackName: "exporter" });
  run.cloud.settle();
  expect(await describe(run.cfn, "exporter")).toMatchObject({
    StackStatus: "UPDATE_ROLLBACK_COMPLETE",
    StackStatusReason: "Export exporter:A cannot be deleted as it is in use by importer",
  });
});

test("a run that is forked in the middle of a deployment ends as the original does", async () => {
  const run = start();
  await run.cfn.createStack({ StackName: "forked", TemplateBody: body({ A: parameter("1"), B: parameter({ "Fn::GetAtt": "A.Value" }) }) });
  run.cloud.advance(plus(run.cloud.run.now, seconds(3)));
  const twin = new Cloud({ run: fork(run.cloud.run) });
  await twin.loadAll();
  run.cloud.settle();
  twin.settle();
  expect(digest(twin.run)).toBe(digest(run.cloud.run));
});
