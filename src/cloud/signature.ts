/** AWS Signature Version 4, the verifying side: docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { minutes, seconds, type Instant } from "../kernel/units.ts";
import type { HttpRequest } from "./front.ts";
import { AwsError, type Credential } from "./service.ts";

/** What the credential scope says; also how a request finds its service and region. */
export type Scope = { accessKeyId: string; day: string; region: string; service: string; presigned: boolean; signedHeaders: string; signature: string };

const HEADER = /^AWS4-HMAC-SHA256\s+Credential=([^/,\s]+)\/(\d{8})\/([^/,\s]*)\/([^/,\s]+)\/aws4_request\s*,\s*SignedHeaders=([^,\s]+)\s*,\s*Signature=([0-9a-f]+)/;

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
  return { accessKeyId, day, region, service, presigned: true, signedHeaders: query.get("X-Amz-SignedHeaders") ?? "", signature: query.get("X-Amz-Signature") ?? "" };
}

/** Refuses what AWS would refuse: an unknown key, another signature, a date too far off. */
export function verifySignature(request: HttpRequest, scope: Scope, known: Credential | undefined, now: Instant): void {
  if (!known?.active) throw new AwsError(scope.service === "s3" ? "InvalidAccessKeyId" : "InvalidClientTokenId", "The security token included in the request is invalid.", 403);
  const query = new URLSearchParams(request.url.includes("?") ? request.url.slice(request.url.indexOf("?") + 1) : "");
  const stamp = scope.presigned ? query.get("X-Amz-Date") : (request.headers["x-amz-date"] ?? "");
  checkTime(scope, stamp ?? "", query, known, now);
  const token = scope.presigned ? query.get("X-Amz-Security-Token") : request.headers["x-amz-security-token"];
  if (known.sessionToken && token !== known.sessionToken) throw new AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", 403);
  const toSign = ["AWS4-HMAC-SHA256", stamp, `${scope.day}/${scope.region}/${scope.service}/aws4_request`, sha256(canonical(request, scope))].join("\n");
  let key: Buffer | string = `AWS4${known.secretAccessKey}`;
  for (const part of [scope.day, scope.region, scope.service, "aws4_request", toSign]) key = createHmac("sha256", key).update(part).digest();
  const given = Buffer.from(scope.signature, "hex");
  if (given.length !== key.length || !timingSafeEqual(given, key as Buffer)) {
    throw new AwsError(
      "SignatureDoesNotMatch",
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
      403,
    );
  }
}

function checkTime(scope: Scope, stamp: string, query: URLSearchParams, known: Credential, now: Instant): void {
  const signed = Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (Number.isNaN(signed)) throw new AwsError("IncompleteSignature", "Date must be in ISO-8601 'basic format'.", 403);
  // 15 minutes of skew, at most 7 days for a presigned URL: the page above
  const age = now - signed;
  const life = scope.presigned ? Number(seconds(Math.min(Number(query.get("X-Amz-Expires") ?? 0), 604_800))) : Number(minutes(15));
  if (age > life || age < -Number(minutes(15))) {
    throw new AwsError(scope.service === "s3" ? (scope.presigned ? "AccessDenied" : "RequestTimeTooSkewed") : "SignatureDoesNotMatch", scope.presigned ? "Request has expired" : "Signature expired or not yet current.", 403);
  }
  if (known.expires !== undefined && known.expires < now) {
    throw new AwsError("ExpiredToken", "The security token included in the request is expired", 403);
  }
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
  const payload = presigned ? (headers["x-amz-content-sha256"] ?? (service === "s3" ? "UNSIGNED-PAYLOAD" : sha256(body))) : (headers["x-amz-content-sha256"] ?? sha256(body));
  if (/^[0-9a-f]{64}$/.test(payload) && payload !== sha256(body)) {
    throw new AwsError("XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.", 400);
  }
  // S3 signs the path as sent; all others encode it once more.
  const encoded = service === "s3" ? path : path.split("/").map((part) => encode(part)).join("/");
  return [method, encoded, pairs, ...lines, "", signedHeaders, payload].join("\n");
}

const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");

const encode = (text: string) => encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.codePointAt(0)!.toString(16).toUpperCase()}`);

/** Whatever of a query was encoded, encoded as a signature wants it. */
function recode(text: string): string {
  try {
    return encode(decodeURIComponent(text));
  } catch {
    throw new AwsError("InvalidURI", "Couldn't parse the specified URI.", 400);
  }
}
