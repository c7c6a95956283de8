/**
 * AWS CLI 2.0 to 2.12 (Debian 12 ships 2.9) does not read AWS_ENDPOINT_URL, which came with 2.13. Its plugin hook can be told to.
 * docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
 */
import { mkdirSync, writeFileSync } from "node:fs";
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

/** Writes the plugin and a configuration that names it; answers the configuration's path, or undefined where the home can't be written. */
export function writeCliConfiguration(): string | undefined {
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
