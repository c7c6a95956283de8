import { EC2 } from "@aws-sdk/client-ec2";
import { beforeEach, expect, test } from "vitest";
import { days, hours, plus, seconds } from "../../../kernel/units.ts";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

let cloud: Cloud;
let ireland: EC2;
let frankfurt: EC2;
beforeEach(() => {
  cloud = new Cloud({ paranoid: true });
  ireland = clients(cloud)(EC2, { region: "eu-west-1" });
  frankfurt = clients(cloud)(EC2, { region: "eu-central-1" });
});

const vpc = async (ec2: EC2, CidrBlock: string) => (await ec2.createVpc({ CidrBlock })).Vpc!.VpcId!;
const wait = (duration = seconds(1)) => cloud.advance(plus(cloud.run.now, duration));
const request = async (VpcId: string, PeerVpcId: string, PeerRegion?: string) =>
  (await ireland.createVpcPeeringConnection({ VpcId, PeerVpcId, PeerRegion })).VpcPeeringConnection!.VpcPeeringConnectionId!;
const describe = async (ec2: EC2, id: string) =>
  (await ec2.describeVpcPeeringConnections({ VpcPeeringConnectionIds: [id] })).VpcPeeringConnections![0]!;
const code = async (ec2: EC2, id: string) => (await describe(ec2, id)).Status?.Code;

test("a request is accepted and then connects", async () => {
  const [a, b] = [await vpc(ireland, "10.0.0.0/16"), await vpc(ireland, "10.1.0.0/16")];
  const id = await request(a, b);
  expect(await code(ireland, id)).toBe("initiating-request");
  await expect(ireland.acceptVpcPeeringConnection({ VpcPeeringConnectionId: id })).rejects.toMatchObject({
    name: "InvalidStateTransition",
  });
  wait();
  expect((await describe(ireland, id)).Status).toEqual({ Code: "pending-acceptance", Message: "Pending Acceptance by 123456789012" });
  expect((await ireland.acceptVpcPeeringConnection({ VpcPeeringConnectionId: id })).VpcPeeringConnection?.Status?.Code).toBe(
    "provisioning",
  );
  wait();
  expect(await describe(ireland, id)).toMatchObject({
    Status: { Code: "active", Message: "Active" },
    RequesterVpcInfo: { VpcId: a, CidrBlock: "10.0.0.0/16", Region: "eu-west-1" },
    AccepterVpcInfo: { VpcId: b, CidrBlock: "10.1.0.0/16", PeeringOptions: { AllowDnsResolutionFromRemoteVpc: false } },
  });
  await expect(request(b, a)).rejects.toMatchObject({ name: "VpcPeeringConnectionAlreadyExists" });
});

test("between regions each has its record, and the accepter's region accepts", async () => {
  const [a, b] = [await vpc(ireland, "10.0.0.0/16"), await vpc(frankfurt, "10.1.0.0/16")];
  const id = await request(a, b, "eu-central-1");
  wait();
  expect(await code(frankfurt, id)).toBe("pending-acceptance");
  await expect(ireland.acceptVpcPeeringConnection({ VpcPeeringConnectionId: id })).rejects.toMatchObject({ name: "OperationNotPermitted" });
  await frankfurt.acceptVpcPeeringConnection({ VpcPeeringConnectionId: id });
  wait();
  expect([await code(ireland, id), await code(frankfurt, id)]).toEqual(["active", "active"]);
  const options = { VpcPeeringConnectionId: id, AccepterPeeringConnectionOptions: { AllowDnsResolutionFromRemoteVpc: true } };
  await expect(ireland.modifyVpcPeeringConnectionOptions(options)).rejects.toMatchObject({ name: "OperationNotPermitted" });
  await frankfurt.modifyVpcPeeringConnectionOptions(options);
  expect((await describe(ireland, id)).AccepterVpcInfo?.PeeringOptions?.AllowDnsResolutionFromRemoteVpc).toBe(true);
  await frankfurt.deleteVpcPeeringConnection({ VpcPeeringConnectionId: id });
  wait();
  expect([await code(ireland, id), await code(frankfurt, id)]).toEqual(["deleted", "deleted"]);
});

