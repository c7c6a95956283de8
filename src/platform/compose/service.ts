/** One Compose service as a service of the definition. */
import { mib, minutes, seconds } from "../../kernel/units.ts";
import type { PlatformInput } from "../definition.ts";
import { inUnit } from "../written.ts";
import { durationIn, sizeIn } from "./amounts.ts";
import type { ImportedDatabase } from "./database.ts";
import { environmentOf } from "./environment.ts";
import type { Beside, ComposeService } from "./file.ts";
import { healthOf } from "./health.ts";
import { leftovers } from "./leftovers.ts";
import type { Note } from "./note.ts";
import { portsOf } from "./ports.ts";
import { secretName, secretValue, type Variables } from "./variables.ts";
import { volumesOf } from "./volumes.ts";

type Service = PlatformInput["services"][string];

/** What services of one file share. */
export type Around = {
  names: ReadonlyMap<string, string>;
  listening: ReadonlySet<string>;
  database?: ImportedDatabase;
  shares: Map<string, string>;
  variables: Variables;
  beside: Beside;
  /** Whether the listener's default is free: it goes to the first service that publishes a port. */
  defaultFree: boolean;
};

export function serviceOf(service: string, compose: ComposeService, around: Around): { input: Service; notes: Note[] } {
  const identifier = around.names.get(service)!;
  const { port, published, notes: ofPorts } = portsOf(service, compose);
  const routed = published && around.defaultFree;
  const { environment, secrets, notes: ofEnvironment } = environmentOf({ service, compose, identifier, ...around });
  const { files, notes: ofVolumes } = volumesOf(service, compose, around.shares);
  const { health, notes: ofHealth } = healthOf(service, compose, port, routed);
  const { uses, notes: ofUses } = usesOf(service, compose, around);
  const notes = [...ofPorts, ...ofEnvironment, ...ofVolumes, ...ofHealth, ...ofUses, ...leftovers(service, compose)];
  const note = (key: string, what: string) => void notes.push({ where: key ? `${service}.${key}` : service, what });
  if (identifier !== service) note("", `is called ${identifier} here, which is its host name as well`);
  if (compose.command?.some(holdsSecret)) note("command", "seems to hold a secret: make it a variable of secrets, and take it out here");
  if (published && !routed)
    note("ports", `published, but the listener's default is another service's: give it route: { paths: […] } or { hosts: […] }`);
  const input: Service = {
    image: imageOf(identifier, compose, note),
    ...(compose.command && { command: compose.command }),
    ...(port !== undefined && { port }),
    ...sizes(compose, note),
    ...(Object.keys(environment).length > 0 && { environment }),
    ...(Object.keys(secrets).length > 0 && { secrets }),
    ...(uses.length > 0 && { uses }),
    ...(Object.keys(files).length > 0 && { files }),
    ...(health && { health }),
    ...(routed && { route: {} }),
    ...scaling(compose, Object.keys(files).length > 0, note),
    ...stop(compose, note),
    // Docker's roots are writable unless the file says otherwise.
    ...(!compose.read_only && { readonlyRoot: false }),
  };
  return { input, notes };
}

/** `--requirepass`, `--api-token=…`, a URL with a password. What is a variable still is not written. */
const holdsSecret = (word: string): boolean =>
  secretValue(word) ||
  (word.startsWith("-") && secretName(word.replace(/^-+/, "").replace(/=.*$/, "").replaceAll("-", "_")) && !word.includes("$"));

type Say = (key: string, what: string) => void;

/** Compose builds what has no image; ECS pulls, so a name is made up that has to be filled. */
function imageOf(identifier: string, { image }: ComposeService, note: Say): string {
  // Variables without a value leave the colon of a tag or the slash of a registry behind.
  const given = image?.replaceAll(/^\/+|:$/g, "");
  if (!given) {
    note("image", `there is none: push what is built and write its digest for ${identifier}:built`);
    return `${identifier}:built`;
  }
  if (!given.includes("@sha256:"))
    note("image", "a tag may move: write the digest that was tested, docker buildx imagetools inspect prints it");
  return given;
}

function usesOf(
  service: string,
  { depends_on: after, links }: ComposeService,
  { names, listening, database }: Around,
): { uses: string[]; notes: Note[] } {
  const notes: Note[] = [];
  const uses = new Set<string>();
  for (const other of [...(after ?? []), ...(links ?? []).map((link) => link.split(":")[0]!)]) {
    const where = `${service}.depends_on ${other}`;
    const name = names.get(other);
    if (other === service) notes.push({ where, what: "depends on itself, which Compose refuses too" });
    else if (other === database?.service) uses.add("database");
    else if (name === undefined) notes.push({ where, what: "there is no such service" });
    else if (!listening.has(other))
      notes.push({ where, what: `${other} listens on no port that the file names: give it port, and ${name} to uses` });
    else uses.add(name);
  }
  if (after?.length)
    notes.push({
      where: `${service}.depends_on`,
      what: "became uses: ways are open, but nothing waits for another to start, so the service must try again",
    });
  return { uses: [...uses], notes };
}

function sizes({ cpus, mem_limit: limit, deploy }: ComposeService, note: Say): Pick<Service, "cpu" | "memory"> {
  const limits = deploy?.resources?.limits ?? {};
  const shares = Math.round(Number(limits.cpus ?? cpus) * 1024);
  const memory = sizeIn(limits.memory ?? limit ?? "");
  if (memory === undefined)
    note("deploy.resources.limits", "no memory limit: 512 MiB is the most that a task gets here unless memory says more");
  if (shares < 128) note("deploy.resources.limits.cpus", "an eighth of a processor is the least");
  return {
    ...(shares > 0 && { cpu: Math.max(shares, 128) }),
    ...(memory !== undefined && { memory: mib(Math.max(6, Math.ceil(memory / mib(1)))) }),
  };
}

function scaling({ deploy, scale }: ComposeService, keepsFiles: boolean, note: Say): Pick<Service, "scaling"> {
  const replicas = deploy?.replicas ?? scale;
  if (replicas !== undefined) return { scaling: { min: replicas, max: replicas } };
  if (!keepsFiles) return {};
  note("volumes", "it keeps files, so there is one task: more need a program that shares them");
  return { scaling: { min: 1, max: 1 } };
}

function stop({ stop_grace_period: text }: ComposeService, note: Say): Pick<Service, "stopTimeout"> {
  const wanted = text === undefined ? undefined : durationIn(text);
  if (wanted === undefined) return {};
  const stopTimeout = seconds(Math.min(Math.max(Math.round(wanted / 1000), 2), minutes(2) / 1000));
  if (stopTimeout !== wanted)
    note("stop_grace_period", `${text} became ${inUnit(stopTimeout, "milliseconds")}, the nearest that ECS takes`);
  return { stopTimeout };
}
