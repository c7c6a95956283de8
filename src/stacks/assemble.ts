/** Definition → stacks → templates: decides which part of the picture is a stack of which region, when it is deployed and after what. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, DefaultStackSynthesizer, Stack, Tags } from "aws-cdk-lib";
import type { Definition } from "../platform/definition.ts";
import { handovers } from "../platform/handovers.ts";
import type { Presence } from "../platform/strategies.ts";
import type { Assembly, SynthesizedStack, Template } from "./assembly.ts";
import { build, type Built } from "./build.ts";
import { onlyWhenActive } from "./dr-active.ts";
import { parts, type PartName } from "./parts.ts";
import { places, type Place } from "./place.ts";

export type AssembleOptions = {
  /** Where the cloud assembly is written (and kept), for the CDK's own tools. Default: nowhere. */
  directory?: string;
  /** Called when every stack is built and nothing is synthesized yet. */
  prepare?: (app: App) => void;
};

/** What each part is for, as CloudFormation's console shows it. */
const descriptions: Record<PartName, string> = {
  foundation: "Keys, secrets, log buckets, reserved addresses",
  roles: "The roles of everything that may be switched on later",
  vault: "Where backups lie, under lock",
  network: "VPC, subnets, NAT gateways, endpoints, security groups",
  link: "Direct Connect and VPN to the data centre, names both ways",
  domain: "Hosted zone and certificate",
  registry: "Container images",
  database: "The database",
  files: "The buckets behind the file shares",
  shares: "The NFS shares of the storage gateway",
  compute: "Load balancer, cluster and services",
  operations: "Scripts, patching, sessions",
  protection: "Backup plans, copies, restore tests",
  observability: "Alarms and dashboard",
  traffic: "Health checks and records",
  faults: "Experiments that break it on purpose",
};

export function assemble(definition: Definition, options: AssembleOptions = {}): Assembly {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), "causeway-synth-"));
  try {
    const app = new App({
      analyticsReporting: false,
      treeMetadata: false,
      outdir: directory,
      context: { "aws:cdk:disable-asset-staging": true },
    });
    const stacks = buildStacks(app, definition);
    options.prepare?.(app);
    const synthesized = withoutOwnValidation(() => app.synth());
    return {
      handovers: handovers(definition),
      stacks: inOrder(
        [...stacks.values()].map(({ stack, part, place, when }) => ({
          id: stack.node.id,
          name: stack.stackName,
          part,
          role: place.role,
          region: place.region,
          when,
          dependsOn: stack.dependencies.map((each) => each.node.id).toSorted(),
          template: synthesized.getStackArtifact(stack.artifactId).template as Template,
        })),
      ),
    };
  } finally {
    if (!options.directory) rmSync(directory, { recursive: true, force: true });
  }
}

/** The CDK validates every template itself, in twice the time of all the rest, and only prints what it finds: `causeway check` does it once, with our form. */
function withoutOwnValidation<Result>(synthesize: () => Result): Result {
  const before = process.env["CDK_VALIDATION"];
  process.env["CDK_VALIDATION"] = "false";
  try {
    return synthesize();
  } finally {
    if (before === undefined) delete process.env["CDK_VALIDATION"];
    else process.env["CDK_VALIDATION"] = before;
  }
}

type Planned = { stack: Stack; part: PartName; place: Place; when: "deploy" | "recovery" };

function buildStacks(app: App, definition: Definition): Map<string, Planned> {
  const stacks = new Map<string, Planned>();
  for (const place of places(definition)) {
    const built: Built = {};
    for (const part of parts) {
      const presence = presenceOf(part, place);
      if (presence === "absent") continue;
      const stack = new Stack(app, `${place.region}-${part}`, {
        stackName: place.names.stack(part),
        description: `${definition.name}: ${descriptions[part]} (${place.role})`,
        env: { region: place.region },
        // No assets, so no bootstrap parameter: the templates are as plain as CloudFormation takes them.
        synthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }),
      });
      tag(stack, definition);
      build[part](stack, place, built);
      if (presence === "off") onlyWhenActive(stack, place);
      definition.override?.({ part, region: place.region, role: place.role, stack });
      stacks.set(stack.node.id, { stack, part, place, when: presence === "prepared" ? "recovery" : "deploy" });
    }
  }
  order(stacks, definition);
  return stacks;
}