test("VPCs with an address in common cannot be peered, nor one with itself or with none", async () => {
  const [a, b] = [await vpc(ireland, "10.0.0.0/16"), await vpc(ireland, "10.0.128.0/17")];
  const ids = [await request(a, b), await request(a, a), await request(a, "vpc-00000000000000000", "eu-central-1")];
  wait();
  for (const id of ids)
    expect((await describe(ireland, id)).Status).toEqual({
      Code: "failed",
      Message: "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range",
    });
  wait(hours(2));
  expect((await ireland.describeVpcPeeringConnections()).VpcPeeringConnections).toEqual([]);
});

test("a request that nobody accepts expires after seven days and is forgotten two days later", async () => {
  const id = await request(await vpc(ireland, "10.0.0.0/16"), await vpc(ireland, "10.1.0.0/16"));
  wait(days(6));
  wait(hours(23));
  expect(await code(ireland, id)).toBe("pending-acceptance");
  wait(hours(1));
  expect(await code(ireland, id)).toBe("expired");
  wait(days(2));
  await expect(describe(ireland, id)).rejects.toMatchObject({ name: "InvalidVpcPeeringConnectionID.NotFound" });
});

test("a rejected request cannot be accepted", async () => {
  const id = await request(await vpc(ireland, "10.0.0.0/16"), await vpc(ireland, "10.1.0.0/16"));
  wait();
  await ireland.rejectVpcPeeringConnection({ VpcPeeringConnectionId: id });
  expect(await code(ireland, id)).toBe("rejected");
  await expect(ireland.acceptVpcPeeringConnection({ VpcPeeringConnectionId: id })).rejects.toMatchObject({
    name: "InvalidStateTransition",
  });
});

test("a rule may name a group of the peer VPC, and becomes stale with the connection", async () => {
  const [a, b] = [await vpc(ireland, "10.0.0.0/16"), await vpc(ireland, "10.1.0.0/16")];
  const id = await request(a, b);
  wait();
  await ireland.acceptVpcPeeringConnection({ VpcPeeringConnectionId: id });
  wait();
  const group = async (VpcId: string) => (await ireland.createSecurityGroup({ GroupName: "app", Description: "a group", VpcId })).GroupId!;
  const [own, peer] = [await group(a), await group(b)];
  await ireland.authorizeSecurityGroupIngress({
    GroupId: own,
    IpPermissions: [{ IpProtocol: "-1", UserIdGroupPairs: [{ GroupId: peer }] }],
  });
  const pair = async () =>
    (await ireland.describeSecurityGroups({ GroupIds: [own] })).SecurityGroups?.[0]?.IpPermissions?.[0]?.UserIdGroupPairs?.[0];
  expect(await pair()).toMatchObject({ GroupId: peer, VpcId: b, VpcPeeringConnectionId: id, PeeringStatus: "active" });
  expect((await ireland.describeSecurityGroupReferences({ GroupId: [peer] })).SecurityGroupReferenceSet).toMatchObject([
    { GroupId: peer, ReferencingVpcId: a, VpcPeeringConnectionId: id },
  ]);
  await ireland.deleteVpcPeeringConnection({ VpcPeeringConnectionId: id });
  expect((await pair())?.PeeringStatus).toBe("deleted");
  const { StaleSecurityGroupSet } = await ireland.describeStaleSecurityGroups({ VpcId: a });
  expect(StaleSecurityGroupSet).toMatchObject([
    { GroupId: own, StaleIpPermissions: [{ IpProtocol: "-1", UserIdGroupPairs: [{ GroupId: peer }] }] },
  ]);
  await ireland.deleteSecurityGroup({ GroupId: peer });
});
