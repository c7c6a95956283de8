/** What CloudFormation cannot make: which steps a platform has, in which order. */
import { expect, test } from "vitest";
import { steps } from "./plan.ts";
import { define } from "./testing.ts";

const ids = (change?: (input: any) => void): string[] => steps(define(change)).map(({ id }) => id);
const step = (id: string, change?: (input: any) => void) => steps(define(change)).find((each) => each.id === id)!;

test("the reference platform's steps, what takes longest first", () => {
  expect(ids()).toEqual([
    // 12 instances of 2 vCPUs against a new account's 5.
    "quota-l-1216c47a-primary",
    "quota-l-1216c47a-recovery",
    "direct-connect-available",
    "backup-consent-primary",
    "backup-consent-recovery",
    "handover-primary-key-arn",
    "handover-hosted-zone-id",
    "handover-direct-connect-gateway-id",
    "delegation",
    "subscriptions-primary",
    "subscriptions-recovery",
    "docker-hub-primary",
    "docker-hub-recovery",
    "router-edge-1",
    "router-edge-2",
    "dns-forwarding",
    "gateway-primary",
    "gateway-recovery",
    "host-rack-1",
    "host-rack-2",
    "site-services-primary",
  ]);
});

test("every step can be taken again: it says how to see that it is done", () => {
  for (const { check, do: commands, why, id } of steps(define())) {
    expect(id && why && check.command && check.done).toBeTruthy();
    expect(commands.length).toBeGreaterThan(0);
  }
});

test("S1 ordering ports says cost and lead time and needs a flag", () => {
  const order = step("direct-connect-order", ({ site }) => {
    site.directConnect.connection = { order: { locations: ["EqDB4", "EqDB5"], ports: 1 } };
  });
  expect(order.title).toBe("Order 2 Direct Connect ports of 10 Gbps at EqDB4 and EqDB5");
  // 2.25 × 2 × 730 = 3285
  expect(order.costs).toContain("$3285 a month");
  expect(order.takes).toContain("72 hours");
  expect(order.confirm).toBe("confirm-order");
});

test("S1 a hosted connection is accepted by its id", () => {
  const hosted = step("direct-connect-accept", ({ site }) => {
    site.directConnect.connection = { hosted: "dxcon-abc12345" };
  });
  expect(hosted.do).toEqual(["aws directconnect confirm-connection --region eu-west-1 --connection-id dxcon-abc12345"]);
  // 2.48 × 730 = 1810
  expect(hosted.costs).toContain("$1810 a month");
});

test("S24 an activation is minted for one host and one hour and goes straight there", () => {
  const [check, enrol] = step("host-rack-1").do;
  expect(check).toBe("ssh 10.64.8.11 sudo causeway-host check");
  expect(enrol).toContain("--registration-limit 1");
  expect(enrol).toContain("+1 hour");
  expect(enrol).toMatch(/\| ssh 10\.64\.8\.11 sudo causeway-host enrol primary$/);
  expect(enrol).not.toMatch(/[>]|tee/);
});

test("S9 where both regions work, hosts are split", () => {
  const both = (input: any) => (input.recovery.strategy = "active-active");
  expect(step("host-rack-2", both).do[1]).toContain("enrol recovery");
  expect(ids(both)).toContain("site-services-recovery");
});

test("S20 the gateway gets its disks and leaves its ARN where the shares' stack looks", () => {
  const commands = step("gateway-recovery").do.join("\n");
  expect(commands).toContain("activationRegion=eu-central-1");
  expect(commands).toContain("add-cache");
  expect(commands).toContain("put-parameter --region eu-central-1 --name /customer-three/files/gateway-arn");
});

test("S28 under backup and restore the other region's gateway waits", () => {
  expect(step("gateway-recovery", (input) => (input.recovery.strategy = "backup-restore")).when).toContain("when the region is recovered");
});

test("S10 own repositories need no credentials of Docker Hub", () => {
  expect(ids((input) => (input.registry = { mode: "ecr" })).filter((id) => id.startsWith("docker-hub"))).toEqual([]);
});

test("one region has one region's steps", () => {
  const alone = ids((input) => {
    input.recovery.strategy = "none";
    delete input.regions.recovery;
  });
  expect(alone.filter((id) => id.endsWith("-recovery") || id.startsWith("handover"))).toEqual([]);
});
