/** Deliberately broken definitions: each gives exactly the finding that names its fault, and nothing that is written crashes the door. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import reference from "../platform.ts";
import { days, gbps, gib, minutes, seconds } from "../src/kernel/units.ts";
import { dotted } from "../src/platform/finding.ts";
import { parse } from "../src/platform/parse.ts";
import { rules } from "../src/platform/rules/list.ts";

/** The reference platform, open to every mistake. */
const broken = (change: (input: any) => void) => {
  const input = structuredClone(reference) as any;
  change(input);
  return parse(input);
};

const said = (change: (input: any) => void) => broken(change).findings.map(({ code, place }) => `${code} ${dotted(place.path ?? [])}`);

type Case = [fault: string, expected: string, change: (input: any) => void];

const structure: Case[] = [
  ["a misspelt key", "DEF001 services.web.helth", ({ services: { web } }) => (web.helth = { path: "/" })],
  ["a missing image", "DEF002 services.web.image", ({ services: { web } }) => delete web.image],
  ["a port that is a text", "DEF003 services.web.port", ({ services: { web } }) => (web.port = "8080")],
  ["half a port", "DEF003 services.web.port", ({ services: { web } }) => (web.port = 80.5)],
  ["a port beyond all ports", "DEF004 services.web.port", ({ services: { web } }) => (web.port = 70_000)],
  [
    "no router",
    "DEF004 site.routers",
    ({ site }) => {
      site.routers = [];
      delete site.directConnect.router;
      delete site.vpn.router;
    },
  ],
  ["an unknown strategy", "DEF005 recovery.strategy", ({ recovery }) => (recovery.strategy = "hot-stand-by")],
  ["packets of an odd size", "DEF005 site.directConnect.mtu", ({ site }) => (site.directConnect.mtu = 9000)],
  ["logs for 31 days", "DEF005 logs", (input) => (input.logs = days(31))],
  ["a range with host bits", "DEF006 site.cidrs[0]", ({ site }) => (site.cidrs = ["10.64.0.1/16"])],
  ["a client that is no address", "DEF006 files.shares.reports.clients[0]", ({ files }) => (files.shares.reports.clients = ["rack-1"])],
  ["an override that is no function", "DEF006 override", (input) => (input.override = {})],
  [
    "a connection of no known form",
    "DEF007 site.directConnect.connection",
    ({ site }) => (site.directConnect.connection = { id: "dxcon-1" }),
  ],
  [
    "a connection whose id is of something else",
    "DEF006 site.directConnect.connection.use",
    ({ site }) => (site.directConnect.connection = { use: "dxvif-1" }),
  ],
  ["a service's name in capitals", "DEF008 services.Mail", ({ services }) => (services.Mail = { image: "acme/mail" })],
  ["seconds without their unit, below the least", "DEF009 services.web.stopTimeout", ({ services: { web } }) => (web.stopTimeout = 30)],
  [
    "minutes without their unit, within bounds",
    "DEF009 recovery.objectives.order.rto",
    ({ recovery }) => (recovery.objectives.order.rto = 30),
  ],
  ["memory in megabytes without their unit", "DEF009 services.web.memory", ({ services: { web } }) => (web.memory = 512)],
  ["a bare 6 for a rate", "DEF009 services.worker.receives", ({ services: { worker } }) => (worker.receives = 6)],
  [
    "a cron of two kinds of days",
    "DEF020 backup.plans.daily.schedule",
    ({ backup }) => (backup.plans.daily.schedule = "cron(0 3 * * * *)"),
  ],
  ["a tag of AWS's own", "DEF021 tags.aws:owner", (input) => (input.tags = { "aws:owner": "me" })],
];

