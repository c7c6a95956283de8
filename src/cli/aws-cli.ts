/**
 * AWS CLI 2.0 to 2.12 (Debian 12 ships 2.9) does not read AWS_ENDPOINT_URL, which came with 2.13. Its plugin hook can be told to.
 * docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const plugin = `# Written by causeway: lets an AWS CLI older than 2.13 read AWS_ENDPOINT_URL.
import os


def awscli_initialize(cli):
    cli.register("top-level-args-parsed", set_endpoint)


def set_endpoint(parsed_args, **kwargs):
    if not parsed_args.endpoint_url:
        parsed_args.endpoint_url = os.environ.get("AWS_ENDPOINT_URL")
`;

// Where Debian's package keeps its version; asking the program itself would take a second.
const DEBIAN = "/usr/lib/python3/dist-packages/awscli/__init__.py";

/** Whether the AWS CLI of this machine's Debian package is a version 2 before 2.13. */
function oldCli(): boolean {
  try {
    const minor = /__version__ = ['"]2\.(\d+)\./.exec(readFileSync(DEBIAN, "utf8"))?.[1];
    return minor !== undefined && Number(minor) < 13;
  } catch {
    return false; // not installed from that package
  }
}

/** What a shell needs so that the AWS CLI and the SDKs talk to the endpoint. */
export function environment(endpoint: string): Record<string, string> {
  const variables = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_REGION: "eu-west-1",
    AWS_DEFAULT_REGION: "eu-west-1",
  };
  const configuration = oldCli() ? writeCliConfiguration() : undefined;
  return configuration === undefined ? variables : { ...variables, AWS_CONFIG_FILE: configuration };
}

/** Writes the plugin and a configuration that names it; answers the configuration's path, or undefined where the home can't be written. */
function writeCliConfiguration(): string | undefined {
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "causeway", "aws-cli");
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, "causeway_endpoint.py"), plugin, { mode: 0o600 });
    writeFileSync(join(folder, "config"), `[plugins]\ncli_legacy_plugin_path = ${folder}\ncauseway = causeway_endpoint\n`, { mode: 0o600 });
    return join(folder, "config");
  } catch {
    return undefined; // A read-only home: a current CLI needs none of this.
  }
}
