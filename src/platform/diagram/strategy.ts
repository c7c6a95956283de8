/** What a recovery strategy keeps in the recovery region, and what moves there all the time: the lecture's picture of each, from the definition. */
import type { Definition, Role, Strategy } from "../definition.ts";
import type { Holdings } from "../strategies.ts";
import type { Edge, Picture } from "./draw.ts";
import type { Group, Node, State } from "./layout.ts";
import { clusterSize, engineName, group, held, item, listed, space, stateOf, strategyName, time } from "./parts.ts";

export function strategyPicture(given: Definition, strategy: Strategy = given.recovery.strategy): Picture {
  const definition = { ...given, recovery: { ...given.recovery, strategy } };
  const { domain, recovery } = definition;
  const primary = held(definition, "primary");
  const other = held(definition, "recovery");
  const shared = other.traffic === "shared";
  const front: Node[] = domain
    ? [item("route53", "dns", "network", "Route 53", [domain.name, shared ? "both regions answer" : "fails over on its health checks"])]
    : [];
  const regions = [regionGroup(definition, "primary", primary), space("between", 130), ...(recoveryRegion(definition, other) ?? [])];
  const promises = Object.entries(recovery.objectives).map(([journey, { rto, rpo }]) => `${journey}: RTO ${time(rto)}, RPO ${time(rpo)}`);
  return {
    title: `${definition.name}: ${strategyName[strategy]}`,
    description: `${strategyName[strategy]}: what ${definition.name} keeps in its recovery region.`,
    root: group(
      "page",
      "page",
      "column",
      [
        group("heading", "plain", "row", [item("strategy", "backup", "neutral", strategyName[strategy], promises.slice(0, 2))]),
        ...(front.length ? [group("front", "plain", "row", front)] : []),
        group("regions", "plain", "row", regions, { gap: 0 }),
      ],
      { gap: 30 },
    ),
    edges: edges(definition, other),
  };
}

function recoveryRegion(definition: Definition, holdings: Holdings): Node[] | undefined {
  return definition.regions.recovery && holdings.foundation !== "absent" ? [regionGroup(definition, "recovery", holdings)] : undefined;
}

function regionGroup(definition: Definition, role: Role, holdings: Holdings): Group {
  const { services, database, files, regions } = definition;
  const compute = stateOf(holdings.compute);
  const routed = Object.values(services).some((service) => service.route);
  const cloud = Object.entries(services)
    .filter(([, { runsOn }]) => runsOn !== "site")
    .map(([name]) => name);
  const children: Node[] = [];
  if (routed)
    children.push(
      item(
        `${role}-alb`,
        "balancer",
        "network",
        "Load balancer",
        [compute === "off" ? "deployed at recovery" : "live"],
        compute === "off" ? "off" : "on",
      ),
    );
  children.push(item(`${role}-services`, "containers", "compute", `Services: ${listed(cloud)}`, [serviceNote(holdings)], compute));
  children.push(item(`${role}-cluster`, "hosts", "compute", "ECS on EC2", [clusterSize(definition, holdings)], compute));
  if (database) children.push(databaseItem(definition, role, holdings));
  if (Object.keys(files.shares).length)
    children.push(item(`${role}-s3`, "bucket", "storage", "Amazon S3", [filesNote(holdings)], holdings.files === "absent" ? "off" : "on"));
  children.push(item(`${role}-backup`, "backup", "storage", "AWS Backup vault", [role === "primary" ? "plans, restore tests" : "copies"]));
  return group(role, "region", "column", children, {
    title: regions[role]!.region,
    note: role === "primary" ? "primary region" : "recovery region",
    gap: 20,
    stretch: true,
  });
}

function databaseItem(definition: Definition, role: Role, { database }: Holdings): Node {
  const name = engineName(definition.database!);
  const kinds: Record<Holdings["database"], [string, string, State]> = {
    writer: [`RDS ${name}`, "reads and writes", "on"],
    replica: [`RDS ${name} replica`, "reads; promoted at recovery", "on"],
    restored: [`RDS ${name}`, "restored from backups at recovery", "off"],
    absent: [`RDS ${name}`, "none", "off"],
  };
  const [title, note, state] = kinds[database];
  return item(`${role}-database`, "database", "database", title, [note], state);
}

const serviceNote = ({ compute, share }: Holdings): string =>
  compute === "off" || compute === "prepared"
    ? "deployed at recovery"
    : compute === "zero"
      ? "deployed, none running"
      : share === 1
        ? "full size"
        : `${Math.round(share * 100)} % of full size`;

const filesNote = ({ files }: Holdings): string =>
  files === "writable" ? "shares write here" : files === "read-only" ? "replica, shares read-only" : "replica, shares made at recovery";

function edges({ domain, database, files }: Definition, other: Holdings): Edge[] {
  const list: Edge[] = [];
  if (domain) {
    list.push({ from: "route53", to: "primary", sides: ["left", "top"] });
    list.push({ from: "route53", to: "recovery", sides: ["right", "top"], style: other.traffic === "shared" ? undefined : "standby" });
  }
  if (database) {
    const label = other.database === "replica" ? "replication" : "automated backups";
    list.push({ from: "primary-database", to: "recovery-database", sides: ["right", "left"], style: "data", label });
  }
  if (Object.keys(files.shares).length)
    list.push({
      from: "primary-s3",
      to: "recovery-s3",
      sides: ["right", "left"],
      style: "data",
      label: other.files === "writable" ? "both ways" : "replication",
    });
  list.push({ from: "primary-backup", to: "recovery-backup", sides: ["right", "left"], style: "data", label: "copies" });
  return list;
}
