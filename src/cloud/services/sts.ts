/** AWS Security Token Service. API: https://docs.aws.amazon.com/STS/latest/APIReference/ */
import type * as sdk from "@aws-sdk/client-sts";
import { date, hours, plus, seconds } from "../../kernel/units.ts";
import { AwsError, type Call, type Checked, type Credential, type Operations, type Principal, type Service } from "../service.ts";
import { parse } from "./iam/documents.ts";
import { askerOf, contextOf, entitlementsOf, managedBy, written, type Written } from "./iam/entitlements.ts";
import { evaluate, type Question } from "./iam/evaluate.ts";
import type { Role } from "./iam/state.ts";

/** What a session is besides its keys: the policies given with it, its tags, who it was first. */
export type Session = { policies?: Written[]; tags: Record<string, string>; transitive: string[]; source?: string };

const state = () => ({
  /** By access key id. */
  sessions: new Map<string, Session>(),
});
type State = ReturnType<typeof state>;
type Timers = { forgotten: { accessKeyId: string } };
type Here = Call<State, Timers>;

const HOUR = 3600;

const operations = {
  GetCallerIdentity(call) {
    const { account, arn, userId } = call.principal;
    return { Account: account, Arn: arn, UserId: userId };
  },
  AssumeRole(call, input) {
    const { RoleArn, DurationSeconds = HOUR, SourceIdentity } = input;
    checkAssumption(input);
    const role = authorized(call, input, "sts:AssumeRole", askerOf(call.peek("iam"), call.principal));
    checkSession(call, role, RoleArn, DurationSeconds);
    const session = sessionOf(call, input);
    return { ...assumed(call, role, input.RoleSessionName, DurationSeconds, session), SourceIdentity };
  },
  AssumeRoleWithWebIdentity(call, input) {
    const { RoleArn, RoleSessionName, DurationSeconds = HOUR, WebIdentityToken, ProviderId } = input;
    checkAssumption(input);
    const claims = jwtClaims(WebIdentityToken);
    const issuer = ProviderId ?? provider(call, claims);
    const role = authorized(
      call,
      input,
      "sts:AssumeRoleWithWebIdentity",
      { account: call.account, arn: issuer, federated: issuer },
      claimed(claims),
    );
    checkSession(call, role, RoleArn, DurationSeconds);
    return {
      ...assumed(call, role, RoleSessionName, DurationSeconds, sessionOf(call, input)),
      SubjectFromWebIdentityToken: text(claims.sub),
      Audience: text(claims.aud),
      Provider: issuer,
    };
  },
  GetSessionToken(call, { DurationSeconds }) {
    // 900 s to 36 h; root at most 1 h, which is then also its default: docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
    const root = call.principal.arn.endsWith(":root");
    const duration = DurationSeconds ?? (root ? HOUR : 43_200);
    checkDuration(duration, 129_600);
    if (call.principal.arn.includes(":assumed-role/"))
      throw new AwsError("AccessDenied", "Cannot call GetSessionToken with session credentials", 403);
    return { Credentials: issue(call, call.principal, root ? Math.min(duration, HOUR) : duration, { tags: {}, transitive: [] }) };
  },
  GetFederationToken(call, input) {
    const { Name, DurationSeconds = 43_200 } = input;
    checkDuration(DurationSeconds, 129_600);
    checkPattern("name", Name, /^[\w+=,.@-]{2,32}$/, "[\\w+=,.@-]*");
    if (call.principal.arn.includes(":assumed-role/"))
      throw new AwsError("AccessDenied", "Cannot call GetFederationToken with session credentials", 403);
    const arn = `arn:aws:sts::${call.account}:federated-user/${Name}`;
    const userId = `${call.account}:${Name}`;
    return {
      Credentials: issue(call, { account: call.account, arn, userId }, DurationSeconds, sessionOf(call, input)),
      FederatedUser: { Arn: arn, FederatedUserId: userId },
      PackedPolicySize: packed(input),
    };
  },
  GetAccessKeyInfo(call, { AccessKeyId }) {
    if (!/^\w{16,128}$/.test(AccessKeyId))
      throw new AwsError(
        "ValidationError",
        `1 validation error detected: Value '${AccessKeyId}' at 'accessKeyId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w]*`,
      );
    return { Account: call.credentials.get(AccessKeyId)?.account ?? call.account };
  },
} satisfies Operations<sdk.STS, State, Timers>;

