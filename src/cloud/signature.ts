/** AWS Signature Version 4, the verifying side: docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { minutes, seconds, type Instant } from "../kernel/units.ts";
import type { HttpRequest } from "./front.ts";
import { AwsError, type Credential } from "./service.ts";

/** What the credential scope says; also how a request finds its service and region. */
export type Scope = {
  accessKeyId: string;
  day: string;
  region: string;
  service: string;
  presigned: boolean;
  signedHeaders: string;
  signature: string;
};

const HEADER =
  /^AWS4-HMAC-SHA256\s+Credential=([^/,\s]+)\/(\d{8})\/([^/,\s]*)\/([^/,\s]+)\/aws4_request\s*,\s*SignedHeaders=([^,\s]+)\s*,\s*Signature=([0-9a-f]+)/;

/** The scope from the Authorization header or a presigned query; undefined for an anonymous request. */
export function scopeOf({ headers, url }: HttpRequest): Scope | undefined {
  const { authorization } = headers;
  if (authorization) {
    const parts = HEADER.exec(authorization);
    if (!parts) return undefined;
    const [, accessKeyId = "", day = "", region = "", service = "", signedHeaders = "", signature = ""] = parts;
    return { accessKeyId, day, region, service, presigned: false, signedHeaders, signature };
  }
  if (!url.includes("X-Amz-Credential=")) return undefined;
  const query = new URLSearchParams(url.slice(url.indexOf("?") + 1));
  const [accessKeyId = "", day = "", region = "", service = ""] = (query.get("X-Amz-Credential") ?? "").split("/");
  return {
    accessKeyId,
    day,
    region,
    service,
    presigned: true,
    signedHeaders: query.get("X-Amz-SignedHeaders") ?? "",
    signature: query.get("X-Amz-Signature") ?? "",
  };
}

type Reason = "unknown" | "mismatch" | "skewed" | "expired" | "token";

const TOKEN = "The security token included in the request is invalid.";
const EC2 = "AWS was not able to validate the provided access credentials";
const MISMATCH =
  "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

/**
 * The same fault has another name in each protocol, and clients go by the name: docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html,
 * /AWSEC2/latest/APIReference/errors-overview.html, /amazondynamodb/latest/developerguide/Programming.Errors.html, /STS/latest/APIReference/CommonErrors.html
 */
