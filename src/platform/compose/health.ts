/** Health checks: the command as it is, times within what ECS and the load balancer take. */
import { minutes, seconds, type Duration } from "../../kernel/units.ts";
import type { PlatformInput } from "../definition.ts";
import { inUnit } from "../written.ts";
import { durationIn } from "./amounts.ts";
import type { ComposeService } from "./file.ts";
import type { Note } from "./note.ts";

type Health = NonNullable<PlatformInput["services"][string]["health"]>;

/** Docker's own: docs.docker.com/reference/dockerfile/#healthcheck */
const docker = { interval: seconds(30), timeout: seconds(30), failures: 3 };

export function healthOf(
  service: string,
  { healthcheck }: ComposeService,
  port: number | undefined,
  routed: boolean,
): { health?: Health; notes: Note[] } {
  const notes: Note[] = [];
  const note = (key: string, what: string) => void notes.push({ where: `${service}.healthcheck${key && `.${key}`}`, what });
  const test = healthcheck?.test;
  const none = healthcheck?.disable || test?.[0] === "NONE" || !test || test.length < 2;
  if (none) {
    // Without one the default would ask a path that the container may not have.
    if (port === undefined) return { notes };
    note(
      "",
      `there is none: every task counts as well until health says how to ask${routed ? "; the load balancer and Route 53 ask for /" : ""}`,
    );
    return { health: { command: ["CMD-SHELL", "exit 0"], ...(routed && { path: "/", deep: "/" }) }, notes };
  }
  const within = (key: string, text: string | undefined, or: Duration, min: Duration, max: Duration): Duration => {
    const wanted = (text && durationIn(text)) || or;
    // ECS counts whole seconds.
    const taken = seconds(Math.min(Math.max(Math.round(wanted / 1000), min / 1000), max / 1000));
    if (text && taken !== wanted) note(key, `${text} became ${inUnit(taken, "milliseconds")}, the nearest that ECS takes`);
    return taken;
  };
  const interval = within("interval", healthcheck?.interval, docker.interval, seconds(5), seconds(300));
  const longest = routed ? seconds(interval / 1000 - 1) : seconds(120);
  const timeout = within(
    "timeout",
    healthcheck?.timeout,
    routed && docker.timeout >= interval ? longest : docker.timeout,
    seconds(2),
    longest,
  );
  const failures = Number(healthcheck?.retries ?? docker.failures);
  const kept = Math.min(Math.max(failures, 2), 10);
  if (kept !== failures) note("retries", `${failures} became ${kept}, the nearest that ECS and the load balancer take`);
  const path =
    test.map((word) => /https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?(\/[^\s"'|;]*)?/.exec(word)).find(Boolean)?.[1] ?? "/";
  if (routed)
    note("", `the load balancer and Route 53 ask for ${path}; deep should be a path that answers well only when the whole journey works`);
  const grace = within("start_period", healthcheck?.start_period, seconds(0), seconds(0), minutes(30));
  const ports = routed ? { path, deep: path } : {};
  return { health: { command: test, ...ports, interval, timeout, failures: kept, grace }, notes };
}