/** Whether a region has a part, and how. */
function presenceOf(part: PartName, { holdings, definition }: Place): Presence {
  const { database, files } = holdings;
  switch (part) {
    case "foundation":
    case "roles":
    case "vault":
    case "protection":
      return holdings.foundation;
    case "domain":
    case "traffic":
      return definition.domain ? holdings.foundation : "absent";
    case "database":
      return database === "absent" ? "absent" : database === "restored" ? holdings.network : "live";
    case "files":
      return files === "absent" ? "absent" : "live";
    case "shares":
      return files === "absent" || files === "prepared" || !definition.files.gateway ? (files === "prepared" ? files : "absent") : "live";
    case "faults":
      return holdings.network === "live" ? "live" : "absent";
    default:
      return holdings[part];
  }
}

function tag(stack: Stack, definition: Definition): void {
  // The CDK would tag scalable targets too, which CloudFormation's published schema does not take.
  const except = { excludeResourceTypes: ["AWS::ApplicationAutoScaling::ScalableTarget"] };
  const tags = Tags.of(stack);
  tags.add("causeway:platform", definition.name, except);
  for (const [name, value] of Object.entries(definition.tags)) tags.add(name, value, except);
}

/** What a part finds by name rather than by reference, and so must be there before. Dependencies by reference the CDK adds. */
const after: Partial<Record<PartName, PartName[]>> = {
  roles: ["foundation"],
  vault: ["foundation"],
  network: ["foundation", "roles"],
  link: ["network"],
  domain: ["foundation"],
  registry: ["foundation"],
  database: ["network", "roles"],
  files: ["foundation", "roles"],
  shares: ["files", "network", "roles"],
  compute: ["network", "roles", "domain", "registry", "database", "files"],
  operations: ["foundation", "roles"],
  protection: ["vault", "database", "files"],
  observability: ["foundation", "roles", "link", "database", "shares", "compute"],
  traffic: ["foundation", "domain", "compute", "observability"],
  faults: ["network", "link", "database", "compute"],
};

/** Part → the other region's part that must be there first. */
const afterOther: Record<Place["role"], (definition: Definition) => Partial<Record<PartName, PartName>>> = {
  // Buckets and vaults that are written to, and the key that backups are replicated with.
  primary: () => ({ files: "files", database: "foundation", protection: "vault", registry: "registry" }),
  // Handovers, the replica's source.
  recovery: ({ database }) => ({ foundation: "foundation", link: "link", domain: "domain", ...(database && { database: "database" }) }),
};

function order(stacks: Map<string, Planned>, definition: Definition): void {
  for (const { stack, part, place } of stacks.values()) {
    for (const earlier of after[part] ?? []) {
      const found = stacks.get(`${place.region}-${earlier}`);
      if (found) stack.addStackDependency(found.stack);
    }
    const elsewhere = afterOther[place.role](definition)[part];
    const other = elsewhere && place.other && stacks.get(`${place.other.region}-${elsewhere}`);
    if (other && other.when === "deploy") stack.addStackDependency(other.stack);
  }
}

/** Dependencies first; otherwise in the order in which they were built. */
function inOrder(stacks: SynthesizedStack[]): SynthesizedStack[] {
  const done = new Set<string>();
  const result: SynthesizedStack[] = [];
  const byId = new Map(stacks.map((each) => [each.id, each]));
  const visit = (each: SynthesizedStack) => {
    if (done.has(each.id)) return;
    done.add(each.id);
    for (const earlier of each.dependsOn) visit(byId.get(earlier)!);
    result.push(each);
  };
  stacks.forEach(visit);
  return result;
}
