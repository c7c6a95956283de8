/** The whole platform as the brief pictures it: data centre, lines, region with its zones, and what is managed around them. */
import type { Definition } from "../definition.ts";
import type { Edge, Picture } from "./draw.ts";
import type { Group, Node } from "./layout.ts";
import { engineName, group, item, listed, servicesOn, space, speed, volume } from "./parts.ts";

export function architecture(definition: Definition): Picture {
  const { site, domain } = definition;
  const columns: Node[] = [];
  if (site) columns.push(siteGroup(definition));
  if (site?.directConnect || site?.vpn) columns.push(linesGroup(definition));
  columns.push(group("cloud", "cloud", "column", [regionGroup(definition)], { title: "AWS" }));
  const users = item("users", "users", "neutral", "Users", [domain?.name ?? ""]);
  const top: Node[] = domain
    ? [users, space("top-room", 90), item("route53", "dns", "network", "Route 53", ["health checks, failover"])]
    : [];
  const body = group("body", "plain", "row", columns, { gap: 46 });
  return {
    title: `${definition.name}: architecture`,
    description: `The platform ${definition.name} in ${definition.regions.primary.region}${site ? ` and the data centre ${site.name}` : ""}.`,
    root: group("page", "page", "column", [...(top.length ? [group("top", "plain", "row", top)] : []), body], { gap: 34 }),
    edges: edges(definition),
  };
}

function regionGroup(definition: Definition): Group {
  const { site, regions } = definition;
  const hub = item("hub", "hub", "network", site?.hub === "tgw" ? "Transit gateway" : "Virtual private gateway");
  const linked = site?.directConnect || site?.vpn;
  const entry = group("entry", "plain", "column", [space("entry-top", 1, 84), hub], { fixed: true, start: true });
  return group("region", "region", "row", [...(linked ? [entry] : []), vpc(definition), aroundVpc(definition)], {
    title: regions.primary.region,
    note: "primary region",
    gap: 40,
  });
}

function siteGroup(definition: Definition): Group {
  const { site, files } = definition;
  const workers = servicesOn(definition, "site").map(([name]) => name);
  const children: Node[] = site!.routers.map((router) =>
    item(`router-${router.name}`, "router", "network", router.name, [`BGP ${site!.asn}, ${router.system}`]),
  );
  if (site!.hosts.length) {
    children.push(
      group(
        "anywhere",
        "private",
        "column",
        site!.hosts
          .slice(0, 3)
          .map((host) => item(`host-${host.name}`, "containers", "compute", host.name, [listed(workers, 2) || "no service"])),
        {
          fixed: true,
          stretch: true,
          title: "ECS Anywhere",
          note: site!.hosts.length > 3 ? `${site!.hosts.length} hosts` : undefined,
        },
      ),
    );
  }
  if (files.gateway)
    children.push(
      item("gateway", "files", "storage", "Storage Gateway", [
        `NFS: ${listed(Object.keys(files.shares))}`,
        `cache ${volume(files.gateway.cache[0]!)}`,
      ]),
    );
  return group("site", "site", "column", children, {
    title: site!.name,
    note: listed(site!.cidrs, 2),
    gap: 26,
    start: true,
    stretch: true,
  });
}

function linesGroup({ site }: Definition): Group {
  const children: Node[] = [];
  if (site!.directConnect)
    children.push(item("dx", "line", "network", "Direct Connect", [speed(site!.directConnect.bandwidth), "local preference 200"]));
  if (site!.vpn) children.push(item("vpn", "tunnel", "network", "Site-to-Site VPN", ["two tunnels", "local preference 100"]));
  return group("lines", "plain", "column", [space("lines-top", 1, 24), ...children], { gap: 40, fixed: true, start: true, stretch: true });
}

function vpc(definition: Definition): Group {
  const { regions, domain, cluster } = definition;
  const zones = regions.primary.zones.map((zone, at) => zoneGroup(definition, zone, at));
  const routed = Object.values(definition.services).some((service) => service.route);
  const head: Node[] = [item("igw", "internet", "network", "Internet gateway")];
  if (routed) head.push(item("alb", "balancer", "network", "Application Load Balancer", [domain ? "HTTPS, every zone" : "internal"]));
  const scaling = item("scaling", "scaling", "compute", "Capacity provider, Auto Scaling group", [
    `${cluster.min}–${cluster.max} instances, target ${cluster.targetCapacity} %`,
  ]);
  return group("vpc", "vpc", "column", [...head, group("zones", "plain", "row", zones, { gap: 22, even: true }), scaling], {
    title: "VPC",
    gap: 26,
  });
}

