/** A container host of the data centre: its settings, the program that enrols it, firewall, Docker, units. */
import { host, prefixLength } from "../platform/cidr.ts";
import type { Definition, Site } from "../platform/definition.ts";
import { names } from "../platform/names.ts";
import { holdings } from "../platform/strategies.ts";
import { text, type SiteFile } from "./file.ts";
import { hostFirewall } from "./firewall.ts";
import { hostScript } from "./host-script.ts";
import { mounts } from "./mounts.ts";
import { proxy } from "./proxy.ts";

/**
 * What the two agents and Docker ask in a region.
 * docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere.html, docs.aws.amazon.com/systems-manager/latest/userguide/setup-create-vpc.html
 */
const services = ["ssm", "ssmmessages", "ec2messages", "ecs", "ecs-a", "ecs-t", "logs", "secretsmanager", "api.ecr", "s3"];

export function hostFiles(definition: Definition, site: Site): SiteFile[] {
  if (site.hosts.length === 0) return [];
  const each = "hosts/every";
  return [
    ...site.hosts.map((machine) => ({ path: `hosts/${machine.name}/causeway/host.env`, text: settings(definition, machine) })),
    { path: `${each}/sbin/causeway-host`, text: hostScript(names(definition).mountPoint("").replace(/\/$/, "")), mode: 0o755 },
    { path: `${each}/nftables.conf`, text: hostFirewall(definition, site), mode: 0o755 },
    { path: `${each}/docker/daemon.json`, text: docker(definition) },
    { path: `${each}/systemd/system/causeway-check.service`, text: checkService },
    { path: `${each}/systemd/system/causeway-check.timer`, text: checkTimer },
    { path: `${each}/systemd/system/causeway-drain.service`, text: drainService },
    ...mounts(definition, each),
    ...proxy(definition, site, each),
  ];
}

/** Docker's own address on its bridge. */
const bridge = ({ addresses: { docker: range } }: Definition): string => `${host(range, 1)}/${prefixLength(range)}`;

function settings(definition: Definition, machine: Site["hosts"][number]): string {
  const { regions, files } = definition;
  const recovered = holdings(definition, "recovery").foundation !== "absent";
  const values = {
    HOST: machine.name,
    ADDRESS: machine.address,
    CLUSTER: names(definition).cluster,
    PRIMARY_REGION: regions.primary.region,
    RECOVERY_REGION: (recovered && regions.recovery?.region) || "",
    ENDPOINTS: services.join(" "),
    DOCKER_BIP: bridge(definition),
    SHARES: files.gateway ? Object.keys(files.shares).join(" ") : "",
  };
  return text(...Object.entries(values).map(([name, value]) => `${name}="${value}"`));
}

/** Containers outlive Docker's own restarts, and a talkative one does not fill the disk. */
const docker = (definition: Definition): string =>
  `${JSON.stringify(
    { bip: bridge(definition), "live-restore": true, "log-driver": "json-file", "log-opts": { "max-size": "20m", "max-file": "5" } },
    undefined,
    2,
  )}\n`;

const checkService = text(
  "[Unit]",
  "Description=What keeps this container host from working",
  "After=network-online.target",
  "",
  "[Service]",
  "Type=oneshot",
  "ExecStart=/usr/local/sbin/causeway-host check",
);

const checkTimer = text(
  "[Unit]",
  "Description=Look for what keeps this container host from working",
  "",
  "[Timer]",
  "OnBootSec=5min",
  "OnUnitActiveSec=15min",
  "RandomizedDelaySec=2min",
  "",
  "[Install]",
  "WantedBy=timers.target",
);

/** Units stop in the reverse of the order in which they start: this one's stop comes before Docker's and the agent's. */
const drainService = text(
  "[Unit]",
  "Description=Let containers end in their own time before this host stops",
  "Requires=docker.service",
  "After=docker.service ecs.service network-online.target remote-fs.target",
  "",
  "[Service]",
  "Type=oneshot",
  "RemainAfterExit=yes",
  "ExecStart=/bin/true",
  "ExecStop=/usr/local/sbin/causeway-host drain",
  "TimeoutStopSec=180",
  "",
  "[Install]",
  "WantedBy=multi-user.target",
);
