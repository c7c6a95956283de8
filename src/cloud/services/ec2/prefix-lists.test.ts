import { EC2 } from "@aws-sdk/client-ec2";
import { beforeEach, expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

let cloud: Cloud;
let ec2: EC2;
beforeEach(() => {
  cloud = new Cloud({ paranoid: true });
  ec2 = clients(cloud)(EC2);
});

async function make(MaxEntries = 3) {
  const { PrefixList } = await ec2.createManagedPrefixList({
    PrefixListName: "offices",
    AddressFamily: "IPv4",
    MaxEntries,
    Entries: [{ Cidr: "192.0.2.0/25", Description: "Bonn" }],
  });
  expect(PrefixList?.State).toBe("create-in-progress");
  cloud.settle();
  return PrefixList!.PrefixListId!;
}
const describe = async (id: string) => (await ec2.describeManagedPrefixLists({ PrefixListIds: [id] })).PrefixLists![0]!;
const entries = async (PrefixListId: string, TargetVersion?: number) =>
  (await ec2.getManagedPrefixListEntries({ PrefixListId, TargetVersion })).Entries;

test("AWS keeps lists for S3 and DynamoDB, with the same ids for everybody", async () => {
  const { PrefixLists = [] } = await ec2.describePrefixLists();
  expect(PrefixLists.map(({ PrefixListId, PrefixListName }) => [PrefixListId, PrefixListName])).toEqual([
    ["pl-6fa54006", "com.amazonaws.eu-west-1.dynamodb"],
    ["pl-6da54004", "com.amazonaws.eu-west-1.s3"],
  ]);
  expect(PrefixLists[1]?.Cidrs).toContain("52.218.0.0/17");
  expect(await describe("pl-6da54004")).toMatchObject({
    OwnerId: "AWS",
    State: "create-complete",
    PrefixListArn: "arn:aws:ec2:eu-west-1:aws:prefix-list/pl-6da54004",
  });
  await expect(ec2.deleteManagedPrefixList({ PrefixListId: "pl-6da54004" })).rejects.toMatchObject({ name: "UnauthorizedOperation" });
});

test("a list keeps every version of its entries", async () => {
  const id = await make();
  const change = {
    PrefixListId: id,
    CurrentVersion: 1,
    AddEntries: [{ Cidr: "198.51.100.77/24" }],
    RemoveEntries: [{ Cidr: "192.0.2.0/25" }],
  };
  expect((await ec2.modifyManagedPrefixList(change)).PrefixList).toMatchObject({ State: "modify-in-progress", Version: 2 });
  await expect(ec2.modifyManagedPrefixList({ ...change, CurrentVersion: 2 })).rejects.toMatchObject({ name: "IncorrectState" });
  cloud.settle();
  expect(await describe(id)).toMatchObject({ State: "modify-complete", Version: 2 });
  expect(await entries(id)).toEqual([{ Cidr: "198.51.100.0/24" }]);
  expect(await entries(id, 1)).toEqual([{ Cidr: "192.0.2.0/25", Description: "Bonn" }]);
  await expect(ec2.modifyManagedPrefixList(change)).rejects.toMatchObject({ name: "PrefixListVersionMismatch" });
  await ec2.restoreManagedPrefixListVersion({ PrefixListId: id, PreviousVersion: 1, CurrentVersion: 2 });
  cloud.settle();
  expect(await describe(id)).toMatchObject({ State: "restore-complete", Version: 3 });
  expect(await entries(id)).toEqual([{ Cidr: "192.0.2.0/25", Description: "Bonn" }]);
});

test("a list holds no more than its maximum, and one family", async () => {
  const id = await make(1);
  const add = (Cidr: string) => ec2.modifyManagedPrefixList({ PrefixListId: id, CurrentVersion: 1, AddEntries: [{ Cidr }] });
  await expect(add("198.51.100.0/24")).rejects.toMatchObject({ name: "PrefixListMaxEntriesExceeded" });
  await expect(add("2001:db8::/32")).rejects.toMatchObject({ name: "InvalidParameterValue" });
  await ec2.modifyManagedPrefixList({ PrefixListId: id, MaxEntries: 2 });
  cloud.settle();
  await add("198.51.100.0/24");
  const named = (PrefixListName: string) => ec2.createManagedPrefixList({ PrefixListName, AddressFamily: "IPv4", MaxEntries: 1 });
  await expect(named("com.amazonaws.mine")).rejects.toMatchObject({ name: "InvalidParameterValue" });
});

test("a list that a security group names stays", async () => {
  const id = await make();
  const { GroupId } = await ec2.createSecurityGroup({ GroupName: "web", Description: "a group" });
  const IpPermissions = [{ IpProtocol: "-1", PrefixListIds: [{ PrefixListId: id }] }];
  await ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions });
  expect((await ec2.getManagedPrefixListAssociations({ PrefixListId: id })).PrefixListAssociations).toEqual([
    { ResourceId: GroupId, ResourceOwner: "123456789012" },
  ]);
  await expect(ec2.deleteManagedPrefixList({ PrefixListId: id })).rejects.toMatchObject({ name: "DependencyViolation" });
  await ec2.revokeSecurityGroupIngress({ GroupId, IpPermissions });
  await ec2.deleteManagedPrefixList({ PrefixListId: id });
  expect(await describe(id)).toMatchObject({ State: "delete-in-progress" });
  cloud.settle();
  await expect(describe(id)).rejects.toMatchObject({ name: "InvalidPrefixListID.NotFound" });
});

test("the same client token makes one list", async () => {
  const once = async (MaxEntries: number) =>
    (await ec2.createManagedPrefixList({ PrefixListName: "offices", AddressFamily: "IPv4", MaxEntries, ClientToken: "t" })).PrefixList
      ?.PrefixListId;
  expect(await once(1)).toBe(await once(1));
  await expect(once(2)).rejects.toMatchObject({ name: "IdempotentParameterMismatch" });
});
