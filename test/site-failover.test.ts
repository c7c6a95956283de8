/**
 * S2 S3 S4: the rendered routers, in namespaces, against AWS's side of the lines: gateway and one hub a region. The Direct Connect path is cut
 * without a word, traffic moves to the VPN's path and back. Tunnels are plain wires here: what is proven is routing, not encryption.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { define, filled, testKey } from "../src/site/testing.ts";
import type { Definition } from "../src/platform/definition.ts";
import { attempt, Laboratory, missing } from "./laboratory.ts";

const reason = missing();
if (reason) console.log(`site-failover: skipped, ${reason}.`);

const worker = "10.64.8.11";
/** What the routers share inside. */
const shared = "10.64.0.1";
const twoRouters = (change: (input: any) => void = () => undefined): Definition =>
  define((input) => {
    input.site.gateway = shared;
    change(input);
  });
const vpc = { primary: "10.0.0.10", recovery: "10.1.0.10" };

/** AWS's end of the BGP sessions, as AWS documents its preferences: Direct Connect before VPN for equal prefixes. */
function hub(asn: number, cidr: string, gateway: string, tunnels: string[]): string {
  return `frr defaults traditional
ip route ${cidr} Null0
route-map direct permit 10
 set local-preference 200
exit
route-map all permit 10
exit
router bgp ${asn}
 no bgp default ipv4-unicast
 bgp graceful-restart-disable
 neighbor ${gateway} remote-as 64512
${tunnels.map((each) => ` neighbor ${each} remote-as 65010\n neighbor ${each} timers 10 30`).join("\n")}
 address-family ipv4 unicast
  network ${cidr}
  neighbor ${gateway} activate
  neighbor ${gateway} route-map direct in
  neighbor ${gateway} route-map all out
${tunnels.map((each) => `  neighbor ${each} activate\n  neighbor ${each} route-map all in\n  neighbor ${each} route-map all out`).join("\n")}
  maximum-paths 2
 exit-address-family
exit
`;
}

/** The Direct Connect gateway. It offers more than the two VPCs, as a wrongly set-up one would. */
const gateway = (bfd: boolean, [keepalive, hold]: [number, number]): string => `frr defaults traditional
ip route 192.0.2.0/24 Null0
route-map all permit 10
exit
${bfd ? "bfd\n profile line\n  detect-multiplier 3\n  receive-interval 300\n  transmit-interval 300\n exit\nexit" : "!"}
router bgp 64512
 no bgp default ipv4-unicast
 bgp graceful-restart-disable
 neighbor 169.254.20.1 remote-as 65010
 neighbor 169.254.20.1 password ${testKey}
 neighbor 169.254.20.1 timers ${keepalive} ${hold}
 neighbor 169.254.20.1 timers connect 1
${bfd ? " neighbor 169.254.20.1 bfd profile line" : "!"}
 neighbor 172.31.1.2 remote-as 64513
 neighbor 172.31.2.2 remote-as 64514
 address-family ipv4 unicast
  network 192.0.2.0/24
${["169.254.20.1", "172.31.1.2", "172.31.2.2"].map((each) => `  neighbor ${each} activate\n  neighbor ${each} route-map all in\n  neighbor ${each} route-map all out`).join("\n")}
 exit-address-family
exit
`;