type Assumption = Pick<Checked<sdk.AssumeRoleRequest>, "RoleArn" | "RoleSessionName" | "Policy" | "PolicyArns"> &
  Partial<sdk.AssumeRoleRequest>;

/** What can be refused without looking at the role. */
function checkAssumption({ RoleArn, RoleSessionName, DurationSeconds = HOUR, SourceIdentity, ExternalId }: Assumption): void {
  if (!/^arn:aws[\w-]*:iam::\d{12}:role\/.+/.test(RoleArn)) throw new AwsError("ValidationError", `${RoleArn} is invalid`);
  checkPattern("roleSessionName", RoleSessionName, /^[\w+=,.@-]{2,64}$/, "[\\w+=,.@-]*");
  if (SourceIdentity !== undefined) checkPattern("sourceIdentity", SourceIdentity, /^[\w+=,.@-]{2,64}$/, "[\\w+=,.@-]*");
  if (ExternalId !== undefined) checkPattern("externalId", ExternalId, /^[\w+=,.@:/-]{2,1224}$/, "[\\w+=,.@:\\/-]*");
  checkDuration(DurationSeconds, 43_200);
}

function checkPattern(member: string, value: string, pattern: RegExp, shown: string): void {
  if (!pattern.test(value))
    throw new AwsError(
      "ValidationError",
      `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: Member must satisfy regular expression pattern: ${shown}`,
    );
}

/** The role, if its trust policy and the caller's own policies let the caller have it. */
function authorized(
  call: Here,
  input: Assumption,
  action: string,
  asker: Question["asker"],
  more: Record<string, string | string[] | undefined> = {},
): Role {
  const { RoleArn, RoleSessionName, ExternalId, SourceIdentity, Tags = [] } = input;
  const account = RoleArn.split(":")[4];
  if (account !== call.account)
    throw new AwsError("NotImplemented", `Causeway does not emulate ${action} on a role of another account (${account}).`, 501);
  const iam = call.peek("iam");
  // ARNs are distinguished by case, other than names: docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
  const role = [...iam.roles.values()].find(({ Arn }) => Arn === RoleArn);
  if (!role) throw denied(call, asker, action, RoleArn);
  const maker = call.state.sessions.get(call.principal.accessKeyId ?? "");
  const context = contextOf(iam, call.principal, call.now, {
    ...prefixed("aws:PrincipalTag/", maker?.tags ?? {}),
    "sts:RoleSessionName": RoleSessionName,
    "sts:ExternalId": ExternalId,
    "sts:SourceIdentity": SourceIdentity,
    ...(Tags.length > 0 && { "aws:TagKeys": Tags.map(({ Key = "" }) => Key) }),
    ...prefixed("aws:RequestTag/", Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value]))),
    ...prefixed("aws:ResourceTag/", role.tags),
    ...more,
  });
  // AWS refuses its root user. Here it may: who comes with a key that nobody knows is the root user of the account.
  const own = asker.federated || asker.service ? undefined : entitlementsOf(iam, call.principal.arn);
  const trust = written("trust", "resource", role.AssumeRolePolicyDocument, "trust");
  const allowed = (what: string) =>
    evaluate(
      { asker, action: what, resource: RoleArn, context },
      { ...own, session: maker?.policies, resource: [trust], resourceMustAllow: true },
    ).decision === "allowed";
  if (!allowed(action)) throw denied(call, asker, action, RoleArn);
  if (Tags.length > 0 && !allowed("sts:TagSession")) throw denied(call, asker, "sts:TagSession", RoleArn);
  if (SourceIdentity !== undefined && !allowed("sts:SetSourceIdentity")) throw denied(call, asker, "sts:SetSourceIdentity", RoleArn);
  return role;
}

