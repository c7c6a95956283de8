import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { checksum, verifyDigests } from "./checksums.ts";
import { dechunk } from "./chunked.ts";

const digits = Buffer.from("123456789");
const hex = (base64: string) => Buffer.from(base64, "base64").toString("hex");

// The check values of the catalogue of parametrised CRC algorithms: reveng.sourceforge.io/crc-catalogue
test.each([
  ["CRC32", "cbf43926"],
  ["CRC32C", "e3069283"],
  ["CRC64NVME", "ae8b14860a799888"],
])("%s of 123456789 is %s", (algorithm, value) => {
  expect(hex(checksum(algorithm, digits)!)).toBe(value);
});

const refused = (headers: Record<string, string>, body = digits) => {
  try {
    verifyDigests(headers, body);
    return "taken";
  } catch (error) {
    return (error as Error).name;
  }
};

test.each([
  ["the right checksum", { "x-amz-checksum-crc32": "y/Q5Jg==" }, "taken"],
  ["another checksum", { "x-amz-checksum-crc32": "AAAAAA==" }, "BadDigest"],
  ["a checksum that is none", { "x-amz-checksum-sha256": "y/Q5Jg==" }, "InvalidRequest"],
  ["two checksums", { "x-amz-checksum-crc32": "y/Q5Jg==", "x-amz-checksum-crc32c": "4waSgw==" }, "InvalidRequest"],
  ["another MD5", { "content-md5": createHash("md5").update("x").digest("base64") }, "BadDigest"],
  ["an MD5 that is none", { "content-md5": "short" }, "InvalidDigest"],
  ["another SHA-256 in the signature", { "x-amz-content-sha256": "0".repeat(64) }, "XAmzContentSHA256Mismatch"],
  ["an unsigned payload", { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" }, "taken"],
])("a body with %s is %s", (_what, headers, outcome) => {
  expect(refused(headers)).toBe(outcome);
});

const framed = (trailer: string) => Buffer.from(`5\r\nhello\r\n6;chunk-signature=abc\r\n world\r\n0\r\n${trailer}\r\n`);
const streaming = {
  "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
  "x-amz-decoded-content-length": "11",
  "x-amz-trailer": "x-amz-checksum-crc32",
};

test("an aws-chunked body loses its framing and gives up its trailers", () => {
  const { body, trailers } = dechunk(streaming, framed("x-amz-checksum-crc32:DUoRhQ==\r\n"));
  expect(Buffer.from(body).toString()).toBe("hello world");
  expect(trailers).toEqual({ "x-amz-checksum-crc32": "DUoRhQ==" });
});

test.each([
  ["without the trailer that it announced", streaming, framed(""), "MalformedTrailerError"],
  [
    "of another length than it said",
    { ...streaming, "x-amz-decoded-content-length": "12" },
    framed("x-amz-checksum-crc32:DUoRhQ==\r\n"),
    "IncompleteBody",
  ],
  ["that ends inside a chunk", streaming, Buffer.from("ff\r\nhello"), "IncompleteBody"],
  ["whose chunk is longer than it said", streaming, Buffer.from("2\r\nhello\r\n0\r\n\r\n"), "IncompleteBody"],
])("an aws-chunked body %s is refused", (_what, headers, body, code) => {
  expect(() => dechunk(headers, body)).toThrowError(expect.objectContaining({ name: code }));
});
