/** Who asks, as policies name them. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html */
import type { Principals } from "./documents.ts";

/** `accountRoot` stands for the account as a whole: its own root user is nobody else. */
export type Asker = {
  account: string;
  /** The ARN that `sts:GetCallerIdentity` gives. */
  arn: string;
  /** Set for a session of a role: the role's own ARN, with its path. */
  roleArn?: string;
  /** The unique id of the user or role. */
  id?: string;
  /** An AWS service itself, e.g. `ecs-tasks.amazonaws.com`. */
  service?: string;
  /** An identity provider: its ARN, or the domain of a public one. */
  federated?: string;
};

/**
 * How a statement's Principal meets who asks. It decides what else must agree:
 * `direct` names the user, the session or everybody; `role` the role behind the session; `account` leaves it to the account's own policies.
 */
export type Meeting = "direct" | "role" | "account";

export function meets(principals: Principals, asker: Asker): Meeting | undefined {
  if (principals === "*") return "direct";
  const all = (type: string) => principals[type] ?? [];
  if (asker.service !== undefined) return all("Service").includes(asker.service) ? "direct" : undefined;
  if (asker.federated !== undefined) return all("Federated").includes(asker.federated) ? "direct" : undefined;
  const named = all("AWS");
  const rootOf = `arn:aws:iam::${asker.account}:root`;
  if (named.includes("*") || (asker.arn !== rootOf && named.includes(asker.arn))) return "direct";
  if (asker.roleArn !== undefined && (named.includes(asker.roleArn) || (asker.id !== undefined && named.includes(asker.id)))) return "role";
  if (asker.roleArn === undefined && asker.id !== undefined && asker.id !== asker.account && named.includes(asker.id)) return "direct";
  if (named.includes(asker.account) || named.includes(rootOf)) return "account";
  return undefined;
}

/**
 * Whether NotPrincipal leaves out all that who asks is. A session is also its role and its account, and a user its account,
 * so that AWS tells to name those too: .../reference_policies_elements_notprincipal.html
 */
export function exempt(principals: Principals, asker: Asker): boolean {
  if (principals === "*") return true;
  if (asker.service !== undefined || asker.federated !== undefined) return meets(principals, asker) !== undefined;
  const named = principals.AWS ?? [];
  if (named.includes("*")) return true;
  const rootOf = `arn:aws:iam::${asker.account}:root`;
  const account = named.includes(asker.account) || named.includes(rootOf);
  const self =
    asker.arn === rootOf ||
    named.includes(asker.arn) ||
    (asker.roleArn === undefined && asker.id !== undefined && named.includes(asker.id));
  const role = asker.roleArn === undefined || named.includes(asker.roleArn) || (asker.id !== undefined && named.includes(asker.id));
  return account && self && role;
}
