/** What every command about a platform begins with: find the file, load it, apply the switches, parse it, or say everything that is wrong. */
import { relative } from "node:path";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { UserError } from "../kernel/assert.ts";
import type { Definition, PlatformInput } from "../platform/definition.ts";
import type { Finding } from "../platform/finding.ts";
import { findPlatform, load, type Loaded } from "../platform/load.ts";
import { located } from "../platform/locate.ts";
import { parse } from "../platform/parse.ts";
import { InvalidDefinition } from "./invalid.ts";

/** The switches that such commands share. */
export const definitionFlags = {
  config: { type: "string" },
  strategy: { type: "string" },
  hub: { type: "string" },
  registry: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const satisfies ParseArgsConfig["options"];

export const definitionHelp = `  --config FILE         the definition                    (platform.ts, here or in a folder above)
  --strategy S          instead of the definition's: backup-restore, pilot-light,
                        warm-standby, hot-standby, active-active, none
  --hub H               instead of the definition's: vgw, tgw
  --registry R          instead of the definition's: docker-hub, pull-through, ecr`;

export type Switches = { config?: string; strategy?: string; hub?: string; registry?: string };

export type Read = { definition?: Definition; findings: Finding[]; file: string; locate: Loaded["locate"] };

/** Flags by their types, or a sentence about the one that is wrong. */
export function flagsOf<Options extends NonNullable<ParseArgsConfig["options"]>>(command: string, args: string[], options: Options) {
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new UserError("USAGE", error instanceof Error ? error.message : String(error), `causeway ${command} --help`);
  }
}

/** The definition with its switches applied. Findings have the line where they are. */
export async function read({ config, strategy, hub, registry }: Switches): Promise<Read> {
  const path = config ?? findPlatform(process.cwd());
  const file = relative(process.cwd(), path) || path;
  const { input, locate } = await load(file);
  const { definition, findings } = parse(switched(input, { strategy, hub, registry }));
  return { definition, findings: located(findings, locate), file, locate };
}

/** Another strategy, hub or registry. What a virtual private gateway cannot do (two tunnels at once, large ones) goes with the hub, and jumbo frames have its size. */
export function switched(input: unknown, { strategy, hub, registry }: Switches): unknown {
  if (typeof input !== "object" || input === null) return input;
  const given = input as Partial<PlatformInput>;
  const result = { ...given };
  if (strategy) result.recovery = { ...given.recovery, strategy: strategy as "none" };
  if (registry) result.registry = { ...given.registry, mode: registry as "ecr" };
  if (hub && given.site) {
    const vpn = given.site.vpn && (hub === "vgw" ? { ...given.site.vpn, tunnel: "standard" as const, ecmp: false } : given.site.vpn);
    const line = given.site.directConnect;
    const jumbo = hub === "vgw" ? (9001 as const) : (8500 as const);
    const directConnect = line && { ...line, mtu: line.mtu === undefined || line.mtu === 1500 ? line.mtu : jumbo };
    result.site = { ...given.site, hub: hub as "vgw", vpn, directConnect };
  }
  return result;
}

/** The definition of a command that needs a right one. */
export async function readValid(switches: Switches): Promise<Read & { definition: Definition }> {
  const found = await read(switches);
  const { definition } = found;
  if (!definition) throw new InvalidDefinition(found.findings);
  return { ...found, definition };
}
