/** S9 S20 S24: hosts, mounts, DNS and the proxy of the data centre. */
import { expect, test } from "vitest";
import { define, rendered } from "./testing.ts";

const reference = rendered(define());

test("S9 each host has its settings, all have the same program", () => {
  expect(reference["hosts/rack-2/causeway/host.env"]).toBe(`HOST="rack-2"
ADDRESS="10.64.9.11"
CLUSTER="customer-three"
PRIMARY_REGION="eu-west-1"
RECOVERY_REGION="eu-central-1"
ENDPOINTS="ssm ssmmessages ec2messages ecs ecs-a ecs-t logs secretsmanager api.ecr s3"
DOCKER_BIP="172.17.0.1/16"
SHARES="reports"
`);
  expect(Object.keys(reference).filter((path) => path.endsWith("causeway-host"))).toHaveLength(1);
});

test("S5 Docker's bridge is the address plan's", () => {
  const moved = rendered(define((input) => (input.addresses = { docker: "172.29.0.0/20" })));
  expect(JSON.parse(moved["hosts/every/docker/daemon.json"]!)).toMatchObject({ bip: "172.29.0.1/20", "live-restore": true });
});

test("S20 every share has a way to each region's gateway", () => {
  const unit = String.raw`hosts/every/systemd/system/mnt-causeway\x2drecovery-reports.mount`;
  expect(reference[unit]).toContain("What=10.64.16.6:/reports\nWhere=/mnt/causeway-recovery/reports");
  expect(reference[unit]).toContain("hard");
  expect(reference[unit.replace("recovery", "primary")]).toContain("What=10.64.16.5:/reports");
});

test("S20 without a recovery gateway there is one way", () => {
  const single = rendered(define((input) => delete input.files.gateway.recoveryAddress));
  expect(Object.keys(single).filter((path) => path.endsWith(".mount"))).toHaveLength(1);
});

test("S24 the data centre asks each region for that region's names", () => {
  expect(reference["dns/unbound/unbound.conf.d/causeway-recovery.conf"]).toContain(`forward-zone:
    name: "eu-central-1.amazonaws.com"
    forward-addr: @{resolver:eu-central-1:customer-three-resolver-inbound/1}
    forward-addr: @{resolver:eu-central-1:customer-three-resolver-inbound/2}`);
});

test("S9 what listens in the data centre is reached through a proxy, what does not is left alone", () => {
  expect(Object.keys(reference).some((path) => path.includes("traefik"))).toBe(false);
  const listening = rendered(
    define(({ services }) => {
      services.worker.port = 9000;
      services.web.runsOn = "both";
    }),
  )["hosts/every/traefik/traefik.yml"]!;
  expect(listening).toContain("(Label(`com.amazonaws.ecs.container-name`, `web`) || Label(`com.amazonaws.ecs.container-name`, `worker`))");
  expect(listening).toContain("# https://worker.dublin.customer-three.example is worker's port 9000.");
});

test("the guide says what goes where and what is filled in, in words that filling leaves alone", () => {
  const guide = reference["README.md"]!;
  expect(guide).toContain("| routers/edge-1/ | `/etc` on the router");
  expect(guide).toContain("secret customer-three/vpn/tunnel-1 of eu-west-1");
  expect(guide).toContain("shared address (VRRP)");
});

test("a platform without a data centre has no files", () => {
  const cloudOnly = define((input) => {
    delete input.site;
    delete input.services.worker;
    delete input.recovery.objectives.report;
    delete input.files;
  });
  expect(rendered(cloudOnly)).toEqual({});
});
