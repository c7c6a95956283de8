/** Ports: the one that a service listens on, and whether it is for the outside. */
import type { ComposeService } from "./file.ts";
import type { Note } from "./note.ts";

export type Ports = { port?: number; published: boolean; notes: Note[] };

/** Ports that speak no HTTP: a load balancer of requests cannot stand before them. */
const notHttp = new Set([22, 25, 53, 389, 465, 587, 1433, 1521, 1883, 3306, 4222, 5432, 5672, 6379, 9042, 9092, 11_211, 27_017]);

/** What official images listen on, by their EXPOSE, for services that only others of the file reach. */
const exposed: Record<string, number> = {
  redis: 6379,
  valkey: 6379,
  memcached: 11_211,
  rabbitmq: 5672,
  mongo: 27_017,
  nats: 4222,
  nginx: 80,
  httpd: 80,
};

export function portsOf(service: string, { image, ports, expose }: ComposeService): Ports {
  const notes: Note[] = [];
  const tcp: number[] = [];
  for (const each of ports ?? []) {
    const { text, target, protocol } =
      typeof each === "string" ? short(each) : { text: each.target, target: Number(each.target), protocol: each.protocol ?? "tcp" };
    if (protocol !== "tcp")
      notes.push({ where: `${service}.ports ${text}`, what: `${protocol} has no counterpart: services listen on one TCP port` });
    else if (!Number.isInteger(target)) notes.push({ where: `${service}.ports ${text}`, what: "a range of ports: services listen on one" });
    else tcp.push(target);
  }
  const inner = (expose ?? []).map((text) => Number(text.replace(/\/.*/, ""))).filter(Number.isInteger);
  const all = [...new Set([...tcp, ...inner])];
  const name = /([^/:@]+)(:[^/@]*)?(@.*)?$/.exec(image ?? "")?.[1] ?? "";
  const [port = Object.hasOwn(exposed, name) ? exposed[name] : undefined] = all;
  if (port !== undefined && all.length === 0) notes.push({ where: `${service}.image`, what: `port ${port} is what ${name} listens on` });
  for (const more of all.slice(1)) notes.push({ where: `${service}.ports ${more}`, what: `a service listens on one port, here ${port}` });
  return { port, published: tcp.length > 0 && port !== undefined && !notHttp.has(port), notes };
}

/** `[[host:]published:]target[/protocol]` */
function short(text: string): { text: string; target: number; protocol: string } {
  const [mapping = "", protocol = "tcp"] = text.split("/");
  return { text, target: Number(mapping.slice(mapping.lastIndexOf(":") + 1)), protocol };
}