const prefixed = (prefix: string, tags: Record<string, string>) =>
  Object.fromEntries(Object.entries(tags).map(([name, value]) => [`${prefix}${name}`, value]));

function denied(call: Here, asker: Question["asker"], action: string, role: string): AwsError {
  if (asker.federated !== undefined) return new AwsError("AccessDenied", `Not authorized to perform ${action}`, 403);
  const who = asker.service === undefined ? `User: ${call.principal.arn}` : `Service: ${asker.service}`;
  return new AwsError("AccessDenied", `${who} is not authorized to perform: ${action} on resource: ${role}`, 403);
}

/** A role's own maximum; 1 h when one role's session takes another: docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining */
function checkSession(call: Here, role: Role, arn: string, duration: number): void {
  if (call.principal.arn.includes(":assumed-role/") && call.principal.service === undefined && duration > HOUR) {
    throw new AwsError(
      "ValidationError",
      "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
    );
  }
  if (duration > role.MaxSessionDuration)
    throw new AwsError("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  if (arn.includes("/aws-service-role/") && call.principal.service === undefined)
    throw new AwsError("AccessDenied", "Service-linked roles can only be assumed by their service.", 403);
}

type SessionInput = Pick<Partial<sdk.AssumeRoleRequest>, "Policy" | "PolicyArns" | "Tags" | "TransitiveTagKeys" | "SourceIdentity">;

/** Checks and keeps what a session is given; what its maker passes on goes with it. */
function sessionOf(call: Here, { Policy, PolicyArns = [], Tags = [], TransitiveTagKeys = [], SourceIdentity }: SessionInput): Session {
  // 2,048 characters, 10 ARNs, 50 tags: docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
  if (Policy !== undefined && Policy.length > 2048)
    throw new AwsError(
      "ValidationError",
      "1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048",
    );
  if (PolicyArns.length > 10)
    throw new AwsError(
      "ValidationError",
      "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to 10",
    );
  if (Tags.length > 50)
    throw new AwsError(
      "ValidationError",
      "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50",
    );
  if (Policy !== undefined) parse(Policy, "identity");
  const iam = call.peek("iam");
  const managed = PolicyArns.flatMap(({ arn = "" }) => {
    const found = managedBy(iam, arn);
    if (found.length === 0) throw new AwsError("ValidationError", `${arn} is invalid`);
    return found;
  });
  const inline = Policy === undefined ? [] : [written("SessionPolicy", "none", Policy, "identity")];
  const maker = call.state.sessions.get(call.principal.accessKeyId ?? "");
  const inherited = Object.fromEntries((maker?.transitive ?? []).map((name) => [name, maker?.tags[name] ?? ""]));
  return {
    ...(inline.length + managed.length > 0 && { policies: [...inline, ...managed] }),
    tags: { ...Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value])), ...inherited },
    transitive: [...new Set([...(maker?.transitive ?? []), ...TransitiveTagKeys])],
    source: maker?.source ?? SourceIdentity,
  };
}

/** AWS does not say how it packs; this is the part of the plain text's limit that is used. */
const packed = ({ Policy = "", PolicyArns = [] }: SessionInput): number =>
  Math.ceil(((Policy.length + PolicyArns.length * 64) / 2048) * 100);

function assumed(call: Here, { Arn, RoleName, RoleId }: Role, session: string, duration: number, kept: Session) {
  const account = Arn.split(":")[4] ?? call.account;
  const arn = `arn:aws:sts::${account}:assumed-role/${RoleName}/${session}`;
  const userId = `${RoleId}:${session}`;
  const size = kept.policies?.reduce((sum, policy) => sum + policy.text.length, 0) ?? 0;
  return {
    Credentials: issue(call, { account, arn, userId }, duration, kept),
    AssumedRoleUser: { Arn: arn, AssumedRoleId: userId },
    ...(size > 0 && { PackedPolicySize: Math.min(100, Math.ceil((size / 2048) * 100)) }),
  };
}

