import { expect, test } from "vitest";
import { define } from "../stacks/testing.ts";
import { examine } from "./examine.ts";

const said = (change?: (input: any) => void) =>
  examine(define(change)).findings.map(({ code, place }) => `${code} ${place.stack ?? ""}/${place.resource ?? ""}`);

test("the reference platform has no findings", () => {
  const { findings, acknowledged } = examine(define());
  expect(findings).toEqual([]);
  expect(acknowledged).toBeGreaterThan(0);
});

const strategies = ["none", "backup-restore", "pilot-light", "warm-standby", "hot-standby", "active-active"];
const variants = strategies.flatMap((strategy) =>
  ["tgw", "vgw"].flatMap((hub) => ["docker-hub", "pull-through", "ecr"].map((mode) => [strategy, hub, mode] as const)),
);

test.each(variants)(
  "AwsSolutions, CloudFormation's rules, resilience, quotas, reachability and recovery path find nothing with %s, %s, %s",
  (strategy, hub, mode) => {
    const found = said((input) => {
      input.recovery.strategy = strategy;
      input.registry = { mode };
      input.site.hub = hub;
      if (hub === "vgw") Object.assign(input.site.vpn, { tunnel: "standard", ecmp: false });
    });
    // Two choices have their price, and the checks name it: a hub with narrow tunnels, a registry that counts pulls.
    const price = [...(hub === "vgw" ? ["RES013"] : []), ...(mode === "docker-hub" ? ["RES052"] : [])];
    expect(found.filter((each) => !each.startsWith("OBJ")).map((each) => each.split(" ")[0])).toEqual(price);
  },
);

test("backup and restore finds that its promises cannot be kept, and nothing else", () => {
  const codes = examine(define((input) => (input.recovery.strategy = "backup-restore"))).findings.map(
    ({ code, severity }) => `${severity} ${code}`,
  );
  expect(codes).toEqual(["error OBJ001", "error OBJ001", "warning OBJ002"]);
});

type Change = (stack: any) => void;

/** The CDK's own properties, as a user would set them; cdk-nag looks at these. */
const set =
  (id: string, property: string, value: unknown): Change =>
  (stack) => {
    const found = stack.node.tryFindChild(id);
    if (found) found[property] = value;
  };

/** Faults planted through the way out: each gives the finding that names it. */
const planted: [string, string, Change][] = [
  ["a database that is not encrypted", "AwsSolutions-RDS2", set("Database", "storageEncrypted", false)],
  ["a database that can be deleted", "AwsSolutions-RDS10", set("Database", "deletionProtection", false)],
  ["a bucket without access logs", "AwsSolutions-S1", set("ReportsBucket", "loggingConfiguration", undefined)],
  ["a load balancer that does not log", "AwsSolutions-ELB2", set("LoadBalancer", "loadBalancerAttributes", [])],
  ["a key that is not rotated", "AwsSolutions-KMS5", set("Key", "enableKeyRotation", false)],
  [
    "a role that may do everything",
    "AwsSolutions-IAM4",
    set("ReplicationRole", "managedPolicyArns", ["arn:aws:iam::aws:policy/AdministratorAccess"]),
  ],
  ["a property that does not exist", "F3002", (stack) => stack.node.tryFindChild("Vpc")?.addPropertyOverride("CidrBlok", "10.0.0.0/16")],
  ["no way out through NAT", "RCH005", (stack) => stack.node.tryRemoveChild("NatGatewayA")],
];

test.each(planted)("%s: %s", (_name, code, change) => {
  const found = examine({ ...define(), override: ({ stack }) => change(stack) }).findings.map((each) => each.code);
  expect(found).toContain(code);
});
