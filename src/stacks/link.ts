/** The lines to the data centre on AWS's side: the region's hub, the VPN that ends on it, the Direct Connect that reaches both regions. */
import type { Stack } from "aws-cdk-lib";
import { directConnect } from "./link/direct-connect.ts";
import { hub } from "./link/hub.ts";
import { vpn } from "./link/vpn.ts";
import type { Foundation, Link, Network } from "./parts.ts";
import type { Place } from "./place.ts";

export function link(stack: Stack, place: Place, { network, foundation }: { network: Network; foundation: Foundation }): Link {
  const made = hub(stack, place, network);
  return {
    hub: { kind: made.kind, id: made.id },
    virtualInterfaceIds: [],
    connectionIds: [],
    ...directConnect(stack, place, made, foundation),
    vpnConnectionId: vpn(stack, place, made, foundation),
  };
}
