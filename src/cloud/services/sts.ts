/** AWS Security Token Service. API: https://docs.aws.amazon.com/STS/latest/APIReference/ */
import type * as sdk from "@aws-sdk/client-sts";
import { date, plus, seconds } from "../../kernel/units.ts";
import { AwsError, type Call, type Credential, type Operations, type Principal, type Service } from "../service.ts";

const state = () => ({});
type State = ReturnType<typeof state>;
type Here = Call<State>;

const operations = {
  GetCallerIdentity(call) {
    const { account, arn, userId } = call.principal;
    return { Account: account, Arn: arn, UserId: userId };
  },
  AssumeRole(call, { RoleArn, RoleSessionName, DurationSeconds = 3600 }) {
    return assume(call, RoleArn, RoleSessionName, DurationSeconds);
  },
  AssumeRoleWithWebIdentity(call, { RoleArn, RoleSessionName, DurationSeconds = 3600, WebIdentityToken, ProviderId }) {
    const claims = jwtClaims(WebIdentityToken);
    return {
      ...assume(call, RoleArn, RoleSessionName, DurationSeconds),
      SubjectFromWebIdentityToken: claims.sub,
      Audience: claims.aud,
      Provider: ProviderId ?? claims.iss,
    };
  },
  GetSessionToken(call, { DurationSeconds = 43_200 }) {
    // 900 s to 36 h; root at most 1 h: docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
    checkDuration(DurationSeconds, 129_600);
    return { Credentials: issue(call, call.principal, DurationSeconds) };
  },
  GetFederationToken(call, { Name, DurationSeconds = 43_200 }) {
    checkDuration(DurationSeconds, 129_600);
    const arn = `arn:aws:sts::${call.account}:federated-user/${Name}`;
    const userId = `${call.account}:${Name}`;
    return {
      Credentials: issue(call, { account: call.account, arn, userId }, DurationSeconds),
      FederatedUser: { Arn: arn, FederatedUserId: userId },
      PackedPolicySize: 0,
    };
  },
  GetAccessKeyInfo(call, { AccessKeyId }) {
    return { Account: call.credentials.get(AccessKeyId)?.account ?? call.account };
  },
} satisfies Operations<sdk.STS, State>;

function assume(call: Here, roleArn: string, session: string, duration: number) {
  const [, , service, , account, resource] = roleArn.split(":");
  if (service !== "iam" || !account || !resource?.startsWith("role/")) {
    throw new AwsError("ValidationError", `${roleArn} is invalid`);
  }
  if (!/^[\w+=,.@-]{2,64}$/.test(session)) {
    throw new AwsError(
      "ValidationError",
      `1 validation error detected: Value '${session}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*`,
    );
  }
  const name = resource.slice(resource.lastIndexOf("/") + 1);
  const arn = `arn:aws:sts::${account}:assumed-role/${name}/${session}`;
  const userId = `AROA${fingerprint(roleArn)}:${session}`;
  checkDuration(duration, 43_200);
  return { Credentials: issue(call, { account, arn, userId }, duration), AssumedRoleUser: { Arn: arn, AssumedRoleId: userId }, PackedPolicySize: 0 };
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
function issue(call: Here, { account, arn, userId }: Principal, duration: number) {
  const accessKeyId = `ASIA${call.token(16)}`;
  const credential: Credential = {
    account,
    arn,
    userId,
    secretAccessKey: Buffer.from(call.bytes(30)).toString("base64"),
    sessionToken: Buffer.from(call.bytes(96)).toString("base64"),
    expires: plus(call.now, seconds(duration)),
    active: true,
  };
  call.credentials.set(accessKeyId, credential);
  return {
    AccessKeyId: accessKeyId,
    SecretAccessKey: credential.secretAccessKey,
    SessionToken: credential.sessionToken,
    Expiration: date(credential.expires!),
  };
}

/** The role's unique id where IAM does not know the role: stable for its ARN. */
function fingerprint(text: string): string {
  let hash = 0n;
  for (const character of text) hash = (hash * 131n + BigInt(character.codePointAt(0)!)) % 36n ** 17n;
  return hash.toString(36).toUpperCase().padStart(17, "A");
}

function jwtClaims(token: string): Record<string, string> {
  try {
    return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
  } catch {
    throw new AwsError("InvalidIdentityToken", "The ID Token provided is not a valid JWT.");
  }
}

export const sts = {
  api: { signing: "sts", protocol: "awsQuery", version: "2011-06-15", namespace: "https://sts.amazonaws.com/doc/2011-06-15/" },
  sdk: () => import("@aws-sdk/client-sts"),
  state,
  operations,
  changes: { GetSessionToken: true, GetFederationToken: true },
} satisfies Service;
