import { days, definePlatform, gbps, gib, minutes, seconds, tib, usd } from "causeway";

/** The reference platform, "customer three": half in a data centre, half in AWS. */
export default definePlatform({
  name: "customer-three",
  domain: { name: "shop.customer-three.example" },
  regions: {
    primary: { region: "eu-west-1", zones: ["euw1-az1", "euw1-az2"] },
    recovery: { region: "eu-central-1", zones: ["euc1-az2", "euc1-az3"] },
  },
  site: {
    name: "dublin",
    cidrs: ["10.64.0.0/16"],
    hub: "tgw",
    routers: [
      { name: "edge-1", address: "203.0.113.10", inside: "10.64.0.2" },
      { name: "edge-2", address: "203.0.113.20", inside: "10.64.0.3" },
    ],
    directConnect: { connection: { use: "dxcon-fg5kq2x1" }, bandwidth: gbps(10), mtu: 8500, router: "edge-1" },
    vpn: { router: "edge-2", tunnel: "large", ecmp: true },
    feed: gbps(6),
    hosts: [
      { name: "rack-1", address: "10.64.8.11", cpu: 16, memoryGiB: 64 },
      { name: "rack-2", address: "10.64.9.11", cpu: 16, memoryGiB: 64 },
    ],
    dns: { servers: ["10.64.0.53"], domain: "dublin.customer-three.example" },
  },
  services: {
    web: {
      image: "acme/web@sha256:5f0c1b0e2a3d4c5b6a79881726354453627180f9e8d7c6b5a493827160594837",
      port: 8080,
      uses: ["api"],
      route: {},
      scaling: { min: 4, max: 20, requests: 1000 },
    },
    api: {
      image: "acme/api@sha256:9a1b2c3d4e5f60718293a4b5c6d7e8f90123456789abcdef0123456789abcdef",
      port: 8080,
      cpu: 512,
      uses: ["database"],
      route: { paths: ["/api/*"] },
      scaling: { min: 4, max: 20, cpu: 60, steps: { threshold: 85, out: [{ from: 0, add: 2 }, { from: 10, add: 6 }] } },
    },
    worker: {
      runsOn: "site",
      image: "acme/worker@sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
      cpu: 2048,
      memory: gib(4),
      uses: ["database"],
      receives: gbps(6),
      files: { reports: "/reports" },
      scaling: { min: 2, max: 2 },
    },
  },
  cluster: { instanceTypes: ["m6i.large", "m7i.large", "m5.large"], min: 4, max: 16, targetCapacity: 80 },
  database: { engine: "postgres", class: "db.m6g.large", storage: { initial: gib(200), max: tib(1) } },
  files: { gateway: { address: "10.64.16.5", recoveryAddress: "10.64.16.6" }, shares: { reports: { clients: ["10.64.8.0/22"] } } },
  backup: { plans: { daily: { keep: days(35), continuous: true } } },
  recovery: {
    strategy: "warm-standby",
    objectives: {
      order: { services: ["web", "api"], rto: minutes(30), rpo: minutes(5) },
      report: { services: ["worker"], rto: minutes(60), rpo: minutes(15) },
    },
    decision: seconds(300),
  },
  operations: { notify: ["platform@customer-three.example"] },
  budget: { monthly: usd(6000), notify: ["platform@customer-three.example"] },
  quotas: { "L-1216C47A": 64 },
});