function zoneGroup(definition: Definition, zone: string, at: number): Group {
  const { database } = definition;
  const services = servicesOn(definition, "cloud").map(([name]) => name);
  const layers: Node[] = [
    group(`public-${at}`, "public", "row", [item(`nat-${at}`, "nat", "network", "NAT gateway", ["elastic address"])], {
      title: "Public subnet",
    }),
    group(`app-${at}`, "private", "row", [item(`hosts-${at}`, "hosts", "compute", "ECS on EC2", [listed(services) || "no service"])], {
      title: "Private subnet",
    }),
  ];
  if (database) {
    const standby = at > 0;
    const here = !standby || (database.multiAz && at === 1);
    const content = here
      ? item(`db-${at}`, "database", "database", standby ? "RDS standby" : `RDS ${engineName(database)}`, [
          standby ? "synchronous copy" : `${volume(database.storage.initial)} to ${volume(database.storage.max)}`,
        ])
      : item(`db-${at}`, "database", "database", "RDS subnet", ["empty"], "off");
    layers.push(group(`data-${at}`, "private", "row", [content], { title: "Data subnet" }));
  }
  return group(`zone-${at}`, "zone", "column", layers, { title: zone, gap: 22 });
}

function aroundVpc(definition: Definition): Group {
  const shares = Object.keys(definition.files.shares);
  const plans = Object.keys(definition.backup.plans);
  const registry = { "docker-hub": "from Docker Hub", "pull-through": "cache of Docker Hub", ecr: "own images" }[definition.registry.mode];
  const children: Node[] = [
    item("ecs", "containers", "compute", "Amazon ECS", ["cluster, services, tasks"]),
    item("ecr", "registry", "compute", definition.registry.mode === "docker-hub" ? "Docker Hub" : "Amazon ECR", [registry]),
    item("ssm", "systems", "management", "Systems Manager", ["scripts, patches, sessions"]),
    item("cloudwatch", "alarm", "management", "CloudWatch", ["metrics, logs, alarms"]),
    item("kms", "key", "management", "KMS, Secrets Manager"),
    item("backup", "backup", "storage", "AWS Backup", [`plans: ${listed(plans, 2)}`]),
    ...(shares.length ? [item("s3", "bucket", "storage", "Amazon S3", [listed(shares, 2), "Intelligent-Tiering"])] : []),
  ];
  return group("around", "plain", "column", children, { gap: 18, stretch: true });
}

function edges(definition: Definition): Edge[] {
  const { site, files, database, domain, regions } = definition;
  const list: Edge[] = [{ from: "igw", to: "alb", sides: ["bottom", "top"] }];
  regions.primary.zones.forEach((_, at) => list.push({ from: "alb", to: `zone-${at}`, sides: ["bottom", "top"] }));
  if (domain)
    list.push(
      { from: "users", to: "route53", sides: ["right", "left"] },
      { from: "route53", to: "igw", sides: ["bottom", "top"], bend: 0.25 },
    );
  const dx = site?.directConnect;
  const vpn = site?.vpn;
  if (dx) {
    const router = `router-${dx.router ?? site.routers[0]?.name}`;
    list.push(
      { from: router, to: "dx", sides: ["right", "left"] },
      { from: "dx", to: "hub", sides: ["right", "left"], bend: 0.4, arrive: 0.35 },
    );
  }
  if (vpn) {
    const router = `router-${vpn.router ?? site.routers.at(-1)?.name}`;
    list.push({ from: router, to: "vpn", sides: ["right", "left"], style: "standby", leave: dx ? 0.6 : 0.5 });
    list.push({ from: "vpn", to: "hub", sides: ["right", "left"], style: "standby", bend: 0.6, arrive: 0.65 });
  }
  if (dx || vpn) list.push({ from: "hub", to: "vpc", sides: ["right", "left"], arrive: 0.2 });
  if (database?.multiAz && regions.primary.zones.length > 1)
    list.push({ from: "db-0", to: "db-1", sides: ["right", "left"], style: "data" });
  if (files.gateway && site)
    list.push({ from: "gateway", to: "s3", sides: ["bottom", "bottom"], style: "data", label: "files, written back over the line" });
  return list;
}
