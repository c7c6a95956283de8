/** AWS Identity and Access Management. API: https://docs.aws.amazon.com/IAM/latest/APIReference/ */
import type * as sdk from "@aws-sdk/client-iam";
import type { Operations, Service } from "../../service.ts";
import { accessKeyOperations } from "./access-keys.ts";
import { accountOperations } from "./account.ts";
import { attachmentOperations } from "./attachments.ts";
import { authorizationOperations } from "./authorization-details.ts";
import { boundaryOperations } from "./boundaries.ts";
import { groupOperations } from "./groups.ts";
import { inlinePolicyOperations } from "./inline-policies.ts";
import { instanceProfileOperations } from "./instance-profiles.ts";
import { oidcOperations } from "./oidc-providers.ts";
import { policyOperations } from "./policies.ts";
import { resources } from "./resources.ts";
import { roleOperations } from "./roles.ts";
import { serviceLinkedRoleOperations, serviceLinkedRoleTimers } from "./service-linked-roles.ts";
import { simulationOperations } from "./simulate.ts";
import { state, type Here, type State, type Timers } from "./state.ts";
import { tagOperations } from "./tagging.ts";
import { setTags, unset } from "./tags.ts";
import { userOperations } from "./users.ts";

const operations = {
  ...roleOperations,
  ...boundaryOperations,
  ...inlinePolicyOperations,
  ...attachmentOperations,
  ...policyOperations,
  ...userOperations,
  ...groupOperations,
  ...accessKeyOperations,
  ...instanceProfileOperations,
  ...serviceLinkedRoleOperations,
  ...oidcOperations,
  ...accountOperations,
  ...authorizationOperations,
  ...simulationOperations,
  ...tagOperations,
} satisfies Operations<sdk.IAM, State, Timers>;

/** The tagging API sees IAM from us-east-1 only, and neither users nor roles: docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html */
function* tagged({ region, state }: Here) {
  if (region !== "us-east-1") return;
  for (const { Arn, tags } of [...state.policies.values(), ...state.profiles.values()]) yield { arn: Arn, tags };
  for (const { arn, tags } of state.oidcProviders.values()) yield { arn, tags };
}

export const iam = {
  api: { signing: "iam", protocol: "awsQuery", version: "2010-05-08", namespace: "https://iam.amazonaws.com/doc/2010-05-08/" },
  sdk: () => import("@aws-sdk/client-iam"),
  scope: "account",
  state,
  operations,
  timers: serviceLinkedRoleTimers,
  tagged,
  tag(call: Here, arn: string, set: Record<string, string>, remove: readonly string[]) {
    for (const each of tagged(call)) {
      if (each.arn !== arn) continue;
      setTags(each.tags, set);
      unset(each.tags, remove);
      return true;
    }
    return false;
  },
  resources,
} satisfies Service;
