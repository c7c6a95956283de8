/** S2 S3 S4: what routers are told, in each system's words. */
import { describe, expect, test } from "vitest";
import { UserError } from "../kernel/assert.ts";
import { render } from "./render.ts";
import { define, filled, rendered } from "./testing.ts";

const systems = ["frr", "ios-xe", "junos"] as const;
type System = (typeof systems)[number];

const file: Record<System, string> = { frr: "frr/frr.conf", "ios-xe": "ios-xe.cfg", junos: "junos.conf" };
const on = (system: System, change: (input: any) => void = () => undefined) =>
  define((input) => {
    for (const router of input.site.routers) router.system = system;
    change(input);
  });
const conf = (system: System, router: string, change?: (input: any) => void): string =>
  rendered(on(system, change))[`routers/${router}/${file[system]}`]!;

/** Says the same in the three languages. */
type Said = Record<System, string | RegExp>;

const edge1: Record<string, Said> = {
  "S2 the peer of the plan, by its number": {
    frr: "neighbor 169.254.20.2 remote-as 64512",
    "ios-xe": "neighbor 169.254.20.2 remote-as 64512",
    junos: "group dx1 peer-as 64512",
  },
  "S2 both VPC ranges and nothing else": {
    frr: "ip prefix-list aws seq 5 permit 10.0.0.0/16\nip prefix-list aws seq 10 permit 10.1.0.0/16\nip prefix-list aws-primary",
    "ios-xe": "ip prefix-list aws seq 5 permit 10.0.0.0/16\nip prefix-list aws seq 10 permit 10.1.0.0/16\nip prefix-list aws-primary",
    junos: /from prefix-list-filter aws exact\n.*local-preference 200\n.*accept\n.*direct-in then reject/,
  },
  "S3 Direct Connect is preferred inwards": {
    frr: "set local-preference 200",
    "ios-xe": "set local-preference 200",
    junos: "direct-in term only then local-preference 200",
  },
  "S3 and AWS is told to prefer it as well": {
    frr: /route-map direct-out permit 10\n match ip address prefix-list site\n match as-path made-here\n set community 7224:7300/,
    "ios-xe": " set community 7224:7300",
    junos: "community preferred members 7224:7300",
  },
  "S4 loss is seen after 3 × 300 ms": {
    frr: /detect-multiplier 3\n {2}receive-interval 300\n {2}transmit-interval 300/,
    "ios-xe": "bfd interval 300 min_rx 300 multiplier 3",
    junos: /group dx1 bfd-liveness-detection minimum-interval 300\n.*multiplier 3/,
  },
  "S4 the hold time is AWS's": {
    frr: "neighbor 169.254.20.2 timers 30 90",
    "ios-xe": "neighbor 169.254.20.2 timers 30 90",
    junos: "group dx1 hold-time 90",
  },
  "S4 a flood of prefixes closes the session": {
    frr: "neighbor 169.254.20.2 maximum-prefix 20 80 restart 5",
    "ios-xe": "neighbor 169.254.20.2 maximum-prefix 20 80 restart 5",
    junos: "group dx1 family inet unicast prefix-limit maximum 20",
  },
  "the key is a reference": {
    frr: "password @{secret:eu-west-1:customer-three/direct-connect/bgp}",
    "ios-xe": "password @{secret:eu-west-1:customer-three/direct-connect/bgp}",
    junos: 'authentication-key "@{secret:eu-west-1:customer-three/direct-connect/bgp}"',
  },
  "the VLAN and its packets": {
    frr: "",
    "ios-xe": /encapsulation dot1Q 101\n ip address 169.254.20.1 255.255.255.252\n ip mtu 8500/,
    junos: "unit 101 family inet mtu 8500",
  },
  "S4 the other router is told everything": {
    frr: /neighbor 10.64.0.3 remote-as 65010[\s\S]*neighbor 10.64.0.3 next-hop-self/,
    "ios-xe": /neighbor 10.64.0.3 remote-as 65010[\s\S]*neighbor 10.64.0.3 next-hop-self/,
    junos: /inside-peer-out term only then next-hop self[\s\S]*group inside neighbor 10.64.0.3/,
  },
};

const edge2: Record<string, Said> = {
  "S3 the VPN is less preferred, and each tunnel learns its own region only": {
    frr: /route-map vpn-recovery-in permit 10\n match ip address prefix-list aws-recovery\n set local-preference 100/,
    "ios-xe": /route-map vpn-recovery-in permit 10\n match ip address prefix-list aws-recovery\n set local-preference 100/,
    junos: /vpn-recovery-in term only from prefix-list-filter aws-recovery exact\n.*local-preference 100/,
  },
  "S3 the same ranges are announced as on Direct Connect, by a longer path": {
    frr: /route-map vpn-1-out permit 10\n match ip address prefix-list site\n match as-path made-here\n set as-path prepend last-as 2/,
    "ios-xe": /match ip address prefix-list site\n match as-path 1\n set as-path prepend 65010 65010/,
    junos: /vpn-1-out term only from prefix-list-filter site exact\n.*as-path-prepend "65010 65010"/,
  },
  "S3 both tunnels of both regions": {
    frr: /169.254.10.1 remote-as 64513[\s\S]*169.254.10.5 remote-as 64513[\s\S]*169.254.10.9 remote-as 64514[\s\S]*169.254.10.13 remote-as 64514/,
    "ios-xe":
      /169.254.10.1 remote-as 64513[\s\S]*169.254.10.5 remote-as 64513[\s\S]*169.254.10.9 remote-as 64514[\s\S]*169.254.10.13 remote-as 64514/,
    junos: /neighbor 169.254.10.1 [\s\S]*neighbor 169.254.10.5 [\s\S]*neighbor 169.254.10.9 [\s\S]*neighbor 169.254.10.13 /,
  },
  "S3 both tunnels at once": { frr: "maximum-paths 2", "ios-xe": "maximum-paths 2", junos: "group vpn-primary-2 multipath multiple-as" },
};