async function build(lab: Laboratory, definition: Definition, hold: [number, number]): Promise<void> {
  for (const name of ["inside", "edge-1", "edge-2", "gateway", "hub-1", "hub-2"]) lab.machine(name);
  // The data centre's switch is also its one machine.
  lab.run("inside", "ip", "link", "add", "lan", "type", "bridge");
  for (const [router, address] of [
    ["edge-1", "10.64.0.2/16"],
    ["edge-2", "10.64.0.3/16"],
  ] as const) {
    lab.wire({ machine: "inside", name: router }, { machine: router, name: "lan", address });
    lab.run("inside", "ip", "link", "set", router, "master", "lan");
  }
  lab.run("inside", "ip", "address", "add", `${worker}/16`, "dev", "lan");
  lab.run("inside", "ip", "link", "set", "lan", "up");
  lab.run("inside", "ip", "route", "add", "default", "via", shared);
  lab.wire(
    { machine: "edge-1", name: "dx1", address: "169.254.20.1/30" },
    { machine: "gateway", name: "site", address: "169.254.20.2/30" },
  );
  for (const [at, role] of (["primary", "recovery"] as const).entries()) {
    const machine = `hub-${at + 1}`;
    lab.wire(
      { machine: "gateway", name: role, address: `172.31.${at + 1}.1/30` },
      { machine, name: "gateway", address: `172.31.${at + 1}.2/30` },
    );
    lab.run(machine, "ip", "address", "add", `${vpc[role]}/32`, "dev", "lo");
    for (const tunnel of [1, 2]) {
      const base = at * 8 + (tunnel - 1) * 4;
      const name = `vpn-${role}-${tunnel}`;
      lab.wire(
        { machine: "edge-2", name, address: `169.254.10.${base + 2}/30` },
        { machine, name: `site-${tunnel}`, address: `169.254.10.${base + 1}/30` },
      );
    }
  }
  const files = filled(definition);
  for (const router of ["edge-1", "edge-2"]) {
    const firewall = join(lab.directory, `${router}.nft`);
    writeFileSync(firewall, files[`routers/${router}/nftables.conf`]!.replace(/^include .*$/m, ""));
    lab.run(router, "nft", "-f", firewall);
    // The kernel here may have no VLANs and no XFRM interfaces, so of the rendered script the shared address alone is run.
    const script = files[`routers/${router}/causeway/interfaces`]!;
    lab.run(router, "sh", "-c", `INSIDE_PORT=lan; ${/^there\(\).*$/m.exec(script)![0]}\n${script.slice(script.indexOf("there shared"))}`);
  }
  await Promise.all([
    ...["edge-1", "edge-2"].map((router) => lab.frr(router, files[`routers/${router}/frr/frr.conf`]!)),
    lab.frr("gateway", gateway(definition.site!.routers[0]!.bfd, hold)),
    lab.frr("hub-1", hub(64_513, "10.0.0.0/16", "172.31.1.1", ["169.254.10.2", "169.254.10.6"])),
    lab.frr("hub-2", hub(64_514, "10.1.0.0/16", "172.31.2.1", ["169.254.10.10", "169.254.10.14"])),
  ]);
}

/** Where a packet leaves a machine. */
const way = (lab: Laboratory, machine: string, to: string): string =>
  / dev (\S+)/.exec(lab.run(machine, "ip", "route", "show", "match", to))?.[1] ?? "none";

const byDirectConnect = (lab: Laboratory): boolean => way(lab, "edge-1", vpc.primary) === "dx1" && way(lab, "hub-1", worker) === "gateway";
const byVpn = (lab: Laboratory): boolean =>
  way(lab, "edge-1", vpc.primary) === "lan" &&
  way(lab, "edge-2", vpc.primary).startsWith("vpn-primary-") &&
  way(lab, "hub-1", worker).startsWith("site-");

/** Without the router of the Direct Connect. */
const byVpnAlone = (lab: Laboratory): boolean =>
  way(lab, "edge-2", vpc.primary).startsWith("vpn-primary-") && way(lab, "hub-1", worker).startsWith("site-");

/** The line is dead and nobody says so: its interfaces stay up, packets vanish. */
const cut = (lab: Laboratory): void =>
  void lab.run(
    "gateway",
    "nft",
    `table inet cut {
    chain arriving { type filter hook prerouting priority -400; iifname "site" drop; }
    chain leaving { type filter hook postrouting priority -400; oifname "site" drop; }
  }`,
  );
const mend = (lab: Laboratory): void => void lab.run("gateway", "nft", "delete", "table", "inet", "cut");

/** Requests every 20 ms while `during` runs; the longest time without an answer, in milliseconds. */
async function outage(lab: Laboratory, during: () => Promise<void>): Promise<number> {
  const ping = lab.start("inside", "ping", "-D", "-n", "-i", "0.02", vpc.primary);
  let printed = "";
  ping.stdout!.on("data", (text: Buffer) => (printed += text.toString()));
  await lab.until("an answer comes", 5000, () => printed.includes("icmp_seq"));
  await during();
  const before = printed.length;
  await lab.until("answers come again", 5000, () => printed.slice(before).includes("icmp_seq"));
  ping.kill("SIGINT");
  const times = [...printed.matchAll(/\[(\d+\.\d+)\] \d+ bytes from/g)].map(([, at]) => Number(at) * 1000);
  return Math.max(...times.slice(1).map((at, index) => at - times[index]!));
}

