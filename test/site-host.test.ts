/** S9 S24: the program on a container host, run for real in a mount namespace of its own, with stand-ins for AWS's programs and Docker. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { define, filled } from "../src/site/testing.ts";
import { attempt } from "./laboratory.ts";

const possible = process.platform === "linux" && process.getuid?.() === 0 && attempt("unshare", "-m", "true") !== undefined;
if (!possible) console.log("site-host: skipped, mount namespaces need Linux and root.");

/** What each stand-in does besides writing down how it was called. */
const standIns: Record<string, string> = {
  curl: `
    for last; do :; done
    file=
    while [ $# -gt 0 ]; do [ "$1" != -o ] || file=$2; shift; done
    case "$last" in
    http://169.254.169.254/*) exit 7 ;;
    http://localhost:51678/*) grep -q AWS_DEFAULT_REGION /var/lib/ecs/ecs.config && echo '{"Cluster":"customer-three","Version":"1"}' ;;
    *.sh) printf 'echo installer "$@" >>"$CALLS"' >"$file" ;;
    *.sha256) (cd "$(dirname "$file")" && sha256sum ecs-anywhere-install-latest.sh | sed 's/latest.sh/renamed.sh/' >"$file"); [ ! -f /var/lib/tampered ] || echo 0000 >"$file" ;;
    esac`,
  systemctl: `case "$1" in is-active) [ -f /var/lib/ecs/ecs.config ] ;; esac`,
  docker: `[ "$1" != ps ] || echo c1`,
  "amazon-ssm-agent": "",
  getent: "echo 10.0.0.5 STREAM",
  journalctl: "",
};

const activation = { id: "8f1e2d3c-activation-id", code: "SecretActivationCode1" };

