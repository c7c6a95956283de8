/** Where a template's text comes from: the request, an object in S3, or the stack as it is. */
import { AwsError, type Call } from "../service.ts";
import { invalid, LIMITS } from "./template.ts";

type Source = { TemplateBody?: string; TemplateURL?: string; UsePreviousTemplate?: boolean };

/** The text; `previous` is what `UsePreviousTemplate` means, where an operation has it. */
export function templateText(call: Call, { TemplateBody, TemplateURL, UsePreviousTemplate }: Source, previous?: string): string {
  const given = [TemplateBody !== undefined, TemplateURL !== undefined, UsePreviousTemplate === true].filter(Boolean).length;
  if (given === 0) throw invalid("Either Template URL or Template Body must be specified.");
  if (given > 1)
    throw invalid(
      UsePreviousTemplate
        ? "You cannot specify both usePreviousTemplate and Template Body/Template URL."
        : "You cannot specify both Template URL and Template Body.",
    );
  if (UsePreviousTemplate) {
    if (previous === undefined) throw invalid("There is no previous template to use.");
    return previous;
  }
  if (TemplateURL !== undefined) return download(call, TemplateURL);
  if (Buffer.byteLength(TemplateBody!) > LIMITS.body) {
    throw invalid(
      `1 validation error detected: Value '${TemplateBody!.slice(0, 64)}…' at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to ${LIMITS.body}`,
    );
  }
  return TemplateBody!;
}

/** The object that a TemplateURL names, in our S3. */
export function download(call: Call, url: string): string {
  const { bucket, key } = locate(url);
  const s3 = call.ask("s3") as unknown as { GetObject(input: { Bucket: string; Key: string }): { Body?: unknown } };
  let body: unknown;
  try {
    body = s3.GetObject({ Bucket: bucket, Key: key }).Body;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw invalid(
      `S3 error: ${error.message || error.code}\nFor more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html`,
    );
  }
  const bytes = body instanceof Uint8Array ? body : call.body(body as Parameters<Call["body"]>[0]);
  if (bytes.byteLength > LIMITS.url) throw invalid(`Template may not exceed ${LIMITS.url} bytes in size.`);
  return Buffer.from(bytes).toString("utf8");
}

/**
 * Bucket and key: `bucket.s3.region.amazonaws.com/key`, `s3.region.amazonaws.com/bucket/key`, `s3://bucket/key`, and the same forms
 * at an address of our own (`127.0.0.1:4566/bucket/key`, `bucket.s3.localhost:4566/key`).
 */
export function locate(text: string): { bucket: string; key: string } {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^(https?|s3):$/.test(url.protocol)) throw invalid("TemplateURL must be a supported URL.");
  const path = decodeURIComponent(url.pathname.slice(1));
  if (url.protocol === "s3:") return named(url.hostname, path);
  const host = /^(?:(.+)\.)?s3(?:[.-](?:[a-z0-9-]+))*?\.(?:amazonaws\.com(?:\.cn)?|localhost(?:\.[a-z.]+)?)$/.exec(url.hostname);
  const local = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
  const below = /^(.+)\.localhost$/.exec(url.hostname);
  if (!host && !local && !below) throw invalid("TemplateURL must reference a valid S3 object to which you have access.");
  const bucket = host?.[1] ?? (host ? undefined : below?.[1]);
  if (bucket) return named(bucket, path);
  const slash = path.indexOf("/");
  return named(path.slice(0, Math.max(slash, 0)), path.slice(slash + 1));
}

function named(bucket: string, key: string): { bucket: string; key: string } {
  if (bucket === "" || key === "") throw invalid("TemplateURL must reference a valid S3 object to which you have access.");
  return { bucket, key };
}
