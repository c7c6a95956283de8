import { EC2 } from "@aws-sdk/client-ec2";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

test("an account knows its platform and its default VPC", async () => {
  const ec2 = clients(new Cloud({ paranoid: true }))(EC2);
  const { AccountAttributes = [] } = await ec2.describeAccountAttributes({ AttributeNames: ["supported-platforms", "default-vpc"] });
  const { Vpcs = [] } = await ec2.describeVpcs({ Filters: [{ Name: "is-default", Values: ["true"] }] });
  expect(AccountAttributes).toEqual([
    { AttributeName: "supported-platforms", AttributeValues: [{ AttributeValue: "VPC" }] },
    { AttributeName: "default-vpc", AttributeValues: [{ AttributeValue: Vpcs[0]?.VpcId }] },
  ]);
});

test("an account that has changed nothing encrypts no volumes by default and uses long ids", async () => {
  const ec2 = clients(new Cloud({ paranoid: true }))(EC2);
  expect(await ec2.getEbsEncryptionByDefault()).toMatchObject({ EbsEncryptionByDefault: false });
  expect(await ec2.getEbsDefaultKmsKeyId()).toMatchObject({ KmsKeyId: "arn:aws:kms:eu-west-1:123456789012:alias/aws/ebs" });
  expect((await ec2.describeIdFormat({ Resource: "vpc" })).Statuses).toEqual([{ Resource: "vpc", UseLongIds: true }]);
});
