/**
 * Rotation. There is no Lambda in Causeway, so a rotation function is never there and RotateSecret says so as AWS does. What AWS
 * rotates by itself, the secrets that a service manages, is rotated. https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets.html
 */
import type * as sdk from "@aws-sdk/client-secrets-manager";
import { date, days, hours, plus, type Duration } from "../../../kernel/units.ts";
import { AwsError, type Operations } from "../../service.ts";
import { password } from "./passwords.ts";
import {
  CURRENT,
  PENDING,
  findPrimary,
  invalidParameter,
  invalidRequest,
  keyOf,
  makeVersion,
  open,
  staged,
  type Here,
  type Secret,
  type State,
  type Timers,
} from "./secret.ts";
import { addVersion, checkToken, detach, touched } from "./values.ts";

const DAYS_MAX = 1000; // docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotationRulesType.html

export const rotationOperations = {
  RotateSecret(
    call,
    { SecretId, ClientRequestToken, RotationLambdaARN, RotationRules, ExternalSecretRotationRoleArn, RotateImmediately = true },
  ) {
    const secret = findPrimary(call, SecretId);
    if (ExternalSecretRotationRoleArn !== undefined)
      throw invalidParameter("Managed external secrets are not emulated: leave out ExternalSecretRotationRoleArn.");
    const period = RotationRules && periodOf(RotationRules);
    const versionId = ClientRequestToken ?? call.uuid();
    checkToken(versionId);
    if (!secret.OwningService) throw withoutFunction(RotationLambdaARN ?? secret.RotationLambdaARN);
    if (RotationLambdaARN !== undefined)
      throw invalidRequest(`The secret is managed by ${secret.OwningService}, which rotates it without a function.`);
    if (!period && !secret.RotationRules) throw invalidParameter("RotationRules are needed when rotation is turned on.");
    const current = staged(secret, CURRENT);
    if (!current) throw invalidRequest("A secret without a value can't be rotated.");
    if (RotateImmediately) renew(call, secret, versionId);
    if (RotationRules) secret.RotationRules = RotationRules;
    secret.RotationEnabled = true;
    start(call, secret);
    return { ARN: secret.ARN, Name: secret.Name, VersionId: RotateImmediately ? versionId : undefined };
  },

  CancelRotateSecret(call, { SecretId }) {
    const secret = findPrimary(call, SecretId);
    if (secret.rotationTimer !== undefined) call.cancel(secret.rotationTimer);
    delete secret.rotationTimer;
    secret.RotationEnabled = false;
    delete secret.NextRotationDate;
    const pending = staged(secret, PENDING);
    if (pending) detach(pending, PENDING);
    touched(call, secret);
    return { ARN: secret.ARN, Name: secret.Name, VersionId: pending?.versionId };
  },
} satisfies Operations<sdk.SecretsManager, State, Timers>;

export const rotationTimers = {
  rotate(call: Here, { name }: Timers["rotate"]) {
    const secret = call.state.secrets.get(name);
    if (!secret?.RotationEnabled) return;
    // A secret that is being deleted keeps its calendar and is left alone; so is one whose key refuses, until the next date.
    if (!secret.DeletedDate) attempt(call, secret);
    start(call, secret);
  },
};

function attempt(call: Here, secret: Secret): void {
  try {
    renew(call, secret, call.uuid());
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
  }
}

function withoutFunction(arn: string | undefined): AwsError {
  if (arn === undefined) return invalidRequest("No Lambda rotation function ARN is associated with this secret.");
  return new AwsError(
    "AccessDeniedException",
    "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.",
  );
}

/** A new password in the JSON that the service keeps, or instead of the text that it keeps. */
function renew(call: Here, secret: Secret, versionId: string): void {
  const text = Buffer.from(open(call, secret, staged(secret, CURRENT)!)).toString();
  const fresh = password(call, { ExcludePunctuation: true });
  const value = { bytes: new Uint8Array(Buffer.from(withPassword(text, fresh))), binary: false };
  addVersion(call, secret, makeVersion(call, secret, keyOf(secret), versionId, value, []), [CURRENT]);
  secret.LastRotatedDate = call.date;
}

function withPassword(text: string, fresh: string): string {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null ? JSON.stringify({ ...value, password: fresh }) : fresh;
  } catch {
    return fresh;
  }
}

function start(call: Here, secret: Secret): void {
  if (secret.rotationTimer !== undefined) call.cancel(secret.rotationTimer);
  const period = periodOf(secret.RotationRules ?? {});
  secret.NextRotationDate = date(plus(call.now, period));
  secret.rotationTimer = call.background(period, "rotate", { name: secret.Name });
}

/** `rate(10 days)` or a number of days. Cron expressions are refused by name: their windows are not emulated. */
function periodOf({ AutomaticallyAfterDays, ScheduleExpression }: sdk.RotationRulesType): Duration {
  if (AutomaticallyAfterDays !== undefined && ScheduleExpression !== undefined)
    throw invalidParameter("You can't specify both AutomaticallyAfterDays and ScheduleExpression.");
  if (AutomaticallyAfterDays !== undefined) {
    if (AutomaticallyAfterDays < 1 || AutomaticallyAfterDays > DAYS_MAX)
      throw invalidParameter(`AutomaticallyAfterDays must be between 1 and ${DAYS_MAX}.`);
    return days(AutomaticallyAfterDays);
  }
  const rate = /^rate\((\d+) (hour|day)s?\)$/.exec(ScheduleExpression ?? "");
  const length = rate && (rate[2] === "day" ? days(Number(rate[1])) : hours(Number(rate[1])));
  // Not more often than every four hours, not more seldom than every 999 days: docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
  if (!length || length < hours(4) || length > days(999))
    throw invalidParameter(
      `The rotation schedule ${ScheduleExpression} is not valid or not emulated: use AutomaticallyAfterDays or rate(… days).`,
    );
  return length;
}
