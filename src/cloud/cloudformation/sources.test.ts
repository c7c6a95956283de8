import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { S3 } from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { clients } from "../clients.ts";
import { Cloud } from "../cloud.ts";

test("a template of more than 51,200 bytes comes from a bucket", async () => {
  const cloud = new Cloud({ paranoid: true });
  const make = clients(cloud);
  const [s3, cfn] = [make(S3, { region: "eu-west-1" }), make(CloudFormation, { region: "eu-west-1" })];
  await s3.createBucket({ Bucket: "templates", CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
  const Body = JSON.stringify({
    Metadata: { padding: "x".repeat(60_000) },
    Resources: { P: { Type: "AWS::SSM::Parameter", Properties: { Type: "String", Value: "v" } } },
  });
  await expect(cfn.createStack({ StackName: "s", TemplateBody: Body })).rejects.toThrow(
    "Member must have length less than or equal to 51200",
  );
  await s3.putObject({ Bucket: "templates", Key: "a/b.json", Body });
  await cfn.createStack({ StackName: "s", TemplateURL: "https://templates.s3.eu-west-1.amazonaws.com/a/b.json" });
  cloud.settle();
  expect((await cfn.describeStacks({ StackName: "s" })).Stacks![0]!.StackStatus).toBe("CREATE_COMPLETE");
  await expect(cfn.createStack({ StackName: "t", TemplateURL: "https://templates.s3.eu-west-1.amazonaws.com/none" })).rejects.toThrow(
    "S3 error: The specified key does not exist.",
  );
});
