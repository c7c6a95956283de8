import { ServiceQuotas } from "@aws-sdk/client-service-quotas";
import { expect, test } from "vitest";
import { hours, minutes, plus } from "../../kernel/units.ts";
import { clients } from "../clients.ts";
import { Cloud } from "../cloud.ts";

const VPCS = { ServiceCode: "vpc", QuotaCode: "L-F678F1CE" };
const connect = (region = "eu-west-1") => {
  const cloud = new Cloud({ paranoid: true });
  return { cloud, quotas: clients(cloud)(ServiceQuotas, { region }), elsewhere: clients(cloud)(ServiceQuotas, { region: "us-east-1" }) };
};

test("an increase goes from pending over a case to approved, in its region only", async () => {
  const { cloud, quotas, elsewhere } = connect();
  const { RequestedQuota } = await quotas.requestServiceQuotaIncrease({ ...VPCS, DesiredValue: 20 });
  expect(RequestedQuota).toMatchObject({ Status: "PENDING", DesiredValue: 20, QuotaName: "VPCs per Region" });
  const status = async () => (await quotas.getRequestedServiceQuotaChange({ RequestId: RequestedQuota!.Id })).RequestedQuota;
  cloud.advance(plus(cloud.run.now, minutes(2)));
  expect(await status()).toMatchObject({ Status: "CASE_OPENED", CaseId: expect.stringMatching(/^\d{10}$/) });
  expect((await quotas.getServiceQuota(VPCS)).Quota!.Value).toBe(5);
  cloud.advance(plus(cloud.run.now, hours(1)));
  expect(await status()).toMatchObject({ Status: "APPROVED" });
  expect((await quotas.getServiceQuota(VPCS)).Quota).toMatchObject({
    Value: 20,
    QuotaArn: "arn:aws:servicequotas:eu-west-1:123456789012:vpc/L-F678F1CE",
  });
  expect((await quotas.getAWSDefaultServiceQuota(VPCS)).Quota).toMatchObject({
    Value: 5,
    QuotaArn: "arn:aws:servicequotas:eu-west-1::vpc/L-F678F1CE",
  });
  expect((await elsewhere.getServiceQuota(VPCS)).Quota!.Value).toBe(5);
});

test.each([
  ["no more than there is", { ...VPCS, DesiredValue: 5 }, "IllegalArgumentException"],
  ["a fixed quota", { ServiceCode: "secretsmanager", QuotaCode: "L-2F66C23C", DesiredValue: 1e6 }, "IllegalArgumentException"],
  ["an unknown quota", { ServiceCode: "vpc", QuotaCode: "L-00000000", DesiredValue: 9 }, "NoSuchResourceException"],
  ["an unknown service", { ServiceCode: "teapots", QuotaCode: "L-F678F1CE", DesiredValue: 9 }, "NoSuchResourceException"],
  ["a global quota outside us-east-1", { ServiceCode: "iam", QuotaCode: "L-FE177D64", DesiredValue: 2000 }, "NoSuchResourceException"],
])("an increase of %s is refused", async (_what, input, name) => {
  await expect(connect().quotas.requestServiceQuotaIncrease(input)).rejects.toMatchObject({ name });
});

test("a second request is refused while one is open, and both are in the history afterwards", async () => {
  const { cloud, quotas } = connect();
  await quotas.requestServiceQuotaIncrease({ ...VPCS, DesiredValue: 10 });
  await expect(quotas.requestServiceQuotaIncrease({ ...VPCS, DesiredValue: 11 })).rejects.toMatchObject({
    name: "ResourceAlreadyExistsException",
  });
  cloud.settle();
  await quotas.requestServiceQuotaIncrease({ ...VPCS, DesiredValue: 12 });
  await quotas.requestServiceQuotaIncrease({ ServiceCode: "ec2", QuotaCode: "L-0263D0A3", DesiredValue: 12, SupportCaseAllowed: false });
  const first = await quotas.listRequestedServiceQuotaChangeHistoryByQuota({ ...VPCS, MaxResults: 1 });
  const second = await quotas.listRequestedServiceQuotaChangeHistoryByQuota({ ...VPCS, MaxResults: 1, NextToken: first.NextToken });
  expect([first, second].map(({ RequestedQuotas }) => RequestedQuotas![0]!.DesiredValue)).toEqual([12, 10]);
  cloud.settle();
  expect((await quotas.listRequestedServiceQuotaChangeHistory({ Status: "APPROVED" })).RequestedQuotas).toHaveLength(3);
});

test("services and quotas are listed by page, global ones in us-east-1 only", async () => {
  const { quotas, elsewhere } = connect();
  const first = await quotas.listServiceQuotas({ ServiceCode: "vpc", MaxResults: 10 });
  const rest = await quotas.listServiceQuotas({ ServiceCode: "vpc", NextToken: first.NextToken });
  const codes = [...first.Quotas!, ...rest.Quotas!].map(({ QuotaCode }) => QuotaCode);
  expect(new Set(codes).size).toBe((await quotas.listAWSDefaultServiceQuotas({ ServiceCode: "vpc" })).Quotas!.length);
  const names = async (client: ServiceQuotas) => (await client.listServices({})).Services!.map(({ ServiceCode }) => ServiceCode);
  expect(await names(quotas)).not.toContain("iam");
  expect(await names(elsewhere)).toContain("iam");
});

test("ECS-016 DX-20 the quotas of the rules are listed with their default values", async () => {
  const { quotas } = connect();
  const value = async (ServiceCode: string, QuotaCode: string) => (await quotas.getServiceQuota({ ServiceCode, QuotaCode })).Quota!.Value;
  expect([await value("ecs", "L-21C621EB"), await value("ecs", "L-9EF96962")]).toEqual([10_000, 5000]);
  expect([
    await value("directconnect", "L-A2659207"),
    await value("directconnect", "L-42DEC0EF"),
    await value("directconnect", "L-62B7491E"),
    await value("directconnect", "L-53A26B6D"),
  ]).toEqual([10, 10, 200, 51]);
});

test("applied quotas carry tags", async () => {
  const { quotas } = connect();
  const ResourceARN = (await quotas.getServiceQuota(VPCS)).Quota!.QuotaArn!;
  await quotas.tagResource({
    ResourceARN,
    Tags: [
      { Key: "owner", Value: "net" },
      { Key: "x", Value: "" },
    ],
  });
  await quotas.untagResource({ ResourceARN, TagKeys: ["x"] });
  expect((await quotas.listTagsForResource({ ResourceARN })).Tags).toEqual([{ Key: "owner", Value: "net" }]);
  await expect(quotas.tagResource({ ResourceARN: "arn:aws:s3:::b", Tags: [] })).rejects.toMatchObject({ name: "NoSuchResourceException" });
});
