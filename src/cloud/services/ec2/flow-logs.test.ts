import { EC2, type CreateFlowLogsCommandInput } from "@aws-sdk/client-ec2";
import { beforeEach, expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

let ec2: EC2;
let vpcId: string;
beforeEach(async () => {
  ec2 = clients(new Cloud({ paranoid: true }))(EC2);
  vpcId = (await ec2.createVpc({ CidrBlock: "10.0.0.0/16" })).Vpc!.VpcId!;
});

const make = (more: Partial<CreateFlowLogsCommandInput> = {}) =>
  ec2.createFlowLogs({
    ResourceIds: [vpcId],
    ResourceType: "VPC",
    TrafficType: "REJECT",
    LogGroupName: "flows",
    DeliverLogsPermissionArn: "arn:aws:iam::123456789012:role/flows",
    ...more,
  });

test("a flow log records into a log group in AWS's format, every ten minutes", async () => {
  const { FlowLogIds, Unsuccessful } = await make({
    TagSpecifications: [{ ResourceType: "vpc-flow-log", Tags: [{ Key: "a", Value: "b" }] }],
  });
  expect(Unsuccessful).toEqual([]);
  expect((await ec2.describeFlowLogs({ FlowLogIds })).FlowLogs).toMatchObject([
    {
      FlowLogId: FlowLogIds?.[0],
      FlowLogStatus: "ACTIVE",
      ResourceId: vpcId,
      TrafficType: "REJECT",
      LogGroupName: "flows",
      LogDestinationType: "cloud-watch-logs",
      MaxAggregationInterval: 600,
      Tags: [{ Key: "a", Value: "b" }],
    },
  ]);
  await ec2.deleteFlowLogs({ FlowLogIds });
  expect((await ec2.describeFlowLogs()).FlowLogs).toEqual([]);
  expect((await ec2.deleteFlowLogs({ FlowLogIds })).Unsuccessful).toMatchObject([{ Error: { Code: "InvalidFlowLogId.NotFound" } }]);
});

test("of several resources each is answered for", async () => {
  const { FlowLogIds, Unsuccessful } = await make({ ResourceIds: [vpcId, "vpc-00000000000000000"] });
  expect([FlowLogIds?.length, Unsuccessful]).toMatchObject([
    1,
    [{ ResourceId: "vpc-00000000000000000", Error: { Code: "InvalidVpcID.NotFound" } }],
  ]);
  expect((await make()).Unsuccessful).toMatchObject([{ ResourceId: vpcId, Error: { Code: "FlowLogAlreadyExists" } }]);
});

test.each<[string, Partial<CreateFlowLogsCommandInput>]>([
  ["no destination", { LogGroupName: undefined }],
  ["no role for CloudWatch Logs", { DeliverLogsPermissionArn: undefined }],
  ["S3 without a bucket", { LogDestinationType: "s3" }],
  ["another interval than one or ten minutes", { MaxAggregationInterval: 300 }],
  ["no kind of traffic", { TrafficType: undefined }],
])("%s is refused", async (_what, more) => {
  await expect(make(more)).rejects.toMatchObject({ name: "InvalidParameter" });
});
