/**
 * How long recovery from the loss of the primary region takes, and how old the data then is: the strategies' runbooks as arithmetic over one table of
 * figures. It says what may be promised before anything is rehearsed; a rehearsal measures it.
 */
import { gib, hours, minutes, seconds, type Duration } from "../kernel/units.ts";
import type { Definition } from "./definition.ts";
import { holdings } from "./strategies.ts";

/** In half of the cases no longer than `median`, in 19 of 20 no longer than `p95`. */
export type Span = { median: Duration; p95: Duration };

export type Figure = Span & {
  source: string;
  /** `documented`: AWS says so. `reported`: others measured it. `assumed`: ours, until a rehearsal or a drill says better. */
  confidence: "documented" | "reported" | "assumed";
};

const assumed = (median: Duration, p95: Duration, source: string): Figure => ({ median, p95, source, confidence: "assumed" });

/** Everything that the definition does not say itself. */
export const figures = {
  clientCaches: {
    median: seconds(15),
    p95: seconds(60),
    source: "github.com/keycloak/keycloak-benchmark/issues/536: clients follow a changed record after 45 to 120 s, TTL included",
    confidence: "reported",
  },
  fence: assumed(seconds(60), minutes(3), "calls to a lost region run into their time-outs; they are tried, not waited for"),
  promote: assumed(
    minutes(5),
    minutes(15),
    "docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.Promote.html: several minutes and a reboot",
  ),
  restore: assumed(
    minutes(30),
    minutes(60),
    "docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIT.html gives no time; an instance is made and its logs are replayed",
  ),
  /** More for every 100 GiB. */
  restorePerSize: assumed(minutes(3), minutes(8), "logs of a larger database take longer; blocks are loaded at their first use"),
  network: assumed(minutes(5), minutes(10), "VPC, NAT gateways, endpoints and hub; the VPN's tunnels come up meanwhile"),
  balancer: assumed(minutes(4), minutes(8), "a load balancer is active after some minutes"),
  /** Its elastic addresses are the records'; it is made after the one that it stands before. */
  front: assumed(minutes(3), minutes(6), "a network load balancer is active after some minutes"),
  stack: assumed(minutes(2), minutes(5), "CloudFormation makes listeners, rules and services one after the other"),
  instances: assumed(minutes(3), minutes(6), "launch, boot, registration of the agent with the cluster"),
  imagePull: assumed(seconds(60), minutes(3), "a cached image of some hundred MiB over the zone's own endpoint"),
  routes: assumed(seconds(60), minutes(3), "Run Command on the routers, and BGP's convergence"),
  gateway: assumed(minutes(20), minutes(45), "a gateway's machine is started, activated and given its cache disks"),
  refresh: assumed(
    minutes(5),
    minutes(20),
    "RefreshCache asks S3 for every object: repost.aws/knowledge-center/storage-gateway-refreshcache-latency",
  ),
  rehome: assumed(
    minutes(4),
    minutes(10),
    "a host is deregistered, activated in the other region, and its agent started; all hosts at once",
  ),
  validate: assumed(seconds(60), minutes(2), "the journeys against the recovery region's own name"),
  replicaLag: assumed(seconds(5), seconds(60), "asynchronous, over AWS's network; the alarm is the definition's alarms.replicaLag"),
  logShipping: {
    median: minutes(5),
    p95: minutes(10),
    source: "docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIT.html: logs are uploaded every 5 minutes; then they are copied",
    confidence: "documented",
  },
  replication: {
    median: seconds(30),
    p95: minutes(10),
    source:
      "docs.aws.amazon.com/AmazonS3/latest/userguide/replication-time-control.html: most objects in seconds, 99.9 percent within 15 minutes",
    confidence: "documented",
  },
  gatewayUpload: assumed(seconds(60), minutes(3), "a file is uploaded once it is quiet; what is not yet is the metric CachePercentDirty"),
} as const satisfies Record<string, Figure>;

export type Step = Span & {
  title: string;
  /** It runs beside the step before and is the longer one in bad cases only. */
  meanwhile?: true;
};

/** Steps that follow each other, of what may run beside others: only the longest counts. */
type Branch = Step[];

export type Estimate = {
  journey: string;
  promised: { rto: Duration; rpo: Duration };
  /** The steps on the critical way, in order. */
  rto: Span & { steps: Step[] };
  /** Every store that the journey needs; the worst one counts. */
  rpo: Span & { stores: Step[] };
};

