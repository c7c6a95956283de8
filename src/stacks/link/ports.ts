/** Direct Connect's physical side: a port that exists, or ports to order, one LAG at each location. */
import { CfnDeletionPolicy, CfnResource, type Stack } from "aws-cdk-lib";
import * as directconnect from "aws-cdk-lib/aws-directconnect";
import { gbps } from "../../kernel/units.ts";
import type { Site } from "../../platform/definition.ts";
import { pascal, type Place } from "../place.ts";
import { acknowledge } from "../template.ts";

export type Ports = {
  /** What the virtual interfaces are put on, a connection or a LAG, in the order of the lines. */
  carriers: string[];
  /** The connections, for their alarms. Those of a LAG that exists already are not known. */
  connectionIds: string[];
};

export function ports(stack: Stack, place: Place, wishes: NonNullable<Site["directConnect"]>): Ports {
  const { connection } = wishes;
  if ("use" in connection) return { carriers: [connection.use], connectionIds: [connection.use] };
  if ("hosted" in connection) return { carriers: [connection.hosted], connectionIds: [connection.hosted] };
  if ("lag" in connection) return { carriers: [connection.lag], connectionIds: [] };
  const ordered = connection.order.locations.map((location) =>
    order(stack, place, {
      location,
      count: connection.order.ports,
      bandwidth: `${wishes.bandwidth / gbps(1)}Gbps`,
      requestMacSec: wishes.macsec,
    }),
  );
  const connections = ordered.flatMap(({ members }) => members);
  // Not in the pinned CDK: docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-directconnect-resiliencygroup.html
  const group = new CfnResource(stack, "Resiliency", {
    type: "AWS::DirectConnect::ResiliencyGroup",
    properties: {
      ResiliencyGroupName: place.names.stack("site"),
      IntendedResiliencyModel: models[wishes.resiliency],
      ConnectionArns: connections.map(({ attrConnectionArn }) => attrConnectionArn),
    },
  });
  acknowledge(group, "CloudFormation-Validate::F3006", "A type that is younger than the validator's list.");
  return { carriers: ordered.map(({ lag }) => lag.attrLagId), connectionIds: connections.map(({ attrConnectionId }) => attrConnectionId) };
}

const models = { development: "basic-resiliency", high: "high-resiliency", maximum: "maximum-resiliency" } as const;

type Order = { location: string; count: number; bandwidth: string; requestMacSec: boolean };

/**
 * Even one port goes into a LAG: a virtual interface cannot be made on a connection that is ordered and not yet there, but on its LAG it can.
 * docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-directconnect-connection.html
 */
function order(stack: Stack, { names }: Place, { location, count, bandwidth, requestMacSec }: Order) {
  const title = pascal(location);
  const name = names.stack(location);
  const lag = new directconnect.CfnLag(stack, `Lag${title}`, { lagName: name, location, connectionsBandwidth: bandwidth, requestMacSec });
  const members = Array.from({ length: count }, (_, index) => {
    const connectionName = `${name}-${index + 1}`;
    return new directconnect.CfnConnection(stack, `Port${title}${index + 1}`, {
      connectionName,
      location,
      bandwidth,
      lagId: lag.attrLagId,
      requestMacSec,
    });
  });
  for (const each of [lag, ...members]) {
    // Weeks of work lie in a cross-connect: no deletion of a stack gives it up.
    each.cfnOptions.deletionPolicy = CfnDeletionPolicy.RETAIN;
    each.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN;
  }
  return { lag, members };
}