const refusals: Record<"s3" | "ec2" | "json" | "query", Record<Reason, [code: string, message: string, status: number]>> = {
  s3: {
    unknown: ["InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403],
    mismatch: ["SignatureDoesNotMatch", MISMATCH, 403],
    skewed: ["RequestTimeTooSkewed", "The difference between the request time and the current time is too large.", 403],
    expired: ["ExpiredToken", "The provided token has expired.", 400],
    token: ["InvalidToken", "The provided token is malformed or otherwise invalid.", 400],
  },
  ec2: {
    unknown: ["AuthFailure", EC2, 401],
    mismatch: ["AuthFailure", EC2, 401],
    skewed: ["RequestExpired", "Request has expired.", 400],
    expired: ["RequestExpired", "Request has expired.", 400],
    token: ["AuthFailure", EC2, 401],
  },
  json: {
    unknown: ["UnrecognizedClientException", TOKEN, 400],
    mismatch: ["InvalidSignatureException", MISMATCH, 400],
    skewed: ["InvalidSignatureException", "Signature expired or not yet current.", 400],
    expired: ["ExpiredTokenException", "The security token included in the request is expired", 400],
    token: ["UnrecognizedClientException", TOKEN, 400],
  },
  query: {
    unknown: ["InvalidClientTokenId", TOKEN, 403],
    mismatch: ["SignatureDoesNotMatch", MISMATCH, 403],
    skewed: ["SignatureDoesNotMatch", "Signature expired or not yet current.", 403],
    expired: ["ExpiredToken", "The security token included in the request is expired", 403],
    token: ["InvalidClientTokenId", TOKEN, 403],
  },
};

function refusal(reason: Reason, { service }: Scope, { headers }: HttpRequest): AwsError {
  const dialect = service === "s3" || service === "ec2" ? service : headers["x-amz-target"] ? "json" : "query";
  return new AwsError(...refusals[dialect][reason]);
}

/** Refuses what AWS would refuse: an unknown key, another signature, a date too far off. */
export function verifySignature(request: HttpRequest, scope: Scope, known: Credential | undefined, now: Instant): void {
  if (!known?.active) throw refusal("unknown", scope, request);
  const query = new URLSearchParams(request.url.includes("?") ? request.url.slice(request.url.indexOf("?") + 1) : "");
  const stamp = (scope.presigned ? query.get("X-Amz-Date") : request.headers["x-amz-date"]) ?? "";
  checkTime(request, scope, stamp, query, now);
  if (known.expires !== undefined && known.expires < now) throw refusal("expired", scope, request);
  const token = (scope.presigned ? query.get("X-Amz-Security-Token") : request.headers["x-amz-security-token"]) ?? undefined;
  if (token !== known.sessionToken) throw refusal("token", scope, request);
  const toSign = [
    "AWS4-HMAC-SHA256",
    stamp,
    `${scope.day}/${scope.region}/${scope.service}/aws4_request`,
    sha256(canonical(request, scope)),
  ].join("\n");
  let key: Buffer | string = `AWS4${known.secretAccessKey}`;
  for (const part of [scope.day, scope.region, scope.service, "aws4_request", toSign])
    key = createHmac("sha256", key).update(part).digest();
  const given = Buffer.from(scope.signature, "hex");
  if (given.length !== key.length || !timingSafeEqual(given, key as Buffer)) throw refusal("mismatch", scope, request);
}

// 15 minutes of skew either way, at most 7 days for a presigned URL: docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
const SKEW = minutes(15);
const EXPIRES_MAX = 604_800;

function checkTime(request: HttpRequest, scope: Scope, stamp: string, query: URLSearchParams, now: Instant): void {
  const signed = Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (Number.isNaN(signed)) throw new AwsError("IncompleteSignature", "Date must be in ISO-8601 'basic format'.", 403);
  const age = now - signed;
  if (age < -Number(SKEW)) throw refusal("skewed", scope, request);
  if (!scope.presigned) {
    if (age > Number(SKEW)) throw refusal("skewed", scope, request);
    return;
  }
  const expires = query.get("X-Amz-Expires") ?? (scope.service === "s3" ? "" : "900");
  const wrong = (message: string) => new AwsError("AuthorizationQueryParametersError", message, 400);
  if (!/^-?\d{1,15}$/.test(expires)) throw wrong("X-Amz-Expires should be a number");
  if (Number(expires) < 0) throw wrong("X-Amz-Expires must be non-negative");
  if (Number(expires) > EXPIRES_MAX)
    throw wrong(
      `X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than ${EXPIRES_MAX} seconds`,
    );
  if (age <= Number(seconds(Number(expires)))) return;
  throw scope.service === "s3" ? new AwsError("AccessDenied", "Request has expired", 403) : refusal("skewed", scope, request);
}

function canonical({ method, url, headers, body }: HttpRequest, { presigned, service, signedHeaders }: Scope): string {
  const question = url.indexOf("?");
  const path = question < 0 ? url : url.slice(0, question);
  const pairs = (question < 0 ? "" : url.slice(question + 1))
    .split("&")
    .filter((pair) => pair !== "" && !pair.startsWith("X-Amz-Signature="))
    .map((pair): [string, string] => {
      const equals = pair.indexOf("=");
      return equals < 0 ? [recode(pair), ""] : [recode(pair.slice(0, equals)), recode(pair.slice(equals + 1))];
    })
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
    .map((pair) => pair.join("="))
    .join("&");
  const lines = signedHeaders.split(";").map((name) => `${name}:${(headers[name] ?? "").trim().replace(/\s+/g, " ")}`);
  const payload = payloadOf(headers["x-amz-content-sha256"], presigned, service, body);
  // S3 signs the path as sent; all others encode it once more.
  const encoded =
    service === "s3"
      ? path
      : path
          .split("/")
          .map((part) => encode(part))
          .join("/");
  return [method, encoded, pairs, ...lines, "", signedHeaders, payload].join("\n");
}

/** What the body is signed as: its digest, or a word that says why not. */
function payloadOf(said: string | undefined, presigned: boolean, service: string, body: Uint8Array): string {
  if (said !== undefined && !/^[0-9a-f]{64}$/.test(said)) return said;
  if (service !== "s3") return sha256(body);
  if (said === undefined && presigned) return "UNSIGNED-PAYLOAD";
  const payload = sha256(body);
  if (said !== undefined && said !== payload)
    throw new AwsError("XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.", 400);
  return payload;
}

const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");

const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.codePointAt(0)!.toString(16).toUpperCase()}`);

/** Whatever of a query was encoded, encoded as a signature wants it. */
function recode(text: string): string {
  try {
    return encode(decodeURIComponent(text));
  } catch {
    throw new AwsError("InvalidURI", "Couldn't parse the specified URI.", 400);
  }
}