type Objective = Definition["recovery"]["objectives"][string];

/** undefined under `none`: nothing is recovered elsewhere. */
export function estimate(definition: Definition): Estimate[] | undefined {
  const { objectives, strategy } = definition.recovery;
  if (strategy === "none") return undefined;
  return Object.entries(objectives).map(([journey, objective]) => {
    const all = phases(definition, objective);
    const stores = storesOf(definition, objective);
    const worst = stores.toSorted((one, other) => other.p95 - one.p95)[0] ?? nothing;
    return {
      journey,
      promised: { rto: objective.rto, rpo: objective.rpo },
      rto: { ...inTurn(all.map(longest)), steps: all.flatMap(critical) },
      rpo: { median: worst.median, p95: worst.p95, stores },
    };
  });
}

const nothing: Span = { median: seconds(0), p95: seconds(0) };

/** Medians add up. Not everything is slow on the same day: the excesses add up as the squares of what is independent do. */
function inTurn(steps: readonly Span[]): Span {
  const median = steps.reduce((sum, step) => sum + step.median, 0);
  const excess = Math.hypot(...steps.map((step) => step.p95 - step.median));
  return { median: median as Duration, p95: Math.round(median + excess) as Duration };
}

/** Of branches that run at the same time. */
function longest(branches: Branch[]): Span {
  const spans = branches.map(inTurn);
  return {
    median: Math.max(0, ...spans.map(({ median }) => median)) as Duration,
    p95: Math.max(0, ...spans.map(({ p95 }) => p95)) as Duration,
  };
}

/** The steps that are waited for. */
function critical(branches: Branch[]): Step[] {
  const [usual = [], ...others] = branches.toSorted((one, other) => inTurn(other).median - inTurn(one).median);
  const bad = others.filter((branch) => inTurn(branch).p95 > inTurn(usual).p95);
  return [...usual, ...bad.flat().map((each): Step => ({ ...each, meanwhile: true }))];
}

const step = (title: string, { median, p95 }: Span): Step => ({ title, median, p95 });
const exactly = (time: number): Span => ({ median: time as Duration, p95: time as Duration });

/** The runbook of the strategy, for the services of one journey. Each phase waits for all of the one before. */
function phases(definition: Definition, objective: Objective): Branch[][] {
  const { recovery, services } = definition;
  const used = objective.services.flatMap((name) => services[name] ?? []);
  const cloud = used.some(({ runsOn }) => runsOn !== "site");
  const site = used.some(({ runsOn }) => runsOn === "site");
  // What serves in both regions serves on; a journey that writes waits for the one writer.
  const serving = recovery.strategy === "active-active" && !objective.writes && !site;
  const detect: Branch[][] = [[[step("detection", detection(definition))]]];
  if (serving) return [...detect, [[step("DNS", dns(definition))]]];
  return [
    ...detect,
    [[step("decision", exactly(recovery.decision))]],
    [[step("fencing", figures.fence)]],
    ...ground(definition),
    [...capacity(definition, cloud), database(definition, used)],
    ...(cloud ? [[tasks(definition, used)]] : []),
    ...(site ? [hybrid(definition, used)] : []),
    [[step("validation", figures.validate)]],
    ...(cloud && definition.domain
      ? [[[step("health check of the recovery region", detection(definition)), step("DNS", dns(definition))]]]
      : []),
  ];
}

/** Failures in a row; at worst the first check had just passed, and checkers report after each other. */
function detection({ domain }: Definition): Span {
  const interval = domain?.check.interval ?? 30_000;
  const failures = domain?.check.failures ?? 3;
  return { median: (interval * failures) as Duration, p95: (interval * (failures + 2)) as Duration };
}

const dns = ({ domain }: Definition): Span => inTurn([exactly(domain?.ttl ?? 0), figures.clientCaches]);

/** The network, where it is only prepared. */
const ground = (definition: Definition): Branch[][] =>
  holdings(definition, "recovery").network === "prepared" ? [[[step("network", figures.network)]]] : [];

function capacity(definition: Definition, cloud: boolean): Branch[] {
  const { compute, share } = holdings(definition, "recovery");
  if (!cloud) return [];
  const instances: Branch = [step("instances", figures.instances)];
  if (compute !== "off" && compute !== "prepared") return share < 1 ? [instances] : [];
  const front = definition.domain ? [step("its fixed front", figures.front)] : [];
  return [[step("load balancer", figures.balancer), ...front, step("rest of the stack", figures.stack)], instances];
}