function checkDuration(duration: number, max: number): void {
  if (duration >= 900 && duration <= max) return;
  const bound = duration < 900 ? "greater than or equal to 900" : `less than or equal to ${max}`;
  throw new AwsError(
    "ValidationError",
    `1 validation error detected: Value '${duration}' at 'durationSeconds' failed to satisfy constraint: Member must have value ${bound}`,
  );
}

/** Makes and remembers the keys of a session. */
function issue(call: Here, { account, arn, userId }: Principal, duration: number, session: Session) {
  const accessKeyId = `ASIA${call.token(16)}`;
  const expires = plus(call.now, seconds(duration));
  const secretAccessKey = Buffer.from(call.bytes(30)).toString("base64");
  const sessionToken = Buffer.from(call.bytes(96)).toString("base64");
  const credential: Credential = { account, arn, userId, secretAccessKey, sessionToken, expires, active: true };
  call.credentials.set(accessKeyId, credential);
  call.state.sessions.set(accessKeyId, session);
  // For a day more AWS's answer is that the token has expired; afterwards it is unknown.
  call.background(hours(duration / HOUR + 24), "forgotten", { accessKeyId });
  return { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken, Expiration: date(expires) };
}

const timers = {
  forgotten(call: Here, { accessKeyId }: Timers["forgotten"]) {
    call.credentials.delete(accessKeyId);
    call.state.sessions.delete(accessKeyId);
  },
};

type Claims = Record<string, unknown>;

function jwtClaims(token: string): Claims {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    if (typeof claims === "object" && claims !== null) return claims as Claims;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new AwsError(
    "InvalidIdentityToken",
    "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
  );
}

/** The first of several; only texts, numbers and truths are claims here. */
function text(claim: unknown): string | undefined {
  const value: unknown = Array.isArray(claim) ? claim[0] : claim;
  return typeof value === "string" ? value : typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

/** The issuer without its scheme, as a provider is known. */
const issuer = (claims: Claims): string => (text(claims.iss) ?? "").replace(/^https:\/\//, "").replace(/\/$/, "");

/** The account's provider for the token's issuer, if it takes the token's audience. The token's signature is not verified: there is nobody to ask for its key. */
function provider(call: Here, claims: Claims): string {
  const url = issuer(claims);
  const found = [...call.peek("iam").oidcProviders.values()].find((each) => each.url === url);
  if (!found) throw new AwsError("InvalidIdentityToken", `No OpenIDConnect provider found in your account for ${text(claims.iss) ?? ""}`);
  if (!found.clients.includes(text(claims.aud) ?? "")) throw new AwsError("InvalidIdentityToken", "Incorrect token audience");
  if (typeof claims.exp === "number" && claims.exp * 1000 < call.now)
    throw new AwsError("ExpiredTokenException", "Token expired: current date/time must be before the expiration date/time");
  return found.arn;
}

/** `issuer:sub` and its like, as trust policies name them. */
function claimed(claims: Claims): Record<string, string | undefined> {
  const url = issuer(claims);
  return Object.fromEntries(["sub", "aud", "amr", "azp", "email"].map((name) => [`${url}:${name}`, text(claims[name])]));
}

export const sts = {
  api: { signing: "sts", protocol: "awsQuery", version: "2011-06-15", namespace: "https://sts.amazonaws.com/doc/2011-06-15/" },
  sdk: () => import("@aws-sdk/client-sts"),
  // A session is good in every region, so that its policies are the account's.
  scope: "account",
  needs: ["iam"],
  state,
  operations,
  timers,
  changes: { GetSessionToken: true, GetFederationToken: true },
} satisfies Service;