describe.skipIf(reason !== undefined)("the data centre's two lines", () => {
  const open: Laboratory[] = [];
  afterAll(async () => {
    for (const lab of open) await lab.close();
  });

  async function ready(definition: Definition, hold: [number, number]): Promise<Laboratory> {
    const lab = new Laboratory();
    open.push(lab);
    await build(lab, definition, hold);
    await lab.until("traffic goes by Direct Connect both ways", 30_000, () => byDirectConnect(lab));
    await lab.until(
      "the VPN's sessions are up",
      30_000,
      () => Object.keys(JSON.parse(lab.vtysh("edge-2", "show bgp ipv4 unicast 10.0.0.0/16 json")).paths ?? {}).length >= 2,
    );
    if (definition.site!.routers[0]!.bfd) {
      // A session of BFD that was never up cannot go down: the other router's and Direct Connect's.
      await lab.until("BFD is up", 20_000, () => (lab.vtysh("edge-1", "show bfd peers brief").match(/ up\s*$/gm)?.length ?? 0) === 2);
    }
    return lab;
  }

  describe("with BFD", () => {
    let lab: Laboratory;
    beforeAll(async () => {
      lab = await ready(twoRouters(), [30, 90]);
    });

    test("S2 the data centre learns both VPC ranges by Direct Connect and nothing else", () => {
      const routes = JSON.parse(lab.vtysh("edge-1", "show bgp ipv4 unicast neighbors 169.254.20.2 routes json")).routes;
      expect(Object.keys(routes)).toEqual(["10.0.0.0/16", "10.1.0.0/16"]);
    });

    test("the firewalls let nothing across that is not between site and VPCs", () => {
      const passes = (from: string, to: string): boolean => {
        try {
          lab.run("hub-1", "ping", "-c", "1", "-W", "1", "-I", from, to);
          return true;
        } catch {
          return false;
        }
      };
      expect(passes(vpc.primary, worker)).toBe(true);
      // Another network behind AWS's side, and a router's own address from there.
      expect(passes("172.31.1.2", worker)).toBe(false);
    });

    test("S3 the site announces its own range and never becomes a way between regions", () => {
      for (const hub of ["hub-1", "hub-2"]) {
        const table = JSON.parse(lab.vtysh(hub, "show bgp ipv4 unicast json")).routes as Record<string, { path: string }[]>;
        const fromSite = Object.entries(table).filter(([, paths]) => paths.some(({ path }) => path.startsWith("65010")));
        expect(fromSite.map(([prefix]) => prefix)).toEqual(["10.64.0.0/16"]);
      }
    });

    test("S3 S4 traffic moves to the VPN within BFD's detection time when the fibre is cut, and back when it is mended", async () => {
      const lost = await outage(lab, async () => {
        cut(lab);
        await lab.until("traffic goes by VPN both ways", 10_000, () => byVpn(lab));
      });
      let back = 0;
      const lostBack = await outage(lab, async () => {
        mend(lab);
        back = await lab.until("traffic goes by Direct Connect again", 20_000, () => byDirectConnect(lab));
      });
      console.log(
        `site-failover: BFD: cut, ${Math.round(lost)} ms without an answer; mended, Direct Connect again after ${Math.round(back)} ms, ${Math.round(lostBack)} ms without an answer.`,
      );
      // 300 ms × 3, and time for BGP to tell the other router and for both to change their tables.
      expect(lost).toBeGreaterThan(600);
      expect(lost).toBeLessThan(3000);
      // Returning loses nothing to speak of: the new way is there before the old one goes.
      expect(lostBack).toBeLessThan(1000);
    });
  });

  test("S4 when the router with the Direct Connect dies, the other takes its place on both sides", async () => {
    const lab = await ready(twoRouters(), [30, 90]);
    const holdsShared = (router: string): boolean => lab.vtysh(router, "show vrrp summary").includes("Master");
    await lab.until("the shared address is the first router's alone", 15_000, () => holdsShared("edge-1") && !holdsShared("edge-2"));
    const lost = await outage(lab, async () => {
      // Dead, and no port of it goes down: both ends of its wires stay up and hear nothing.
      lab.run("inside", "ip", "link", "set", "edge-1", "nomaster");
      cut(lab);
      await lab.until("the other router has the shared address and the ways", 15_000, () => holdsShared("edge-2") && byVpnAlone(lab));
    });
    console.log(`site-failover: the router with the Direct Connect died: ${Math.round(lost)} ms without an answer.`);
    // A switch that forgets the dead router's port brings frames to the other at once, and BFD counts: 0.9 s. One that remembers waits for VRRP:
    // three advertisements, one a second, and a little more.
    expect(lost).toBeGreaterThan(600);
    expect(lost).toBeLessThan(7000);
  });

  test("S4 without BFD traffic waits for the hold time", async () => {
    const definition = twoRouters((input) => input.site.routers.forEach((router: { bfd?: boolean }) => (router.bfd = false)));
    // The lower side's timers hold: 9 s instead of 90 s, so that this test ends.
    const lab = await ready(definition, [3, 9]);
    const lost = await outage(lab, async () => {
      cut(lab);
      await lab.until("traffic goes by VPN both ways", 15_000, () => byVpn(lab));
    });
    console.log(`site-failover: hold time of 9 s instead of BFD: cut, ${Math.round(lost)} ms without an answer.`);
    // The hold time counts from the last keepalive, which is up to 3 s old.
    expect(lost).toBeGreaterThan(5000);
    expect(lost).toBeLessThan(12_000);
  });

  test("nothing is left when the laboratory closes", async () => {
    const lab = new Laboratory();
    const machine = lab.machine("brief");
    lab.start(machine, "sleep", "60");
    await lab.close();
    expect(attempt("ip", "netns", "list")).not.toContain(machine);
  });
});
