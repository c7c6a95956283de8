/** Which policies speak for a principal, and what the request says of it: what `evaluate` is given. For every service that asks. */
import type { Instant } from "../../../kernel/units.ts";
import type { Principal } from "../../service.ts";
import { parse, type Kind } from "./documents.ts";
import type { Source } from "./evaluate.ts";
import { SERVICE_LINKED } from "./names.ts";
import { defaultDocument, findPolicy } from "./policies.ts";
import type { Asker } from "./principals.ts";
import type { Group, Holder, Role, State, User } from "./state.ts";

/** A source with its text, so that positions in it can be told. */
export type Written = Source & { text: string };

export const written = (name: string, type: string, text: string, kind: Kind): Written => ({
  name,
  type,
  text,
  document: parse(text, kind),
});

export type Entitlements = { identity: Written[]; boundary?: Written[] };

type Known = Readonly<State>;

/** The user of an ARN, by its name: ARNs are distinguished by case. */
export function userByArn({ users }: Known, arn: string): User | undefined {
  return [...users.values()].find(({ Arn }) => Arn === arn);
}

/** The role of an ARN: its own, or that of one of its sessions. */
export function roleByArn({ roles }: Known, arn: string): Role | undefined {
  const session = /^arn:aws:sts::\d+:assumed-role\/([^/]+)\//.exec(arn)?.[1];
  if (session !== undefined) return [...roles.values()].find(({ RoleName }) => RoleName === session);
  return [...roles.values()].find(({ Arn }) => Arn === arn);
}

/** Everything that is attached to the user or role; undefined for one that IAM does not know. */
export function entitlementsOf(state: Known, arn: string): Entitlements | undefined {
  const user = userByArn(state, arn);
  if (user) {
    const name = user.UserName.toLowerCase();
    const groups = [...state.groups.values()].filter(({ members }) => members.includes(name));
    return {
      identity: [...held(state, user, "user", user.UserName), ...groups.flatMap((group) => ofGroup(state, group))],
      boundary: boundaryOf(state, user.boundary),
    };
  }
  const role = roleByArn(state, arn);
  return role && { identity: held(state, role, "role", role.RoleName), boundary: boundaryOf(state, role.boundary) };
}

export const ofGroup = (state: Known, group: Group): Written[] => held(state, group, "group", group.GroupName);

function held(state: Known, { policies, attached }: Holder, kind: "user" | "role" | "group", holder: string): Written[] {
  const inline = [...policies].map(([name, text]) => written(`${kind}_${holder}_${name}`, kind, text, "identity"));
  return [...inline, ...attached.flatMap((arn) => managedBy(state, arn))];
}

/** A managed policy as a source; none when it is gone. */
export function managedBy(state: Known, arn: string): Written[] {
  const policy = findPolicy(state, arn);
  return policy
    ? [written(policy.PolicyName, state.policies.has(arn) ? "user-managed" : "aws-managed", defaultDocument(policy), "identity")]
    : [];
}

const boundaryOf = (state: Known, arn: string | undefined): Written[] | undefined =>
  arn === undefined ? undefined : managedBy(state, arn);

/** How policies name who calls. */
export function askerOf(state: Known, { account, arn, userId, service }: Principal): Asker {
  if (service !== undefined) return { account, arn, service };
  const role = arn.includes(":assumed-role/") ? roleByArn(state, arn) : undefined;
  return { account, arn, id: userId.split(":")[0], roleArn: role?.Arn ?? unknownRole(arn) };
}

const unknownRole = (session: string): string | undefined =>
  session.replace(/^arn:aws:sts::(\d+):assumed-role\/([^/]+)\/.*$/, "arn:aws:iam::$1:role/$2").match(/^arn:aws:iam::\d+:role\/.*/)?.[0];

const KINDS: [RegExp, string][] = [
  [/:user\//, "User"],
  [/:assumed-role\//, "AssumedRole"],
  [/:federated-user\//, "FederatedUser"],
  [/:root$/, "Account"],
];

/** The global context keys of a request: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html */
export function contextOf(
  state: Known,
  principal: Principal,
  now: Instant,
  more: Record<string, string | readonly string[] | undefined> = {},
): Map<string, readonly string[]> {
  const { account, arn, userId, service } = principal;
  const at = new Date(now);
  const holder = userByArn(state, arn) ?? roleByArn(state, arn);
  const all: Record<string, string | readonly string[] | undefined> = {
    "aws:CurrentTime": at.toISOString().replace(/\.\d{3}Z$/, "Z"),
    "aws:EpochTime": String(Math.floor(at.getTime() / 1000)),
    "aws:SecureTransport": "true",
    "aws:PrincipalIsAWSService": String(service !== undefined),
    ...(service === undefined && {
      "aws:PrincipalArn": holder?.Arn ?? unknownRole(arn) ?? arn,
      "aws:PrincipalAccount": account,
      "aws:PrincipalType": KINDS.find(([pattern]) => pattern.test(arn))?.[1],
      "aws:userid": userId,
      "aws:username": /:user\/(?:.*\/)?([^/]+)$/.exec(arn)?.[1],
      ...Object.fromEntries(Object.entries(holder?.tags ?? {}).map(([name, value]) => [`aws:PrincipalTag/${name}`, value])),
    }),
    ...(service !== undefined && { "aws:PrincipalServiceName": service, "aws:SourceAccount": account }),
    ...more,
  };
  const context = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(all))
    if (value !== undefined) context.set(name.toLowerCase(), typeof value === "string" ? [value] : value);
  return context;
}

/** Whether a role's trust policy lets that AWS service take it, e.g. `ssm.amazonaws.com` for hybrid nodes. */
export function trustsService(role: Pick<Role, "AssumeRolePolicyDocument" | "Path">, service: string): boolean {
  const { Statement } = parse(role.AssumeRolePolicyDocument, "trust");
  const names = (effect: string) =>
    Statement.some(({ Effect, Principal }) => Effect === effect && (Principal === "*" || Principal?.Service?.includes(service)));
  return names("Allow") && !names("Deny") && (!role.Path.startsWith(SERVICE_LINKED) || role.Path.includes(`/${service}/`));
}
