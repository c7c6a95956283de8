/** Where the platform lives: two regions, and the data centre with its lines. */
import { z } from "zod";
import { days, gbps, hours, mbps, minutes, seconds } from "../../kernel/units.ts";
import { bitRate, cidr, domainName, duration, durationOf, identifier, ipv4 } from "./scalars.ts";

export const regionSchema = z.strictObject({
  /** AWS's code, such as `eu-west-1`. */
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "a region code such as eu-west-1"),
  /** Availability zone *ids*, such as `euw1-az1`: names are shuffled from account to account, ids are not. Two or three. */
  zones: z
    .array(z.string().regex(/^[a-z]+\d-az\d+$/, "a zone id such as euw1-az1"))
    .min(1)
    .max(3),
  /** The VPC's range, /16 to /20. Default: the first /16 of 10.0.0.0/8 that nothing else uses. */
  cidr: cidr.optional(),
});

const router = z.strictObject({
  /** What lines and files call it. */
  name: identifier(16),
  /** Its public address, where the VPN's tunnels end. */
  address: ipv4,
  /** Its address inside the data centre. */
  inside: ipv4.optional(),
  /** What runs it; decides the form of the rendered configuration. */
  system: z.enum(["frr", "ios-xe", "junos"]).default("frr"),
  /** BFD on the Direct Connect session: loss is seen in 3 × 300 ms rather than at the end of the 90 s hold time.
   * Source: docs.aws.amazon.com/directconnect/latest/UserGuide/WorkingWithVirtualInterfaces.html */
  bfd: z.boolean().default(true),
});

const line = z.union([
  z.strictObject({
    /** A dedicated connection that exists: its id. */
    use: z.string().regex(/^dxcon-[a-z0-9]+$/, "a connection id such as dxcon-ffabc123"),
  }),
  z.strictObject({
    /** A hosted connection that a partner made: its id. It carries one virtual interface. */
    hosted: z.string().regex(/^dxcon-[a-z0-9]+$/, "a connection id such as dxcon-ffabc123"),
  }),
  z.strictObject({
    /** A LAG that exists: its id. */
    lag: z.string().regex(/^dxlag-[a-z0-9]+$/, "a LAG id such as dxlag-ffabc123"),
  }),
  z.strictObject({
    /** Order ports: real cross-connects, days to weeks, port-hours billed. */
    order: z.strictObject({
      /** Direct Connect locations, such as `EqDB4`; one port at each, two and more give location resiliency. */
      locations: z.array(z.string().min(2)).min(1).max(4),
      /** Ports at each location; more than one become a LAG. */
      ports: z.number().int().min(1).max(4).default(1),
    }),
  }),
]);

const directConnect = z.strictObject({
  /** The port: one that exists, or one to order. */
  connection: line,
  /** What the line carries. */
  bandwidth: bitRate(mbps(50), gbps(400)),
  /** The name of the router it ends on. Default: the first. */
  router: identifier(16).optional(),
  /** 802.1Q tag of the virtual interface. */
  vlan: z.number().int().min(1).max(4094).default(101),
  /** Bytes a packet: 8500 is the most a transit interface takes, 9001 a private one. Default 1500. */
  mtu: z.union([z.literal(1500), z.literal(8500), z.literal(9001)]).default(1500),
  /** Encrypt the port (dedicated 10 Gbps and up, at locations that have it). */
  macsec: z.boolean().default(false),
  /** AWS's resiliency models: what `check` holds the ports against. */
  resiliency: z.enum(["development", "high", "maximum"]).default("development"),
  /** AWS's side of the gateway. Default 64512; must differ from the transit gateway's. */
  amazonAsn: z.number().int().min(64_512).max(65_534).default(64_512),
});