const places: Case[] = [
  ["a region that is none", "ADR001 regions.primary.region", ({ regions }) => (regions.primary.region = "eu-west-9")],
  ["a zone of another region", "ADR002 regions.primary.zones[1]", ({ regions }) => (regions.primary.zones[1] = "euc1-az1")],
  ["one zone twice", "ADR003 regions.primary.zones[1]", ({ regions }) => (regions.primary.zones[1] = "euw1-az1")],
  ["one zone", "ADR004 regions.primary.zones", ({ regions }) => regions.primary.zones.pop()],
  [
    "a region recovered into itself",
    "ADR005 regions.recovery.region",
    ({ regions }) => (regions.recovery = structuredClone(regions.primary)),
  ],
  ["a VPC over the data centre", "ADR006 regions.primary.cidr", ({ regions }) => (regions.primary.cidr = "10.64.0.0/16")],
  [
    "Docker's bridge over a VPC",
    "ADR006 addresses.docker",
    (input) => {
      input.regions.primary.cidr = "10.9.0.0/16";
      input.addresses = { docker: "10.9.0.0/20" };
    },
  ],
  ["too large a VPC", "ADR007 regions.primary.cidr", ({ regions }) => (regions.primary.cidr = "10.32.0.0/12")],
  ["too small a VPC", "ADR008 regions.primary.cidr", ({ regions }) => (regions.primary.cidr = "10.32.0.0/20")],
  [
    "a tunnel that AWS reserves",
    "ADR009 addresses.tunnels.primary[0]",
    (input) => (input.addresses = { tunnels: { primary: ["169.254.5.0/30", "169.254.30.4/30"] } }),
  ],
  [
    "a tunnel outside 169.254",
    "ADR009 addresses.tunnels.primary[0]",
    (input) => (input.addresses = { tunnels: { primary: ["10.99.0.0/30", "169.254.30.4/30"] } }),
  ],
  [
    "two tunnels in one",
    "ADR010 addresses.tunnels.primary[1]",
    (input) => (input.addresses = { tunnels: { primary: ["169.254.30.0/30", "169.254.30.0/30"] } }),
  ],
  ["a host elsewhere", "ADR011 site.hosts[0].address", ({ site }) => (site.hosts[0].address = "192.168.1.1")],
  ["two hosts at one address", "ADR012 site.hosts[1].address", ({ site }) => (site.hosts[1].address = site.hosts[0].address)],
  ["two hosts of one name", "ADR013 site.hosts[1].name", ({ site }) => (site.hosts[1].name = "rack-1")],
];

const lines: Case[] = [
  [
    "two routers of one name",
    "NET001 site.routers[1].name",
    ({ site }) => {
      site.routers[1].name = "edge-1";
      site.vpn.router = "edge-1";
    },
  ],
  ["a line on an unknown router", "NET002 site.directConnect.router", ({ site }) => (site.directConnect.router = "edge-3")],
  ["a tunnel to a private address", "NET003 site.routers[1].address", ({ site }) => (site.routers[1].address = "10.64.0.3")],
  [
    "large tunnels on a virtual private gateway",
    "NET004 site.vpn.tunnel",
    ({ site }) => {
      site.hub = "vgw";
      site.vpn.ecmp = false;
      site.directConnect.mtu = 9001;
    },
  ],
  ["a private interface's packets on a transit one", "NET005 site.directConnect.mtu", ({ site }) => (site.directConnect.mtu = 9001)],
  [
    "MACsec on a hosted connection",
    "NET006 site.directConnect.macsec",
    ({ site }) => {
      site.directConnect.connection = { hosted: "dxcon-1" };
      site.directConnect.macsec = true;
    },
  ],
  ["a speed that is not sold", "NET007 site.directConnect.bandwidth", ({ site }) => (site.directConnect.bandwidth = gbps(8))],
  [
    "a LAG of three ports of 100 Gbps",
    "NET007 site.directConnect.bandwidth",
    ({ site }) => {
      site.directConnect.connection = { lag: "dxlag-1" };
      site.directConnect.bandwidth = gbps(300);
    },
  ],
  [
    "one location ordered twice",
    "NET008 site.directConnect.connection.order.locations[1]",
    ({ site }) => (site.directConnect.connection = { order: { locations: ["EqDB4", "EqDB4"] } }),
  ],
  ["a feed for a service of the regions", "NET009 services.web.receives", ({ services: { web } }) => (web.receives = gbps(1))],
  ["the data centre with AWS's number", "NET010 site.asn", ({ site }) => (site.asn = 64_512)],
];

