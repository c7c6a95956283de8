/** Keys that both ends of a line must have: made in Secrets Manager, read from there by CloudFormation and by the data centre, written nowhere. */
import type { Stack } from "aws-cdk-lib";
import * as secretsmanager from "aws-cdk-lib/aws-secretsmanager";
import type { Foundation } from "../parts.ts";
import type { Place } from "../place.ts";
import { acknowledge } from "../template.ts";

/**
 * Gives the dynamic reference to the key. Letters and digits, which BGP, IPsec and every router's configuration take; a tunnel's key must not
 * begin with 0, so there is none, and BGP's has 80 characters at most.
 * docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpnTunnelOptionsSpecification.html
 * docs.aws.amazon.com/directconnect/latest/APIReference/API_BGPPeer.html
 */
export function keySecret(stack: Stack, { names }: Place, { keyArn }: Foundation, id: string, path: string): string {
  const secret = new secretsmanager.CfnSecret(stack, id, {
    name: names.secret(path),
    description: `Shared with the data centre: ${path}`,
    kmsKeyId: keyArn,
    generateSecretString: { passwordLength: 48, excludePunctuation: true, excludeCharacters: "0", includeSpace: false },
  });
  acknowledge(
    secret,
    "AwsSolutions-SMG4",
    "Both ends change at once or the line is down: rotated by hand, one line at a time, in a window.",
  );
  return `{{resolve:secretsmanager:${secret.ref}:SecretString}}`;
}
