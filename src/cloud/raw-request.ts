/** Requests as bytes on the wire would be, for the tests of the front: signed by nobody in particular. */
import type { HttpRequest } from "./front.ts";

export type Raw = {
  service?: string;
  region?: string;
  key?: string;
  method?: string;
  url?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
};

/** A request whose signature names a service but proves nothing. */
export function raw({
  service,
  region = "eu-west-1",
  key = "test",
  method = "POST",
  url = "/",
  headers = {},
  body = "",
}: Raw): HttpRequest {
  const authorization = `AWS4-HMAC-SHA256 Credential=${key}/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=00`;
  return {
    method,
    url,
    headers: { host: "127.0.0.1:4566", ...(service === undefined ? {} : { authorization }), ...headers },
    body: Buffer.from(body),
  };
}
