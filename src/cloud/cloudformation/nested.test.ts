import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { S3 } from "@aws-sdk/client-s3";
import { SSM } from "@aws-sdk/client-ssm";
import { expect, test } from "vitest";
import { clients } from "../clients.ts";
import { Cloud } from "../cloud.ts";

async function start() {
  const cloud = new Cloud({ paranoid: true });
  const make = clients(cloud);
  const cfn = make(CloudFormation, { region: "eu-west-1" });
  const s3 = make(S3, { region: "eu-west-1" });
  await s3.createBucket({ Bucket: "bucket", CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
  const put = (Key: string, template: object) => s3.putObject({ Bucket: "bucket", Key, Body: JSON.stringify(template) });
  const go = async (work: Promise<unknown>, StackName = "root") => {
    await work;
    cloud.settle();
    return (await cfn.describeStacks({ StackName })).Stacks![0]!;
  };
  return { cloud, cfn, put, go, ssm: make(SSM, { region: "eu-west-1" }) };
}

const parameter = (Value: unknown, more: object = {}) => ({ Type: "AWS::SSM::Parameter", Properties: { Type: "String", Value, ...more } });
const nested = (key: string, Parameters: object = {}) => ({
  Type: "AWS::CloudFormation::Stack",
  Properties: { TemplateURL: `https://bucket.s3.eu-west-1.amazonaws.com/${key}`, Parameters },
});
const root = (Resources: object) => ({ StackName: "root", TemplateBody: JSON.stringify({ Resources }) });
const child = (name: string, more: object = {}) => ({
  Parameters: { V: { Type: "String" } },
  Resources: { P: parameter({ Ref: "V" }, { Name: name }), ...more },
  Outputs: { Name: { Value: { Ref: "P" } } },
});

test("a nested stack takes parameters, gives outputs, and goes with its root", async () => {
  const { cfn, cloud, put, go, ssm } = await start();
  await put("one", child("/one"));
  expect(
    await go(
      cfn.createStack(
        root({ N: nested("one", { V: { Ref: "AWS::Region" } }), After: parameter({ "Fn::GetAtt": "N.Outputs.Name" }, { Name: "/after" }) }),
      ),
    ),
  ).toMatchObject({ StackStatus: "CREATE_COMPLETE" });
  expect((await ssm.getParameters({ Names: ["/one", "/after"] })).Parameters!.map(({ Value }) => Value!).toSorted()).toEqual([
    "/one",
    "eu-west-1",
  ]);
  const { PhysicalResourceId } = (await cfn.describeStackResource({ StackName: "root", LogicalResourceId: "N" })).StackResourceDetail!;
  const [inner] = (await cfn.describeStacks({ StackName: PhysicalResourceId! })).Stacks!;
  expect(inner).toMatchObject({
    StackStatus: "CREATE_COMPLETE",
    StackName: expect.stringMatching(/^root-N-[A-Za-z0-9]{12}$/),
    ParentId: inner!.RootId,
  });
  await cfn.deleteStack({ StackName: "root" });
  cloud.settle();
  expect((await cfn.listStacks({})).StackSummaries!.map(({ StackStatus }) => StackStatus)).toEqual(["DELETE_COMPLETE", "DELETE_COMPLETE"]);
});

test("a nested stack cleans up only when its root does", async () => {
  const { cfn, put, go, ssm } = await start();
  await ssm.putParameter({ Name: "/taken", Value: "x", Type: "String" });
  await put("one", child("/one", { Gone: parameter("g", { Name: "/gone" }) }));
  await put("two", child("/two"));
  await go(cfn.createStack(root({ N: nested("one", { V: "1" }) })));
  const failing = root({ N: nested("two", { V: "1" }), Bad: { ...parameter("x", { Name: "/taken" }), DependsOn: "N" } });
  expect((await go(cfn.updateStack(failing))).StackStatus).toBe("UPDATE_ROLLBACK_COMPLETE");
  const names = async () => (await ssm.getParameters({ Names: ["/one", "/two", "/gone"] })).Parameters!.map(({ Name }) => Name!).toSorted();
  expect(await names()).toEqual(["/gone", "/one"]);
  expect((await go(cfn.updateStack(root({ N: nested("two", { V: "1" }) })))).StackStatus).toBe("UPDATE_COMPLETE");
  expect(await names()).toEqual(["/two"]);
  expect((await cfn.listStacks({})).StackSummaries!.map(({ StackStatus }) => StackStatus)).toEqual(["UPDATE_COMPLETE", "UPDATE_COMPLETE"]);
});

test("a nested stack that fails takes its root with it", async () => {
  const { cfn, put, go, ssm } = await start();
  await ssm.putParameter({ Name: "/taken", Value: "x", Type: "String" });
  await put("bad", child("/taken"));
  expect((await go(cfn.createStack(root({ N: nested("bad", { V: "1" }) })))).StackStatus).toBe("ROLLBACK_COMPLETE");
  const { StackEvents } = await cfn.describeStackEvents({ StackName: "root" });
  expect(StackEvents!.find(({ ResourceStatus }) => ResourceStatus === "CREATE_FAILED")!.ResourceStatusReason).toMatch(
    /^Embedded stack arn:.* was not successfully created: The following resource\(s\) failed to create: \[P\]\. $/,
  );
});

test("a nested template that changes at the same URL is an update", async () => {
  const { cfn, put, go, ssm } = await start();
  await put("one", child("/one"));
  await go(cfn.createStack(root({ N: nested("one", { V: "1" }) })));
  await expect(cfn.updateStack(root({ N: nested("one", { V: "1" }) }))).rejects.toThrow("No updates are to be performed.");
  await put("one", child("/other"));
  expect((await go(cfn.updateStack(root({ N: nested("one", { V: "1" }) })))).StackStatus).toBe("UPDATE_COMPLETE");
  expect((await ssm.getParameter({ Name: "/other" })).Parameter!.Value).toBe("1");
});