const vpn = z.strictObject({
  /** The name of the router it ends on. Default: the last, so that it is not the Direct Connect's when there are two. */
  router: identifier(16).optional(),
  /** `standard`: 1.25 Gbps a tunnel; `large`: 5 Gbps a tunnel, on a transit gateway only.
   * Source: docs.aws.amazon.com/vpn/latest/s2svpn/vpn-limits.html */
  tunnel: z.enum(["standard", "large"]).default("standard"),
  /** Both tunnels at once carry traffic (ECMP); on a transit gateway only. */
  ecmp: z.boolean().default(false),
  /** Seconds of silence before dead peer detection acts: 30 at least. */
  deadPeerTimeout: duration(seconds(30), seconds(3600)).default(seconds(30)),
  /** Life of the IKE keys: 15 minutes to 8 hours, the default. Source: docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html */
  phase1Lifetime: duration(minutes(15), hours(8)).default(hours(8)),
  /** Life of the IPsec keys: 15 minutes to an hour, the default. Source as above. */
  phase2Lifetime: duration(minutes(15), hours(1)).default(hours(1)),
});

export const siteSchema = z.strictObject({
  /** Names its resources and files. Default `site`. */
  name: identifier(16).default("site"),
  /** The data centre's ranges, as its routers announce them. */
  cidrs: z.array(cidr).min(1).max(20),
  /** BGP number of the data centre. Default 65010, private. */
  asn: z.number().int().min(1).max(4_294_967_294).default(65_010),
  /** One or two. Both lines on one router share its fate. */
  routers: z.array(router).min(1).max(2),
  /** The address that two routers share inside (VRRP): what the data centre's machines have as their way to AWS. */
  gateway: ipv4.optional(),
  /** The dedicated line. Without it there is the VPN alone. */
  directConnect: directConnect.optional(),
  /** Two tunnels over the internet for each region: the way when the line fails. */
  vpn: vpn.optional(),
  /** Where the lines end in AWS: a virtual private gateway for each region, or a transit gateway. */
  hub: z.enum(["vgw", "tgw"]).default("vgw"),
  /** What the data centre must be able to receive from AWS at its peak. */
  feed: bitRate(mbps(1), gbps(400)).default(mbps(100)),
  /** Machines that run containers (ECS Anywhere). Not in the same failure domain, if there are two. */
  hosts: z
    .array(
      z.strictObject({
        /** What people, patches and runbooks call it. */
        name: identifier(24),
        /** Its address inside the data centre. */
        address: ipv4,
        /** Threads that it has for containers. Default 8. */
        cpu: z.number().min(1).max(512).default(8),
        /** Memory that it has for containers, in GiB. Default 32. */
        memoryGiB: z.number().min(1).max(4096).default(32),
      }),
    )
    .default([]),
  /** Whether hosts reach the internet by themselves; without it everything of AWS goes through the interface endpoints. */
  internet: z.boolean().default(false),
  /** Names across the lines, both ways. Without it each side resolves its own. */
  dns: z
    .strictObject({
      /** The data centre's resolvers. They forward AWS's names to the region, the region forwards `domain` to them. */
      servers: z.array(ipv4).min(1).max(4),
      /** The data centre's own domain, which the regions then resolve. */
      domain: domainName.optional(),
    })
    .optional(),
});

export const addressesSchema = z.strictObject({
  /** Docker's bridge on the hosts. Default 172.17.0.0/16, Docker's own. */
  docker: cidr.default("172.17.0.0/16"),
  /** From where generated ranges are taken. */
  from: cidr.default("10.0.0.0/8"),
  /** Prefix lengths of the subnets. */
  subnets: z
    .strictObject({
      /** Load balancer and NAT. Default 24. */
      public: z.number().int().min(18).max(28).default(24),
      /** Instances and endpoints. Default 20. */
      app: z.number().int().min(18).max(28).default(20),
      /** Database. Default 24. */
      data: z.number().int().min(18).max(28).default(24),
    })
    .prefault({}),
  /** /30s inside the VPN tunnels, two for each region. Default: from 169.254.10.0 on, AWS's reserved ones left out. */
  tunnels: z
    .strictObject({
      /** The primary region's first and second tunnel. */
      primary: z.tuple([cidr, cidr]).optional(),
      /** The recovery region's. */
      recovery: z.tuple([cidr, cidr]).optional(),
    })
    .prefault({}),
});

/** How long logs are kept, wherever a part writes some; AWS takes these only. */
export const logRetention = durationOf([1, 3, 7, 14, 30, 60, 90, 180, 365, 731].map(days)).default(days(30));
