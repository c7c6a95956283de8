/** What AWS sells of Direct Connect: speeds, ports of a LAG, packet sizes. */
import { gbps, mbps, type BitRate } from "../kernel/units.ts";
import type { Site } from "./definition.ts";

/** Port speeds of dedicated connections: docs.aws.amazon.com/directconnect/latest/UserGuide/dedicated_connection.html */
export const dedicatedSpeeds: readonly BitRate[] = [1, 10, 100, 400].map(gbps);

/** Speeds of hosted connections: docs.aws.amazon.com/directconnect/latest/UserGuide/hosted_connection.html */
export const hostedSpeeds: readonly BitRate[] = [...[50, 100, 200, 300, 400, 500].map(mbps), ...[1, 2, 5, 10, 25].map(gbps)];

/** Ports that one LAG takes: docs.aws.amazon.com/directconnect/latest/UserGuide/lags.html */
export const lagPorts = (speed: BitRate): number => (speed < gbps(100) ? 4 : 2);

/** Largest packets on a transit and on a private virtual interface: docs.aws.amazon.com/directconnect/latest/UserGuide/set-jumbo-frames-vif.html */
export const jumbo: Record<Site["hub"], number> = { tgw: 8500, vgw: 9001 };
