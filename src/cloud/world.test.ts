/** The world under the cloud: what acts do to it, what it does by itself, and that both survive. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { digest } from "../kernel/digest.ts";
import { nextAt } from "../kernel/loop.ts";
import { gib, milliseconds, mib, minutes, plus, seconds, type Duration, type Instant } from "../kernel/units.ts";
import { coresUsed, end, listenerAt, service, setLoad, start, terminate } from "../world/containers.ts";
import { place, switchOn } from "../world/machines.ts";
import { pull } from "../world/registries.ts";
import { Cloud } from "./cloud.ts";
import { Keeper } from "./keeper.ts";

const after = (cloud: Cloud, delay: Duration): void => void cloud.advance(plus(cloud.run.now, delay));

/** One machine of two cores in a zone, which boots in 20 s, and a container on it that listens at port 80 after 2 s. */
function machine() {
  const cloud = new Cloud();
  const { physics } = cloud;
  const { world } = physics;
  const where = { network: "vpc-1", address: "10.0.0.4", region: "eu-west-1", zone: "euw1-az1" };
  place(world, { id: "i-1", ...where, cores: 2, memory: gib(8), boot: seconds(20) });
  switchOn(physics, "i-1");
  after(cloud, seconds(20));
  const run = (id: string, image = "web") =>
    start(physics, { id, machine: "i-1", image, limit: { cores: 0.5, memory: mib(512) }, ports: [{ port: 80 }] });
  const answers = () => listenerAt(world, "vpc-1/10.0.0.4/80")?.id;
  return { cloud, physics, world, run, answers };
}

test("a machine boots, a container on it listens when it has started, and ends after SIGTERM when it has drained", () => {
  const { cloud, physics, world, run, answers } = machine();
  const container = run("c1");
  after(cloud, milliseconds(1999));
  expect([container.state, answers()]).toEqual(["starting", undefined]);
  after(cloud, milliseconds(1));
  expect([container.state, answers()]).toEqual(["up", "c1"]);
  terminate(physics, "c1");
  expect([container.state, answers()]).toEqual(["stopping", undefined]);
  after(cloud, seconds(1));
  expect(world.containers.get("c1")).toMatchObject({ state: "ended", exit: { code: 0, cause: "stopped" } });
});

test("a zone without power takes its machines and what runs on them; with power they boot again, and nothing runs", () => {
  const { cloud, world, run, answers } = machine();
  run("c1");
  after(cloud, minutes(1));
  cloud.act({ act: "lose-zone", zone: "euw1-az1" });
  expect(world.machines.get("i-1")?.state).toBe("dark");
  expect(world.containers.get("c1")).toMatchObject({ state: "ended", exit: { cause: "power" } });
  cloud.act({ act: "restore-zone", zone: "euw1-az1" });
  after(cloud, seconds(19));
  expect(world.machines.get("i-1")?.state).toBe("booting");
  after(cloud, seconds(1));
  expect([world.machines.get("i-1")?.state, answers()]).toEqual(["on", undefined]);
});

test("a boot that was cut short does not finish", () => {
  const { cloud, world } = machine();
  cloud.act({ act: "power-off", machine: "i-1" });
  cloud.act({ act: "power-on", machine: "i-1" });
  after(cloud, seconds(10));
  cloud.act({ act: "power-off", machine: "i-1" });
  cloud.act({ act: "power-on", machine: "i-1" });
  after(cloud, seconds(10)); // 20 s after the first, 10 s after the second
  expect(world.machines.get("i-1")?.state).toBe("booting");
});

test("a machine that hangs keeps its containers and answers nobody", () => {
  const { cloud, world, run, answers } = machine();
  run("c1");
  after(cloud, minutes(1));
  cloud.act({ act: "hang", machine: "i-1" });
  expect([world.containers.get("c1")?.state, answers()]).toEqual(["up", undefined]);
});

test("a container over its memory is killed, one that crashes ends with its code", () => {
  const { cloud, run } = machine();
  cloud.act({ act: "image", image: "big", behaviour: { memory: gib(1) } });
  cloud.act({ act: "image", image: "acme/crash", behaviour: { exit: { after: seconds(30), code: 3 } } });
  const big = run("c1", "big:1.0");
  const crash = run("c2", "docker.io/acme/crash@sha256:00");
  after(cloud, seconds(30));
  expect(big.exit).toEqual({ code: 137, cause: "memory" });
  expect(crash.exit).toEqual({ code: 3, cause: "itself" });
});