describe.skipIf(!possible)("causeway-host", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "causeway-host-"));
    for (const each of ["etc", "lib", "mnt", "bin", "home"]) mkdirSync(join(root, each));
    for (const each of ["passwd", "group", "nsswitch.conf", "hosts"]) cpSync(join("/etc", each), join(root, "etc", each));
    writeFileSync(join(root, "etc", "machine-id"), "0123456789abcdef0123456789abcdef\n");
    const files = filled(define());
    mkdirSync(join(root, "etc", "causeway"));
    writeFileSync(join(root, "etc", "causeway", "host.env"), files["hosts/rack-1/causeway/host.env"]!);
    writeFileSync(join(root, "causeway-host"), files["hosts/every/sbin/causeway-host"]!);
    for (const [name, body] of Object.entries(standIns)) {
      writeFileSync(join(root, "bin", name), `#!/bin/sh\necho ${name} "$@" >>"$CALLS"\n${body}\n`, { mode: 0o755 });
    }
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function host(command: string, input = ""): { status: number | null; said: string; calls: string } {
    const calls = join(root, "calls");
    writeFileSync(calls, "");
    const places = `mount --bind ${root}/etc /etc && mount --bind ${root}/lib /var/lib && mount --bind ${root}/mnt /mnt && mount --bind ${root}/home /root`;
    const { status, stdout, stderr } = spawnSync("unshare", ["-m", "sh", "-c", `${places} && sh ${root}/causeway-host ${command}`], {
      input,
      encoding: "utf8",
      env: { PATH: `${root}/bin:${process.env["PATH"]}`, CALLS: calls },
    });
    return { status, said: stdout + stderr, calls: readFileSync(calls, "utf8") };
  }
  const lines = ({ id, code }: typeof activation): string => `${id}\n${code}\n`;
  const kept = (path: string): string => readFileSync(join(root, path), "utf8");

  test("S9 enrols in the region's cluster and keeps the activation nowhere", () => {
    const { status, said, calls } = host("enrol primary", lines(activation));
    expect(said).toContain("rack-1 is enrolled in eu-west-1");
    expect(status).toBe(0);
    expect(calls).toContain("installer --region eu-west-1 --cluster customer-three --docker-install-source none");
    expect(kept("etc/ecs/ecs.config")).toContain("ECS_CLUSTER=customer-three\n");
    expect(kept("lib/ecs/ecs.config")).toBe("AWS_DEFAULT_REGION=eu-west-1\nECS_EXTERNAL=true\n");
    expect(spawnSync("grep", ["-rl", activation.code, join(root, "etc"), join(root, "lib")], { encoding: "utf8" }).stdout).toBe("");
  });

  test("S9 enrolling again does nothing and needs no activation", () => {
    host("enrol primary", lines(activation));
    const { status, said, calls } = host("enrol primary");
    expect(said).toContain("is enrolled in eu-west-1 already");
    expect(calls).not.toContain("installer");
    expect(status).toBe(0);
  });

  test("S9 an installer without its checksum is not run", () => {
    writeFileSync(join(root, "lib", "tampered"), "");
    const { status, said, calls } = host("enrol primary", lines(activation));
    expect(said).toContain("does not have its checksum");
    expect(calls).not.toContain("installer --region");
    expect(status).toBe(1);
  });

  test("S9 without an activation nothing is changed", () => {
    host("enrol primary", lines(activation));
    const { status, said, calls } = host("rehome recovery", "only-one-line\n");
    expect(said).toContain("two lines are expected");
    expect(calls).not.toMatch(/systemctl stop|docker stop/);
    expect(status).toBe(1);
  });

  test("S9 a host moves to the recovery region's cluster: containers end, the agent forgets, both agents register anew", () => {
    writeFileSync(join(root, "etc", "causeway", "host.env"), kept("etc/causeway/host.env").replace(/SHARES=.*/, 'SHARES=""'));
    host("enrol primary", lines(activation));
    mkdirSync(join(root, "lib", "ecs", "data"), { recursive: true });
    writeFileSync(join(root, "lib", "ecs", "data", "agent.db"), "registered in eu-west-1");
    const { status, said, calls } = host("rehome recovery", lines({ id: "other-id", code: "other-code" }));
    expect(said).toContain("rack-1 is in eu-central-1");
    expect(status).toBe(0);
    const order = [
      "systemctl stop ecs",
      "docker stop --time 120 c1",
      "amazon-ssm-agent -register -y -region eu-central-1 -id other-id -code other-code",
      "systemctl start amazon-ssm-agent ecs",
    ];
    expect(order.map((each) => calls.indexOf(each))).toEqual(
      order.map((each) => calls.indexOf(each)).toSorted((one, other) => one - other),
    );
    expect(order.every((each) => calls.includes(each))).toBe(true);
    expect(kept("lib/ecs/ecs.config")).toContain("AWS_DEFAULT_REGION=eu-central-1");
    expect(() => kept("lib/ecs/data/agent.db")).toThrow();
  });

  test("S20 files of the other region's gateway come to the same place, and what uses them starts anew", () => {
    for (const [role, text] of [
      ["primary", "of eu-west-1"],
      ["recovery", "of eu-central-1"],
    ] as const) {
      mkdirSync(join(root, "mnt", `causeway-${role}`, "reports"), { recursive: true });
      writeFileSync(join(root, "mnt", `causeway-${role}`, "reports", "which"), text);
    }
    const { status, calls } = host("files recovery && cat /mnt/causeway/reports/which >/var/lib/seen");
    expect(status).toBe(0);
    expect(calls).toContain("docker ps -q --filter volume=/mnt/causeway/reports");
    expect(kept("lib/seen")).toBe("of eu-central-1");
    expect(kept("lib/causeway/files")).toBe("recovery\n");
  });

  test("S9 S24 check names every trap at once", () => {
    host("enrol primary", lines(activation));
    mkdirSync(join(root, "home", ".aws"));
    writeFileSync(join(root, "home", ".aws", "credentials"), "[default]\n");
    writeFileSync(join(root, "etc", "machine-id"), "ffffffffffffffffffffffffffffffff\n");
    writeFileSync(join(root, "bin", "journalctl"), "#!/bin/sh\necho 'Agent hibernating: signature expired'\n", { mode: 0o755 });
    writeFileSync(join(root, "bin", "getent"), "#!/bin/sh\n[ $2 != s3.eu-west-1.amazonaws.com ]\n", { mode: 0o755 });
    const { status, said } = host("check");
    expect(status).toBe(1);
    for (const each of [
      "/root/.aws/credentials holds credentials",
      "was cloned from an enrolled one",
      "signs with an old clock",
      "s3.eu-west-1.amazonaws.com has no address",
    ])
      expect(said).toContain(each);
    expect(said.match(/^ {2}fix: /gm)?.length).toBe(said.match(/^wrong: /gm)?.length);
  });

  test("a command that is none is refused", () => {
    expect(host("enroll primary").status).toBe(3);
    expect(host("enrol tertiary").status).toBe(3);
  });
});
