/** What tells people: alarms, AWS's own events, one dashboard for each region. Alarms of the compute stack are in compute-alarms.ts. */
import { CfnParameter, Fn, type Stack } from "aws-cdk-lib";
import { alarms } from "./observability/alarms.ts";
import { dashboard } from "./observability/dashboard.ts";
import { eventRules } from "./observability/events.ts";
import type { Foundation, Link } from "./parts.ts";
import type { Place } from "./place.ts";

type Needs = { foundation: Foundation; link?: Link };

export function observability(stack: Stack, place: Place, { foundation, link }: Needs): void {
  const gatewayId = place.definition.files.gateway && place.holdings.files !== "absent" ? gateway(stack, place) : undefined;
  alarms(stack, place, { foundation, link, gatewayId });
  eventRules(stack, place, foundation);
  dashboard(stack, place, { link, gatewayId });
}

/** The id at the end of the ARN that the site step left when it activated the region's gateway. */
function gateway(stack: Stack, { names }: Place): string {
  const { valueAsString } = new CfnParameter(stack, "GatewayArn", {
    type: "AWS::SSM::Parameter::Value<String>",
    default: names.parameter("files/gateway-arn"),
    description: "The activated gateway of this region.",
  });
  return Fn.select(1, Fn.split("/", valueAsString));
}
