/** What `causeway init` and `causeway import` write: a whole platform around some services, with a comment at each choice. */
import { hours, minutes } from "../kernel/units.ts";
import { identifierOf } from "./compose/names.ts";
import type { Note } from "./compose/note.ts";
import type { PlatformInput } from "./definition.ts";
import { sourceOf, type Section } from "./source.ts";

type Given = Pick<PlatformInput, "services" | "database" | "files"> & {
  /** Of the project or the folder. */
  name: string;
  notes?: readonly Note[];
};

const sections: Section[] = [
  { key: "name", comment: "Names every resource: lower-case letters, digits and hyphens, 16 at most." },
  {
    key: "domain",
    comment: "What users type. Without it nothing has a public name or a certificate.",
    example: 'domain: { name: "shop.example.com" },',
  },
  {
    key: "regions",
    comment: "Zones by id: their names are shuffled from account to account. Address ranges are generated unless they are given.",
  },
  {
    key: "site",
    comment: 'The data centre: its routers, the lines to AWS, its machines. Services then may say runsOn: "site" or "both".',
    example: `site: {
  cidrs: ["10.64.0.0/16"],
  routers: [{ name: "edge-1", address: "203.0.113.10" }, { name: "edge-2", address: "203.0.113.20" }],
  directConnect: { connection: { use: "dxcon-ffabc123" }, bandwidth: gbps(10), router: "edge-1" },
  vpn: { router: "edge-2" },
  hosts: [{ name: "rack-1", address: "10.64.8.11", cpu: 16, memoryGiB: 64 }],
},`,
  },
  { key: "services", comment: "What runs. Images by digest, so that what was tested is what starts." },
  {
    key: "cluster",
    comment: "The instances that tasks run on.",
    example: 'cluster: { instanceTypes: ["m6i.large", "m5.large"], min: 2, max: 10 },',
  },
  {
    key: "database",
    comment: 'PostgreSQL, MySQL or MariaDB on RDS. Services reach it with uses: ["database"].',
    example: 'database: { engine: "postgres", storage: { initial: gib(100), max: gib(500) } },',
  },
  {
    key: "files",
    comment: "Shares: NFS in the data centre, a bucket in the regions.",
    example: 'files: { gateway: { address: "10.64.16.5" }, shares: { reports: {} } },',
  },
  {
    key: "recovery",
    comment: "How the loss of a region is survived: backup-restore, pilot-light, warm-standby, hot-standby, active-active or none.",
  },
  { key: "operations", comment: "Who hears of alarms.", example: 'operations: { notify: ["platform@example.com"] },' },
  { key: "budget", example: 'budget: { monthly: usd(2000), notify: ["platform@example.com"] },' },
];

export function starter({ name, services, database, files, notes = [] }: Given): { input: PlatformInput; source: string } {
  const input: PlatformInput = {
    name: identifierOf(name, new Set(), 16),
    regions: {
      primary: { region: "eu-west-1", zones: ["euw1-az1", "euw1-az2"] },
      recovery: { region: "eu-central-1", zones: ["euc1-az2", "euc1-az3"] },
    },
    services,
    ...(database && { database }),
    ...(files && { files }),
    recovery: { strategy: "pilot-light", ...promises(services) },
  };
  return { input, source: sourceOf(input, sections, heading(notes)) };
}

/** One journey over all that is behind the load balancer, or over everything. */
function promises(services: PlatformInput["services"]): Pick<PlatformInput["recovery"], "objectives"> {
  const all = Object.keys(services);
  const routed = all.filter((service) => services[service]?.route);
  const journey = routed.length > 0 ? routed : all;
  return journey.length === 0 ? {} : { objectives: { use: { services: journey, rto: hours(2), rpo: minutes(15) } } };
}

const heading = (notes: readonly Note[]): string[] =>
  notes.length === 0
    ? []
    : ["What the Compose file says that is not here, or not as it was:", ...notes.map(({ where, what }) => `  ${where}: ${what}`)];

/** The one service of a platform that begins with nothing. */
export const firstService: PlatformInput["services"] = {
  web: {
    image: "acme/web:1.0",
    port: 8080,
    health: { path: "/health", deep: "/health/deep" },
    route: {},
    scaling: { min: 2, max: 10, cpu: 60 },
  },
};

/** So that an editor knows the types. */
export const tsconfig = `${JSON.stringify(
  {
    compilerOptions: {
      target: "es2023",
      module: "nodenext",
      strict: true,
      noEmit: true,
      allowImportingTsExtensions: true,
      skipLibCheck: true,
    },
    include: ["platform.ts"],
  },
  undefined,
  2,
)}\n`;
