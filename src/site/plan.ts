/** Everything that CloudFormation cannot make, in the order in which it is done. A new family of steps is one line here. */
import type { Definition } from "../platform/definition.ts";
import { backupConsent, quotas } from "./steps/account.ts";
import { gateways } from "./steps/gateway.ts";
import { handingOver } from "./steps/handovers.ts";
import { hosts } from "./steps/hosts.ts";
import { directConnect, resolvers, routers } from "./steps/lines.ts";
import { delegation, hypervisor, subscriptions } from "./steps/people.ts";
import { dockerHub } from "./steps/secrets.ts";
import type { Step, Steps } from "./steps/step.ts";

/** What takes longest begins first; hosts come last, since they need all the rest. */
const families: Steps[] = [
  quotas,
  directConnect,
  backupConsent,
  handingOver,
  delegation,
  subscriptions,
  dockerHub,
  routers,
  resolvers,
  gateways,
  hypervisor,
  hosts,
];

export const steps = (definition: Definition): Step[] => families.flatMap((family) => family(definition));
