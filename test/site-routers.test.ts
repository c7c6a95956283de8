/** S2 S3: what is rendered for routers and hosts, read by the programs it is for: FRR, strongSwan, nftables, shells. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Definition } from "../src/platform/definition.ts";
import { define, filled, testKey } from "../src/site/testing.ts";
import { attempt, Laboratory, missing } from "./laboratory.ts";

const variants: Record<string, Definition> = {
  reference: define(),
  "one router, virtual private gateway": define(({ site }) => {
    site.routers = [{ name: "edge", address: "203.0.113.10" }];
    site.hub = "vgw";
    site.directConnect = { connection: { use: "dxcon-fg5kq2x1" }, bandwidth: 1e9 };
    site.vpn = {};
  }),
  "four locations, no BFD": define(({ site }) => {
    for (const router of site.routers) router.bfd = false;
    site.directConnect = {
      ...site.directConnect,
      connection: { order: { locations: ["EqDB4", "EqDB5", "InDB1", "InDB2"] } },
      router: undefined,
    };
  }),
  "ranges that no router is in": define(({ site }) => void site.cidrs.push("192.168.128.0/20")),
  "a shared address": define(({ site }) => (site.gateway = "10.64.0.1")),
  "one region": define((input) => {
    input.recovery.strategy = "none";
    delete input.regions.recovery;
  }),
};

const directory = mkdtempSync(join(tmpdir(), "causeway-rendered-"));
// FRR's daemons read as their own user.
chmodSync(directory, 0o755);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** The variant's files on the disk, by path. */
function onDisk(name: string): { path: string; file: string; text: string }[] {
  return Object.entries(filled(variants[name]!)).map(([path, text]) => {
    const file = join(directory, name.replaceAll(/\W/g, "-"), path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, 0o644);
    return { path, file, text };
  });
}

/** Skips, and says why, where the program is not installed. */
function absent(what: string, ...programs: string[]): boolean {
  const lacking = programs.filter((each) => !(each.startsWith("/") ? existsSync(each) : attempt("sh", "-c", `command -v ${each}`)));
  if (lacking.length) console.log(`site-routers: ${what} skipped, ${lacking.join(" and ")} not installed.`);
  return lacking.length > 0;
}

/** What FRR's daemons say when they only read and there is nobody to tell: nothing about the file. */
const noise = /Disabling MPLS|Graceful restart configuration changed|zclient_send_message/;

/** What a program complains about; "" when it is content. */
function complaint(program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
  const said = `${stdout}${stderr}`.split("\n").filter((line) => line && !noise.test(line));
  return status === 0 && said.length === 0 ? "" : `${program} ${args.join(" ")} → ${status}\n${said.join("\n")}`;
}

const cases = Object.keys(variants);

describe.skipIf(absent("FRR", "vtysh", "/usr/lib/frr/bgpd", "/usr/lib/frr/bfdd"))("FRR reads frr.conf", () => {
  test.each(cases)("whole, by vtysh: %s", (name) => {
    for (const { path, file } of onDisk(name)) if (path.endsWith("frr.conf")) expect(complaint("vtysh", "-C", "-f", file)).toBe("");
  });

  test.each(cases)("each daemon its part: %s", (name) => {
    for (const { path, file, text } of onDisk(name)) {
      if (!path.endsWith("frr.conf")) continue;
      // vtysh hands each daemon what is its own; a daemon that reads the file itself takes the other's block for an error.
      const block = /^bfd\n[\s\S]*?^exit\n/m.exec(text)?.[0] ?? "";
      const general = text
        .replace(block, "")
        .replace("service integrated-vtysh-config\n", "")
        .replaceAll(/^(ip route|vrrp) .*\n/gm, "");
      writeFileSync(`${file}.bgpd`, general);
      writeFileSync(`${file}.bfdd`, block);
      expect(complaint("/usr/lib/frr/bgpd", "-C", "-f", `${file}.bgpd`)).toBe("");
      expect(complaint("/usr/lib/frr/bfdd", "-C", "-f", `${file}.bfdd`)).toBe("");
    }
  });

  test("a misspelt line would be found", () => {
    const file = join(directory, "broken.conf");
    writeFileSync(file, "router bgp 65010\n neighbour 169.254.20.2 remote-as 64512\n");
    expect(complaint("vtysh", "-C", "-f", file)).not.toBe("");
    expect(complaint("/usr/lib/frr/bgpd", "-C", "-f", file)).not.toBe("");
  });
});

describe.skipIf(absent("nftables", "nft") || process.getuid?.() !== 0)("nftables takes the firewalls", () => {
  test.each(cases)("%s", (name) => {
    for (const { path, file, text } of onDisk(name)) {
      if (!path.endsWith("nftables.conf")) continue;
      // The include names the installed place; here it is beside the file.
      writeFileSync(file, text.replaceAll('"/etc/causeway/', `"${dirname(file)}/causeway/`));
      expect(complaint("nft", "-c", "-f", file)).toBe("");
    }
  });
});

describe("shells take the scripts", () => {
  const isScript = (text: string): boolean => text.startsWith("#!/bin/sh");

  test.each(cases)("%s", (name) => {
    const scripts = onDisk(name).filter(({ text }) => isScript(text));
    expect(scripts.length).toBeGreaterThan(0);
    for (const { file } of scripts) {
      expect(complaint("sh", "-n", file)).toBe("");
      if (attempt("bash", "--version")) expect(complaint("bash", "--posix", "-n", file)).toBe("");
    }
  });

  test.skipIf(absent("shellcheck", "shellcheck"))("shellcheck has nothing to say", () => {
    for (const { file, text } of onDisk("reference")) {
      if (isScript(text)) expect(complaint("shellcheck", "-s", "sh", "-e", "SC1090,SC1091,SC3043", file)).toBe("");
    }
  });
});

