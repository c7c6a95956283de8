/** `aws-chunked` bodies: docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html */
import { AwsError } from "./service.ts";

const broken = (why: string) => new AwsError("IncompleteBody", `The aws-chunked body is broken: ${why}.`, 400);

/** The body without its chunk framing, and the trailing headers if there were any. Other bodies are answered as they are. */
export function dechunk(headers: Record<string, string>, body: Uint8Array): { body: Uint8Array; trailers?: Record<string, string> } {
  const streaming = headers["x-amz-content-sha256"]?.startsWith("STREAMING-") ?? false;
  if (!streaming && !/\baws-chunked\b/.test(headers["content-encoding"] ?? "")) return { body };
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const parts: Uint8Array[] = [];
  let at = 0;
  for (;;) {
    const end = bytes.indexOf("\r\n", at);
    if (end < 0 || end - at > 512) throw broken("a chunk has no header line");
    const size = /^([0-9a-fA-F]{1,8})(?:;|$)/.exec(bytes.toString("latin1", at, end));
    if (!size) throw broken("a chunk's size is not hexadecimal");
    const length = Number.parseInt(size[1]!, 16);
    at = end + 2;
    if (length === 0) break;
    if (at + length > bytes.length) throw broken("it ends inside a chunk");
    parts.push(bytes.subarray(at, at + length));
    at += length;
    if (bytes.toString("latin1", at, at + 2) !== "\r\n") throw broken("a chunk is longer than its header says");
    at += 2;
  }
  const whole = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  const declared = headers["x-amz-decoded-content-length"];
  if (declared !== undefined && Number(declared) !== whole.byteLength)
    throw broken("x-amz-decoded-content-length differs from the bytes sent");
  const trailers = trailersOf(bytes.toString("latin1", at));
  const announced = headers["x-amz-trailer"]?.toLowerCase();
  if (announced !== undefined && announced.split(",").some((name) => trailers[name.trim()] === undefined)) {
    throw new AwsError(
      "MalformedTrailerError",
      "The request contained trailing data that was not well-formed or did not conform to our published schema.",
      400,
    );
  }
  return { body: whole, trailers };
}

function trailersOf(text: string): Record<string, string> {
  const trailers: Record<string, string> = {};
  for (const line of text.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) trailers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return trailers;
}
