/** Asks AWS for what placeholders stand for. What is not there yet is not in the answer. */
import { EC2 } from "@aws-sdk/client-ec2";
import { SecretsManager } from "@aws-sdk/client-secrets-manager";
import { UserError } from "../kernel/assert.ts";
import { placeholder, type Placeholder } from "../site/placeholder.ts";

export async function values(asked: readonly Placeholder[]): Promise<Map<string, string>> {
  const once = new Map(asked.map((each) => [placeholder(each), each]));
  const found = new Map<string, string>();
  for (const [text, each] of once) {
    const value = await ask(each);
    if (value !== undefined) found.set(text, value);
  }
  return found;
}

async function ask(each: Placeholder): Promise<string | undefined> {
  try {
    return await lookups[each.kind](each);
  } catch (error) {
    const { name, message } = error as Error;
    if (name === "ResourceNotFoundException") return undefined;
    throw new UserError(
      "SITE_VALUES",
      `${each.region} did not say what ${placeholder(each)} is: ${message}`,
      "aws sts get-caller-identity",
    );
  }
}

const lookups: Record<Placeholder["kind"], (asked: Placeholder) => Promise<string | undefined>> = {
  async secret({ region, name }) {
    return (await new SecretsManager({ region }).getSecretValue({ SecretId: name })).SecretString;
  },
  /** The /30 inside is the plan's and tells the tunnels apart. */
  async tunnel({ region, name }) {
    const { VpnConnections = [] } = await new EC2({ region }).describeVpnConnections({
      Filters: [{ Name: "state", Values: ["available"] }],
    });
    const tunnels = VpnConnections.flatMap(({ Options }) => Options?.TunnelOptions ?? []);
    return tunnels.find(({ TunnelInsideCidr }) => TunnelInsideCidr === name)?.OutsideIpAddress;
  },
  /** The endpoint's interfaces are those of its security group, which the stack gives its name. */
  async resolver({ region, name }) {
    const ec2 = new EC2({ region });
    const [endpoint = "", number] = name.split("/");
    const { SecurityGroups = [] } = await ec2.describeSecurityGroups({ Filters: [{ Name: "tag:Name", Values: [endpoint] }] });
    const group = SecurityGroups[0]?.GroupId;
    if (!group) return undefined;
    const { NetworkInterfaces = [] } = await ec2.describeNetworkInterfaces({ Filters: [{ Name: "group-id", Values: [group] }] });
    return NetworkInterfaces.map(({ PrivateIpAddress = "" }) => PrivateIpAddress).toSorted()[Number(number) - 1];
  },
};