describe.each(systems)("%s", (system) => {
  test.each(Object.entries(edge1))("edge-1: %s", (_, said) => expect(conf(system, "edge-1")).toMatch(said[system]));
  test.each(Object.entries(edge2))("edge-2: %s", (_, said) => expect(conf(system, "edge-2")).toMatch(said[system]));

  test("without BFD nobody speaks it", () => {
    const without = (input: any) => input.site.routers.forEach((router: any) => (router.bfd = false));
    expect(conf(system, "edge-1", without)).not.toMatch(/bfd (profile|interval|-liveness)|fall-over bfd|bfd-liveness/);
  });

  test("S4 routers that share an address inside agree on who has it first: the one with the Direct Connect", () => {
    const share = ({ site }: any) => (site.gateway = "10.64.0.1");
    const priority: Said = {
      frr: "vrrp default priority 200",
      "ios-xe": "  address 10.64.0.1 primary\n  priority 200",
      junos: "vrrp-group 10 priority 200",
    };
    expect(conf(system, "edge-1", share)).toMatch(priority[system]);
    expect(conf(system, "edge-2", share)).toMatch(/priority 100/);
    expect(conf(system, "edge-1")).not.toMatch(/vrrp/);
  });

  test("S3 without ECMP the first tunnel is AWS's choice", () => {
    const text = conf(system, "edge-2", ({ site }) => (site.vpn.ecmp = false));
    expect(text).toMatch(system === "junos" ? "group vpn-primary-2 export vpn-2-out" : "neighbor 169.254.10.5 route-map vpn-2-out out");
  });

  test("a range that the router has no part in is announced all the same", () => {
    const text = conf(system, "edge-1", ({ site }) => site.cidrs.push("192.168.128.0/20"));
    const always: Said = {
      frr: "network 192.168.128.0/20",
      "ios-xe": "network 192.168.128.0 mask 255.255.240.0",
      junos: "static route 192.168.128.0/20 discard",
    };
    expect(text).toMatch(always[system]);
  });
});

test("S3 tunnels take the algorithms of AWS's side, and the renewal comes before AWS's", () => {
  const text = rendered(define())["routers/edge-2/swanctl/conf.d/vpn-primary.conf"]!;
  expect(text).toContain("proposals = aes256gcm16-prfsha384-prfsha512-ecp384-ecp521-ecp256");
  // 90 % of 8 h and of 1 h.
  expect(text).toContain("rekey_time = 25920s");
  expect(text).toContain("rekey_time = 3240s");
  // A third of the 30 s after which AWS gives up.
  expect(text).toContain("dpd_delay = 10s");
});

test("S3 only AWS's ends of the tunnels may speak IKE, and only peers BGP", () => {
  const files = rendered(define());
  expect(files["routers/edge-2/nftables.conf"]).toContain("ip saddr @tunnels udp dport { 500, 4500 } accept");
  expect(files["routers/edge-2/causeway/nftables.d/vpn-primary.nft"]).toContain(
    "@{tunnel:eu-west-1:169.254.10.0/30}, @{tunnel:eu-west-1:169.254.10.4/30}",
  );
  expect(files["routers/edge-1/nftables.conf"]).toContain('iifname "dx1" ip saddr 169.254.20.2 tcp dport 179 accept');
  expect(files["routers/edge-1/nftables.conf"]).not.toContain("udp dport { 500");
});

test("the same definition gives the same bytes, and no secret is among them", () => {
  expect(render(define())).toEqual(render(define()));
  for (const { text, path } of render(define()))
    expect(`${path}: ${/(password|secret =|pre-shared-key) (?!"?@\{)\S+/.exec(text)?.[0] ?? ""}`).toBe(`${path}: `);
});

test("a key, once filled in, is nobody else's to read", () => {
  expect(filled(define())["routers/edge-2/swanctl/conf.d/vpn-primary-keys.conf"]).not.toContain("@{");
  expect(render(define()).find(({ path }) => path.endsWith("vpn-primary-keys.conf"))?.mode).toBe(0o600);
});

test("S4 two routers must know each other's address inside", () => {
  const definition = define(({ site }) => delete site.routers[1].inside);
  expect(() => render(definition)).toThrow(UserError);
});

test("four locations end on two routers in turn", () => {
  const files = rendered(
    define(({ site }) => {
      site.directConnect = { connection: { order: { locations: ["EqDB4", "EqDB5", "InDB1", "InDB2"] } }, bandwidth: 10e9 };
    }),
  );
  expect(files["routers/edge-1/frr/frr.conf"]!.match(/description dx\d/g)).toEqual(["description dx1", "description dx3"]);
  expect(files["routers/edge-2/frr/frr.conf"]!.match(/description dx\d/g)).toEqual(["description dx2", "description dx4"]);
});