const services: Case[] = [
  ["an unknown service in use", "SVC001 services.web.uses[0]", ({ services: { web } }) => (web.uses = ["apy"])],
  ["a used service without a port", "SVC002 services.web.uses[0]", ({ services: { web } }) => (web.uses = ["worker"])],
  ["a service called internet", "SVC003 services.internet", ({ services }) => (services.internet = { image: "acme/internet" })],
  ["a site service without hosts", "SVC004 services.worker.runsOn", ({ site }) => delete site.hosts],
  ["an unknown share", "SVC005 services.worker.files.report", ({ services: { worker } }) => (worker.files = { report: "/reports" })],
  [
    "a value for a secret",
    "SVC006 services.api.secrets.DB_PASSWORD",
    ({ services: { api } }) => (api.secrets = { DB_PASSWORD: "p4ss word!" }),
  ],
  [
    "a variable twice",
    "SVC007 services.api.environment.TOKEN",
    ({ services: { api } }) => {
      api.secrets = { TOKEN: "api:token" };
      api.environment = { TOKEN: "x" };
    },
  ],
  ["an image in capitals", "SVC008 services.web.image", ({ services: { web } }) => (web.image = "Acme/Web:1")],
  [
    "a deployment that cannot move",
    "SVC009 services.web.deployment",
    ({ services: { web } }) => (web.deployment = { minimumHealthy: 100, maximum: 100 }),
  ],
  [
    "a health check without CMD",
    "SVC010 services.web.health.command",
    ({ services: { web } }) => (web.health = { command: ["curl", "-f", "http://localhost"] }),
  ],
  [
    "a site service behind the load balancer",
    "SVC020 services.worker.route",
    ({ services: { worker } }) => {
      worker.port = 80;
      worker.route = { paths: ["/w"] };
    },
  ],
  ["a route without a port", "SVC021 services.web.port", ({ services: { web } }) => delete web.port],
  ["two default routes", "SVC022 services.api.route", ({ services: { api } }) => (api.route = {})],
  [
    "one priority twice",
    "SVC023 services.api.route.priority",
    ({ services: { web, api } }) => {
      web.route = { paths: ["/w"], priority: 5 };
      api.route.priority = 5;
    },
  ],
  ["the same paths twice", "SVC024 services.api.route", ({ services: { web } }) => (web.route = { paths: ["/api/*"] })],
  [
    "six conditions",
    "SVC025 services.api.route",
    ({ services: { api } }) => {
      api.route = { paths: ["/1", "/2", "/3"], hosts: ["a.b", "c.d", "e.f"] };
    },
  ],
  [
    "a probe that outlasts its interval",
    "SVC026 services.web.health.timeout",
    ({ services: { web } }) => (web.health = { timeout: seconds(10) }),
  ],
  ["min above max", "SVC030 services.web.scaling.min", ({ services: { web } }) => (web.scaling.min = 21)],
  [
    "a schedule beyond max",
    "SVC031 services.web.scaling.schedule[0]",
    ({ services: { web } }) => (web.scaling.schedule = [{ name: "day", at: "cron(0 7 ? * * *)", min: 8, max: 40 }]),
  ],
  [
    "a time zone that is none",
    "SVC032 services.web.scaling.schedule[0].timezone",
    ({ services: { web } }) =>
      (web.scaling.schedule = [{ name: "day", at: "cron(0 7 ? * * *)", min: 8, max: 20, timezone: "Europe/Dublinn" }]),
  ],
  [
    "S17 a hole below the first step",
    "SVC033 services.api.scaling.steps.out[0].from",
    ({ services: { api } }) => (api.scaling.steps.out[0].from = 5),
  ],
  [
    "S17 steps that overlap",
    "SVC033 services.api.scaling.steps.out[1].from",
    ({ services: { api } }) => (api.scaling.steps.out[1].from = 0),
  ],
  ["in above out", "SVC034 services.api.scaling.steps.in.below", ({ services: { api } }) => (api.scaling.steps.in = { below: 90 })],
  ["requests counted by nobody", "SVC035 services.worker.scaling.requests", ({ services: { worker } }) => (worker.scaling.requests = 100)],
  ["an instance type that is none", "SVC040 cluster.instanceTypes[0]", ({ cluster }) => (cluster.instanceTypes[0] = "m6j.large")],
  ["two architectures", "SVC041 cluster.instanceTypes[2]", ({ cluster }) => (cluster.instanceTypes[2] = "m6gd.large")],
  ["a cluster with min above max", "SVC042 cluster.min", ({ cluster }) => (cluster.min = 17)],
  [
    "a task larger than every instance",
    "SVC043 services.web",
    (input) => {
      input.cluster.instanceTypes = ["m6i.large"];
      input.services.web.memory = gib(8);
    },
  ],
  ["a task larger than every host", "SVC044 services.worker", ({ services: { worker } }) => (worker.cpu = 32_768)],
];

