/** What the templates need against what AWS grants. */
import { expect, test } from "vitest";
import { gib } from "../kernel/units.ts";
import { assemble } from "../stacks/assemble.ts";
import type { Assembly, SynthesizedStack } from "../stacks/assembly.ts";
import { places } from "../stacks/place.ts";
import { define } from "../stacks/testing.ts";
import { model } from "./model.ts";
import { quotas } from "./quotas.ts";

function said(change: (input: any) => void, plant: (assembly: Assembly) => void = () => undefined): string[] {
  const definition = define(change);
  const assembly = assemble(definition);
  plant(assembly);
  const subject = { definition, places: places(definition), assembly, model: model(assembly) };
  return quotas.flatMap((each) => [...each.check(subject)].map(({ message, severity = "error" }) => `${each.id} ${severity}: ${message}`));
}

const stack = (assembly: Assembly, id: string): SynthesizedStack => assembly.stacks.find((each) => each.id === id)!;

test("the reference platform has been granted what it needs", () => {
  expect(said(() => undefined)).toEqual([]);
});

test("QUO001 a new account's vCPUs do not hold the cluster, in either region", () => {
  // At most 16 machines of 2 vCPUs.
  const sentence = (region: string) => `QUO001 warning: vCPUs of On-Demand Standard instances in ${region}: 32 needed, 5 granted.`;
  expect(said((input) => delete input.quotas)).toEqual([sentence("eu-west-1"), sentence("eu-central-1")]);
});

test("QUO001 the request can be copied", () => {
  const definition = define((input) => delete input.quotas);
  const assembly = assemble(definition);
  const subject = { definition, places: places(definition), assembly, model: model(assembly) };
  const [first] = [...quotas[0]!.check(subject)];
  expect(first!.fix).toContain(
    "aws service-quotas request-service-quota-increase --region eu-west-1 --service-code ec2 --quota-code L-1216C47A --desired-value 32",
  );
});

test("QUO001 addresses and rules of one security group are counted", () => {
  const found = said(
    () => undefined,
    (assembly) => {
      const { Resources } = stack(assembly, "eu-west-1-network").template;
      for (let at = 0; at < 4; at++) Resources[`Address${at}`] = { Type: "AWS::EC2::EIP" };
      // 60 more beside the one that lets the load balancer in and the one for services that use each other.
      for (let port = 1; port <= 60; port++) {
        const Properties = { GroupId: { "Fn::GetAtt": ["HostsGroup", "GroupId"] }, IpProtocol: "tcp", FromPort: port, ToPort: port };
        Resources[`Rule${port}`] = { Type: "AWS::EC2::SecurityGroupIngress", Properties };
      }
    },
  );
  expect(found).toEqual([
    "QUO001 warning: Elastic IP addresses in eu-west-1: 6 needed, 5 granted.",
    "QUO001 warning: Inbound or outbound rules per security group in eu-west-1: 62 needed by eu-west-1-network.HostsGroup, 60 granted.",
  ]);
});

test("QUO001 network load balancers have a quota of their own", () => {
  const found = said(
    () => undefined,
    (assembly) => {
      const { Resources } = stack(assembly, "eu-west-1-network").template;
      for (let at = 0; at < 51; at++)
        Resources[`Balancer${at}`] = { Type: "AWS::ElasticLoadBalancingV2::LoadBalancer", Properties: { Type: "network" } };
    },
  );
  expect(found).toEqual(["QUO001 warning: Network Load Balancers in eu-west-1: 51 needed, 50 granted."]);
});

test("QUO001 a type that nobody has counted is said, not taken for nothing", () => {
  const found = said(
    () => undefined,
    (assembly) => {
      const { Properties } = stack(assembly, "eu-west-1-compute").template.Resources.Hosts!;
      Properties!.MixedInstancesPolicy.LaunchTemplate.Overrides[0].InstanceType = "m99.large";
    },
  );
  expect(found).toEqual(["QUO001 warning: eu-west-1-compute.Hosts takes m99.large, of which it is not known here how many vCPUs it has."]);
});

test("QUO001 IAM's quotas are asked for where its control plane is", () => {
  const definition = define((input) => (input.quotas["L-0DA4ABF3"] = 0));
  const assembly = assemble(definition);
  const subject = { definition, places: places(definition), assembly, model: model(assembly) };
  const fixes = [...quotas[0]!.check(subject)].map(({ fix }) => fix);
  expect(fixes.length).toBeGreaterThan(0);
  for (const fix of fixes) expect(fix).toContain("--region us-east-1 --service-code iam --quota-code L-0DA4ABF3");
});

test("QUO002 a grant that no check looks at", () => {
  expect(said((input) => (input.quotas["L-00000000"] = 9))).toEqual(["QUO002 warning: Nothing is compared with quota L-00000000."]);
});

test("QUO003 a template too large for CloudFormation", () => {
  const found = said(
    (input) => (input.database.storage.initial = gib(200)),
    (assembly) => {
      const { Resources } = stack(assembly, "eu-west-1-vault").template;
      for (let at = 0; at < 500; at++) Resources[`Topic${at}`] = { Type: "AWS::SNS::Topic" };
    },
  );
  expect(found).toEqual(["QUO003 error: eu-west-1-vault has 501 resources, and CloudFormation takes 500."]);
});
