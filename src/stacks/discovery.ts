/**
 * How services in a region find each other: by name and port, as in a Compose file, through ECS Service Connect's proxies. It knows Docker's
 * chosen ports and works on a bridge; the data centre has no such thing. docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts.html
 */
import type { Stack } from "aws-cdk-lib";
import type * as ecs from "aws-cdk-lib/aws-ecs";
import * as servicediscovery from "aws-cdk-lib/aws-servicediscovery";
import type { Definition } from "../platform/definition.ts";
import type { Place } from "./place.ts";

type Connection = ecs.CfnService.ServiceConnectConfigurationProperty;

/** Service → what Service Connect does for it; nothing for services that neither use others nor are used. */
export function discovery(stack: Stack, { definition, names }: Place): Record<string, Connection> {
  const pairs = calls(definition);
  if (pairs.length === 0) return {};
  const namespace = new servicediscovery.CfnHttpNamespace(stack, "ServiceNames", {
    name: names.cluster,
    description: `Services of ${definition.name} by name`,
  });
  const used = new Set(pairs.map(({ to }) => to));
  const using = new Set(pairs.map(({ from }) => from));
  return Object.fromEntries(
    Object.entries(definition.services)
      .filter(([name]) => used.has(name) || using.has(name))
      .map(([name, { port }]) => [
        name,
        {
          enabled: true,
          namespace: namespace.attrArn,
          services: used.has(name) ? [{ portName: name, clientAliases: [{ dnsName: name, port: port! }] }] : undefined,
        },
      ]),
  );
}

/** Who uses whom, where both run in the region and the one that is used listens. */
function calls({ services }: Definition): { from: string; to: string }[] {
  const here = (name: string) => services[name] !== undefined && services[name].runsOn !== "site";
  return Object.entries(services).flatMap(([from, { uses }]) =>
    uses.filter((to) => here(from) && here(to) && services[to]!.port !== undefined).map((to) => ({ from, to })),
  );
}