const data: Case[] = [
  ["S19 a ceiling too near", "DAT001 database.storage.max", ({ database }) => (database.storage.max = gib(210))],
  ["S18 a replica without backups", "DAT002 database.backupRetention", ({ database }) => (database.backupRetention = 0)],
  ["a port that RDS refuses", "DAT003 database.port", ({ database }) => (database.port = 543)],
  ["windows that overlap", "DAT004 database.backupWindow", ({ database }) => (database.backupWindow = "03:15-03:45")],
  [
    "a maintenance window of no day",
    "DAT004 database.maintenanceWindow",
    ({ database }) => (database.maintenanceWindow = "day:03:00-day:04:00"),
  ],
  ["S22 archived files", "DAT010 files.shares.reports.archive", ({ files }) => (files.shares.reports.archive = { after: days(90) })],
  [
    "a bucket name too long",
    "DAT013 files.shares.twenty-letters-share",
    (input) => {
      // 16 + 20 + 12 + 14 letters and 3 hyphens are 65, and S3 takes 63.
      input.name = "customer-three-x";
      input.regions.recovery = { region: "ap-southeast-1", zones: ["apse1-az1", "apse1-az2"] };
      input.files.shares["twenty-letters-share"] = {};
    },
  ],
  ["a mount without a gateway", "DAT011 services.worker.files", ({ files }) => delete files.gateway],
  ["a lock the wrong way round", "DAT020 backup.lock.max", ({ backup }) => (backup.lock = { min: days(30), max: days(10) })],
  ["a plan that the lock refuses", "DAT021 backup.plans.daily.keep", ({ backup }) => (backup.plans.daily.keep = days(3))],
  [
    "too short in the cold",
    "DAT022 backup.plans.daily.keep",
    ({ backup }) => {
      backup.plans.daily = { coldAfter: days(30), keep: days(60), keepCopies: days(365) };
    },
  ],
  ["continuous for too long", "DAT023 backup.plans.daily.keep", ({ backup }) => (backup.plans.daily.keep = days(36))],
  [
    "done before it may begin",
    "DAT024 backup.plans.daily.completeWithin",
    ({ backup }) => {
      backup.plans.daily.startWithin = days(2);
      backup.plans.daily.completeWithin = days(1);
    },
  ],
  ["nowhere to recover to", "REC001 regions.recovery", ({ regions }) => delete regions.recovery],
  [
    "a promise for an unknown service",
    "REC002 recovery.objectives.order.services[0]",
    ({ recovery }) => (recovery.objectives.order.services = ["wep"]),
  ],
];
const noSite: Case = [
  "a gateway without a site",
  "DAT012 files.gateway",
  (input) => {
    delete input.site;
    delete input.services.worker;
    delete input.recovery.objectives.report;
  },
];

const cases = [...structure, ...places, ...lines, ...services, ...data, noSite];