/** Nothing for services that have no part in it. */
function database(definition: Definition, used: { uses: string[] }[]): Branch {
  if (!used.some(({ uses }) => reaches(definition, uses))) return [];
  const held = holdings(definition, "recovery").database;
  if (held === "replica") return [step("promotion of the database", figures.promote)];
  if (held !== "restored") return [];
  const size = (definition.database?.storage.initial ?? 0) / gib(100);
  const { median, p95 } = figures.restorePerSize;
  const bySize: Span = { median: (median * size) as Duration, p95: (p95 * size) as Duration };
  return [step("restore of the database", figures.restore), step("its size", bySize)];
}

/** Whether services use the database, themselves or through others. */
function reaches({ services }: Definition, uses: readonly string[], seen = new Set<string>()): boolean {
  return uses.some((name) => {
    if (name === "database") return true;
    if (seen.has(name)) return false;
    seen.add(name);
    return reaches({ services } as Definition, services[name]?.uses ?? [], seen);
  });
}

function tasks(definition: Definition, used: Definition["services"][string][]): Branch {
  const { share } = holdings(definition, "recovery");
  // Full size already runs, or starts with the images that are there.
  if (share === 1) return [];
  const healthy = Math.max(0, ...used.map(({ health }) => health.interval * health.successes));
  return [step("image pull", figures.imagePull), step("health checks", exactly(healthy))];
}

/** The data centre's side: routes, then the shares and the hosts at the same time. */
function hybrid(definition: Definition, used: { files: Record<string, string> }[]): Branch[] {
  const routes = step("routes", figures.routes);
  const files = used.some((service) => Object.keys(service.files).length > 0);
  const held = holdings(definition, "recovery").files;
  const mounted: Branch = held === "prepared" ? [step("file gateway", figures.gateway)] : [];
  return [
    [routes, step("hosts of the data centre", figures.rehome)],
    ...(files ? [[routes, ...mounted, step("refresh of the file shares", figures.refresh)]] : []),
  ];
}

function storesOf(definition: Definition, objective: Objective): Step[] {
  const used = objective.services.flatMap((name) => definition.services[name] ?? []);
  const { database: held } = holdings(definition, "recovery");
  const stores: Step[] = [];
  if (definition.database && used.some(({ uses }) => reaches(definition, uses))) {
    if (held === "replica") stores.push(step("database (replica lag)", figures.replicaLag));
    else if (definition.database.backupRetention > 0) stores.push(step("database (copied logs)", figures.logShipping));
    else stores.push(step("database (copied backups)", exactly(backupInterval(definition))));
  }
  if (used.some(({ files }) => Object.keys(files).length > 0)) {
    // In the data centre a file waits in the gateway first.
    const ways = used.some(({ runsOn }) => runsOn !== "cloud") ? [figures.gatewayUpload, figures.replication] : [figures.replication];
    stores.push(step("files (replication)", inTurn(ways)));
  }
  return stores;
}

/** Between two backups of the most frequent plan; a schedule with fixed days counts as weekly, with a list or step of hours as that often. */
function backupInterval({ backup }: Definition): Duration {
  const intervals = Object.values(backup.plans).map(({ schedule }) => {
    const [, count, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(schedule) ?? [];
    if (count) return Number(count) * { minute: minutes(1), hour: hours(1), day: hours(24) }[unit as "minute" | "hour" | "day"];
    const [, hour = "", dayOfMonth = "", , dayOfWeek = ""] = schedule.slice("cron(".length, -1).split(" ");
    if (![dayOfMonth, dayOfWeek].every((day) => day === "*" || day === "?")) return hours(24 * (dayOfMonth === "?" ? 7 : 31));
    if (hour === "*") return hours(1);
    const stride = /^\d+\/(\d+)$|^\*\/(\d+)$/.exec(hour);
    return stride ? hours(Number(stride[1] ?? stride[2])) : hours(24 / hour.split(",").length);
  });
  return Math.min(...intervals) as Duration;
}

/** `5 min 30 s`. */
export function spoken(time: Duration): string {
  const whole = Math.round(time / 1000);
  const parts = [
    [Math.floor(whole / 3600), "h"],
    [Math.floor((whole % 3600) / 60), "min"],
    [whole % 60, "s"],
  ] as const;
  return (
    parts
      .filter(([count]) => count > 0)
      .map(([count, unit]) => `${count} ${unit}`)
      .join(" ") || "0 s"
  );
}