test("requests take cores up to the limit; what is beyond is refused, and the wait grows towards it", () => {
  const { cloud, run } = machine();
  const container = run("c1");
  after(cloud, seconds(2));
  // (0.5 - 0.005 cores) / 0.01 core-seconds = 49.5 requests a second.
  setLoad(container, 24.75);
  expect(coresUsed(container)).toBeCloseTo(0.2525);
  expect(service(container)).toEqual({ latency: 40, refused: 0, failing: 0 });
  setLoad(container, 99);
  expect(coresUsed(container)).toBe(0.5);
  expect(service(container)).toMatchObject({ latency: 1000, refused: 0.5 });
});

test("demand follows its steps, again and again", () => {
  const { cloud, world } = machine();
  const steps = [
    { at: 0, rate: 10 },
    { at: 60_000, rate: 30 },
  ];
  cloud.act({ act: "demand", id: "users", name: "shop.example.com", steps, every: 120_000 });
  const rates: (number | undefined)[] = [];
  for (let minute = 0; minute < 5; minute++) {
    rates.push(world.demands.get("users")?.rate);
    after(cloud, minutes(1));
  }
  expect(rates).toEqual([10, 30, 10, 30, 10]);
  cloud.act({ act: "no-demand", id: "users" });
  expect([world.demands.size, nextAt(cloud.run)]).toEqual([0, Number.POSITIVE_INFINITY]);
});

test("ECR-011 Docker Hub gives an address a hundred pulls in six hours, an account two hundred, and then refuses", () => {
  const { cloud, physics } = machine();
  const pulls = (who: string, count: number) => Array.from({ length: count }, () => pull(physics, "docker.io", who).outcome);
  expect(pulls("203.0.113.7", 101).filter((outcome) => outcome === "ok")).toHaveLength(100);
  expect(pull(physics, "docker.io", "203.0.113.7")).toMatchObject({ outcome: "limited", limit: 100 });
  expect(pulls("account:acme", 201).filter((outcome) => outcome === "ok")).toHaveLength(200);
  after(cloud, minutes(360));
  expect(pull(physics, "docker.io", "203.0.113.7").outcome).toBe("ok");
  cloud.act({ act: "registry", host: "docker.io", reachable: false });
  expect(pull(physics, "docker.io", "203.0.113.8").outcome).toBe("unreachable");
});

test("an act that names what is not there is refused before it does anything", () => {
  const { cloud } = machine();
  expect(cloud.refused({ act: "power-off", machine: "i-2" })).toBe("There is no machine i-2.");
  expect(cloud.refused({ act: "remove-host", machine: "i-1" })).toBe("i-1 is AWS's: terminate the instance.");
  expect(cloud.refused({ act: "end-container", container: "c9", code: 1 })).toBe("There is no container c9.");
  expect(
    cloud.refused({
      act: "demand",
      id: "d",
      name: "n",
      steps: [
        { at: 0, rate: 1 },
        { at: 5, rate: 2 },
      ],
      every: 5,
    }),
  ).toMatch(/begin anew/);
});

test("acts survive: after a crash the world is as it was", async () => {
  const dir = mkdtempSync(join(tmpdir(), "causeway-acts-"));
  try {
    const first = await Keeper.open(dir, 0 as Instant);
    const acts = [
      { act: "place-host", machine: "rack-1", site: "hq", address: "10.64.8.11", cores: 16, memory: gib(64), boot: 30_000 },
      { act: "power-on", machine: "rack-1" },
      { act: "lose-zone", zone: "euw1-az2" },
      { act: "demand", id: "users", name: "shop", steps: [{ at: 0, rate: 5 }] },
    ] as const;
    for (const act of acts) {
      first.cloud.act(structuredClone(act) as Parameters<Cloud["act"]>[0]);
      await first.acted(structuredClone(act) as Parameters<Cloud["act"]>[0]);
    }
    first.cloud.advance(plus(first.cloud.run.now, minutes(1)));
    await first.mark();
    // Not closed: as after kill -9, but for the lock, which a dead process does not hold.
    rmSync(join(dir, "lock"), { force: true });
    const second = await Keeper.open(dir, 0 as Instant);
    expect(digest(second.cloud.run)).toBe(digest(first.cloud.run));
    expect(second.cloud.run.universe.world.machines.get("rack-1")?.state).toBe("on");
    await second.close();
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

test("the end of a container that has ended already changes nothing", () => {
  const { cloud, physics, run } = machine();
  const container = run("c1");
  after(cloud, seconds(2));
  end(physics, "c1", { code: 1, cause: "itself" });
  end(physics, "c1", { code: 2, cause: "killed" });
  expect(container.exit?.code).toBe(1);
});
