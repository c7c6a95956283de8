/** Hybrid activations: what lets a machine outside AWS become a managed node. docs.aws.amazon.com/systems-manager/latest/userguide/hybrid-activation-managed-nodes.html */
import type * as sdk from "@aws-sdk/client-ssm";
import { date, days, hours, plus } from "../../../kernel/units.ts";
import { AwsError, type Known, type Operations } from "../../service.ts";
import { checkPageSize, invalid, page } from "./parameter.ts";
import type { Here, State, Timers } from "./state.ts";
import { checkNewTags, tagMap } from "./tags.ts";

export type Activation = Known<
  Omit<sdk.Activation, "Tags" | "Expired">,
  "ActivationId" | "IamRole" | "RegistrationLimit" | "RegistrationsCount" | "ExpirationDate" | "CreatedDate"
> & { code: string; tags: Record<string, string> };

// SSM-001
const LIMIT_MAX = 1000;
const LIFE = hours(24);
const LIFE_MAX = days(30);

export const activationOperations = {
  CreateActivation(call, { IamRole, Description, DefaultInstanceName, RegistrationLimit = 1, ExpirationDate, Tags = [] }) {
    if (RegistrationLimit < 1 || RegistrationLimit > LIMIT_MAX) throw invalid(`RegistrationLimit must be between 1 and ${LIMIT_MAX}.`);
    const expires = ExpirationDate ?? date(plus(call.now, LIFE));
    if (expires.getTime() <= call.now || expires.getTime() > plus(call.now, LIFE_MAX))
      throw invalid("Invalid parameters: the activation expiration date must be in the future, and within 30 days.");
    checkRole(call, IamRole);
    checkNewTags({}, Tags);
    const activation: Activation = {
      ActivationId: call.uuid(),
      Description,
      DefaultInstanceName,
      IamRole: roleName(IamRole),
      RegistrationLimit,
      RegistrationsCount: 0,
      ExpirationDate: expires,
      CreatedDate: call.date,
      code: call.token(20),
      tags: tagMap(Tags),
    };
    call.state.activations.set(activation.ActivationId, activation);
    return { ActivationId: activation.ActivationId, ActivationCode: activation.code };
  },

  DeleteActivation(call, { ActivationId }) {
    if (!call.state.activations.delete(ActivationId))
      throw new AwsError("InvalidActivationId", `The activation ID ${ActivationId} is not valid.`);
  },

  DescribeActivations(call, { Filters = [], MaxResults = 50, NextToken }) {
    checkPageSize(MaxResults, 50);
    const keys = { ActivationIds: "ActivationId", DefaultInstanceName: "DefaultInstanceName", IamRole: "IamRole" } as const;
    const all = [...call.state.activations.values()].filter((each) =>
      Filters.every(({ FilterKey, FilterValues = [] }) => {
        if (!FilterKey || !(FilterKey in keys)) throw new AwsError("InvalidFilter", "The filter name is not valid.");
        return FilterValues.includes(each[keys[FilterKey]] ?? "");
      }),
    );
    const { items, NextToken: next } = page(all, MaxResults, NextToken, ({ ActivationId }) => ActivationId);
    return { ActivationList: items.map((each) => shown(call, each)), NextToken: next };
  },
} satisfies Operations<sdk.SSM, State, Timers>;

/** The activation, if it still takes a machine; throws what the agent then logs. */
export function usable(call: Here, id: string, code: string): Activation {
  const activation = call.state.activations.get(id);
  if (!activation || activation.code !== code)
    throw new AwsError(
      "InvalidActivation",
      "The activation is not valid. The activation might have been deleted, or the ActivationId and the ActivationCode do not match.",
    );
  if (expired(call, activation)) throw new AwsError("ActivationExpired", "The activation has expired.");
  if (activation.RegistrationsCount >= activation.RegistrationLimit)
    throw new AwsError("RegistrationLimitExceeded", "The activation has been used for as many machines as it is for.");
  return activation;
}

const expired = ({ now }: Here, { ExpirationDate }: Activation): boolean => ExpirationDate.getTime() <= now;

function shown(call: Here, activation: Activation): sdk.Activation {
  const { code: _code, tags, ...rest } = activation;
  return { ...rest, Expired: expired(call, activation), Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
}

/** `service-role/X`, `X`, or the role's ARN. */
const roleName = (role: string): string => role.replace(/^arn:aws:iam::\d*:role\//, "");

/** SSM-002: the role is there, and Systems Manager may take it. */
export function checkRole(call: Here, asked: string): void {
  const role = call.peek("iam").roles.get(roleName(asked).replace(/^.*\//, ""));
  if (role?.AssumeRolePolicyDocument.includes("ssm.amazonaws.com")) return;
  const arn = call.arn("iam", `role/${roleName(asked)}`, { region: "" });
  throw invalid(`Nonexistent role or missing ssm service principal in trust policy: ${arn}`);
}