describe("each fault gives exactly the finding that names it", () => {
  test.each(cases)("%s: %s", (_, expected, change) => expect(said(change)).toEqual([expected]));
});

test("every rule has a definition that breaks it", () => {
  const proven = new Set(cases.map(([, expected]) => expected.split(" ")[0]));
  expect(rules.map(({ id }) => id).filter((id) => !proven.has(id))).toEqual([]);
  expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
});

test("findings say what is wrong with its values, and how to put it right", () => {
  const { findings } = broken((input) => {
    input.services.web.helth = {};
    input.services.web.stopTimeout = 30;
    input.services.api.scaling.scaleInCooldown = minutes(90);
    input.regions.primary.region = "eu-wst-1";
    input.site.directConnect.connection = { uze: "dxcon-1" };
  });
  expect(findings.map(({ code, message, fix }) => `${code} ${message} | ${fix}`)).toEqual([
    `DEF007 site.directConnect.connection is none of its forms: { use }, { hosted }, { lag } or { order }. | connection: { use: … }`,
    `DEF009 services.web.stopTimeout is a bare 30, which counts as 30 milliseconds. | stopTimeout: seconds(30)`,
    `DEF001 services.web has no key "helth". Did you mean "health"? | health: …`,
    `DEF004 services.api.scaling.scaleInCooldown is minutes(90), but must be at most hours(1). | scaleInCooldown: hours(1)`,
    `ADR001 There is no region eu-wst-1. Did you mean eu-west-1? | region: "eu-west-1"`,
  ]);
});

test("a bare number where a duration is one of several gets its unit", () => {
  const { findings } = broken((input) => (input.logs = 30));
  expect(findings.map(({ code, fix }) => `${code} ${fix}`)).toEqual(["DEF005 logs: days(30)"]);
});

test("a broken section hides no fault of the others", () => {
  expect(
    said((input) => {
      input.services = 5;
      input.database.storage.max = gib(210);
    }),
  ).toEqual(["DEF003 services", "DAT001 database.storage.max"]);
});

test.each([[undefined], [null], [5], ["platform"], [[]], [() => 1]])("%j is no definition", (input) => {
  const { findings, definition } = parse(input);
  expect(definition).toBeUndefined();
  expect(findings.map(({ code }) => code)).toEqual(["DEF000"]);
});

/** Every path of the reference platform, the way to it and what is there. */
function* paths(value: unknown, path: (string | number)[] = []): Generator<(string | number)[]> {
  if (path.length > 0) yield path;
  if (typeof value !== "object" || value === null) return;
  for (const key of Array.isArray(value) ? value.keys() : Object.keys(value))
    yield* paths((value as Record<string | number, unknown>)[key], [...path, key]);
}

function change(input: any, path: (string | number)[], value: unknown): void {
  let inner = input;
  for (const step of path.slice(0, -1)) {
    if (typeof inner !== "object" || inner === null) return;
    inner = inner[step];
  }
  if (typeof inner === "object" && inner !== null) inner[path.at(-1)!] = value;
}

test("whatever is written where, the door answers with findings or a definition", () => {
  const somewhere = fc.constantFrom(...paths(reference));
  const odd = fc.constantFrom(
    "constructor",
    "__proto__",
    "toString",
    "10.0.0.0/0",
    "0.0.0.0/0",
    "cron(* * * * * *)",
    0,
    -1,
    1e308,
    0.1,
    [],
    {},
    null,
    undefined,
  );
  const something = fc.oneof(
    odd,
    fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withSet: true, withSparseArray: true }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(somewhere, something), { minLength: 1, maxLength: 4 }), (mutations) => {
      const input = structuredClone(reference);
      for (const [path, value] of mutations) change(input, path, value);
      const { definition, findings } = parse(input);
      expect(definition === undefined).toBe(findings.length > 0);
      for (const { code, message, why, fix } of findings) expect([code, message, why, fix].every((text) => text.length > 0)).toBe(true);
    }),
    { numRuns: 500 },
  );
});