describe.skipIf(absent("strongSwan", "charon-systemd", "swanctl") || missing() !== undefined)("strongSwan takes the tunnels", () => {
  let lab: Laboratory;
  const sides: Record<"edge" | "aws", string> = { edge: "", aws: "" };

  /** A daemon of its own for each side. */
  async function charon(side: "edge" | "aws", files: Record<string, string>, settings = ""): Promise<void> {
    const home = (sides[side] = join(lab.directory, `swan-${side}`));
    // swanctl looks for certificates too and complains where there is no place for them.
    for (const each of [
      "x509",
      "x509ca",
      "x509ocsp",
      "x509aa",
      "x509ac",
      "x509crl",
      "pubkey",
      "private",
      "rsa",
      "ecdsa",
      "bliss",
      "pkcs8",
      "pkcs12",
      "conf.d",
    ])
      mkdirSync(join(home, each), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(home, "conf.d", name), text);
    writeFileSync(join(home, "swanctl.conf"), "include conf.d/*.conf\n");
    writeFileSync(
      join(home, "strongswan.conf"),
      `${settings}
charon-systemd {
  load_modular = yes
  plugins {
    include /etc/strongswan.d/charon/*.conf
    vici {
      socket = unix://${home}/vici
    }
  }
}
`,
    );
    lab.start(side, "env", `STRONGSWAN_CONF=${home}/strongswan.conf`, "charon-systemd");
    await lab.until(`the daemon of ${side} listens`, 10_000, () => existsSync(`${home}/vici`));
  }

  const swanctl = (side: "edge" | "aws", ...args: string[]): string => {
    const home = sides[side];
    const { stdout, stderr } = spawnSync("swanctl", [...args, "--uri", `unix://${home}/vici`], {
      encoding: "utf8",
      env: { ...process.env, SWANCTL_DIR: home, STRONGSWAN_CONF: `${home}/strongswan.conf` },
    });
    return stdout + stderr;
  };

  /** AWS's side as the stacks set it up: the same key, the algorithms of the tunnel's options, in AWS's order of its own. */
  const responder = (edge: string, aws: string): string => `connections {
  tunnel {
    version = 2
    local_addrs = ${aws}
    remote_addrs = ${edge}
    proposals = aes256gcm16-prfsha512-ecp521,aes256gcm16-prfsha384-ecp384
    local {
      auth = psk
      id = ${aws}
    }
    remote {
      auth = psk
      id = ${edge}
    }
    children {
      tunnel {
        local_ts = 0.0.0.0/0
        remote_ts = 0.0.0.0/0
        esp_proposals = aes256gcm16-ecp521,aes256gcm16-ecp384
      }
    }
  }
}
secrets {
  ike-tunnel {
    id = ${edge}
    secret = ${testKey}
  }
}
`;

  beforeAll(async () => {
    lab = new Laboratory();
    const files = filled(variants["reference"]!);
    const own = (name: string): string => files[`routers/edge-2/swanctl/conf.d/${name}`]!;
    const names = ["primary", "recovery"].flatMap((role) => [`vpn-${role}.conf`, `vpn-${role}-keys.conf`]);
    const aws = /remote_addrs = (\S+)/.exec(own("vpn-primary.conf"))![1]!;
    lab.machine("edge");
    lab.machine("aws");
    lab.wire({ machine: "edge", name: "uplink", address: "203.0.113.20/24" }, { machine: "aws", name: "uplink", address: `${aws}/24` });
    lab.run("edge", "ip", "route", "add", "198.51.100.0/24", "dev", "uplink");
    lab.run("aws", "ip", "route", "add", "203.0.113.0/24", "dev", "uplink");
    await charon("aws", { "tunnel.conf": responder("203.0.113.20", aws) });
    swanctl("aws", "--load-all", "--noprompt");
    await charon("edge", Object.fromEntries(names.map((name) => [name, own(name)])), files["routers/edge-2/strongswan.d/causeway.conf"]);
  });
  afterAll(() => lab?.close());

  test("S3 swanctl loads every connection and key", () => {
    const said = swanctl("edge", "--load-all", "--noprompt");
    const tunnels = ["vpn-primary-1", "vpn-primary-2", "vpn-recovery-1", "vpn-recovery-2"];
    for (const tunnel of tunnels) expect(said).toContain(`loaded connection '${tunnel}'`);
    for (const tunnel of tunnels) expect(said).toContain(`loaded ike secret 'ike-${tunnel}'`);
    expect(said).toContain("successfully loaded 4 connections");
  });

  test("S3 both sides agree on key and algorithms: IKE comes up by itself", async () => {
    await lab.until("the first tunnel's IKE is established", 20_000, () =>
      /vpn-primary-1: #\d+, ESTABLISHED, IKEv2/.test(swanctl("edge", "--list-sas")),
    );
    expect(swanctl("edge", "--list-sas")).toMatch(/AES_GCM_16-256\/PRF_HMAC_SHA2_(384|512)\/ECP_(384|521)/);
  });
});
