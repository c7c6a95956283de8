/** From an HTTP request to an answer: finds the service and the caller, decodes, calls, encodes. The same for the server and for clients without a socket. */
import { AssertionFailure, UserError } from "../kernel/assert.ts";
import { hex, seed } from "../kernel/random.ts";
import type { Blob } from "./blobs.ts";
import { checksumsOf, verifyDigests } from "./checksums.ts";
import { dechunk } from "./chunked.ts";
import { ACCOUNT, Cloud, notImplemented, root, type Request } from "./cloud.ts";
import { AwsError, type Principal, type Service } from "./service.ts";
import { services, type ServiceName } from "./services/list.ts";
import { scopeOf, verifySignature, type Scope } from "./signature.ts";
import { codec, WireError, type Codec, type WireRequest, type WireResponse } from "./wire/protocol.ts";

export type HttpRequest = { method: string; url: string; headers: Record<string, string>; body: Uint8Array };
export type HttpResponse = Omit<WireResponse, "stream"> & { stream?: Blob };

/** How often each operation was asked for, and how often it was one that we lack. */
export type Coverage = Record<string, { answered: number; refused: number; notImplemented: number }>;

const bySigning = new Map(Object.entries(services).map(([name, { signing }]) => [signing, name as ServiceName]));
// The form-encoded API versions, for calls without a signature (AssumeRoleWithWebIdentity).
const STS_VERSION = "Version=2011-06-15";
const UNSIGNED = new Set(["AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"]);

// Bodies that no object has any more are forgotten when the store holds twice what it must, and at least so many bytes.
const SWEEP_MIN = 256 * 1024 ** 2;

export class Front {
  readonly cloud: Cloud;
  readonly coverage: Coverage = {};
  readonly #verify: boolean;
  readonly #record: (request: Request) => Promise<void> | undefined;
  readonly #codecs = new Map<ServiceName, Promise<Codec>>();
  readonly #requestIds = seed("request ids");
  #sweepAt = SWEEP_MIN;

  /** `record` is told every change that was made and resolves when it is safe to answer. */
  constructor(cloud: Cloud, { verifySignatures = false, record = (_request: Request): Promise<void> | undefined => undefined } = {}) {
    this.cloud = cloud;
    this.#verify = verifySignatures;
    this.#record = record;
  }

  async answer(request: HttpRequest): Promise<HttpResponse> {
    const requestId = this.#requestId();
    const scope = scopeOf(request);
    const name = serviceOf(request, scope);
    if (!name) return unknownService(scope?.service ?? "", requestId);
    const [wire] = await Promise.all([this.#codec(name), this.cloud.load(name)]);
    const service = this.cloud.service(name);
    const asked: WireRequest = wireRequest(request, service, scope);
    let operation = "";
    try {
      const { name: found, protocol } = wire.operation(asked);
      operation = found;
      const principal = this.#principal(request, scope, name, operation);
      if (!service.operations[operation]) throw notImplemented(name, operation);
      this.#take(wire, operation, request, asked);
      const call: Request = {
        service: name,
        operation,
        input: wire.decode(operation, asked, protocol),
        region: regionOf(service, scope),
        principal,
      };
      const output = this.cloud.call(call);
      // Encoded before anything is waited for: what the answer shows is what the call left.
      const answer = wire.encode(operation, output, asked, requestId);
      if (this.cloud.changes(name, operation)) await this.#record(call);
      this.#count(name, operation, "answered");
      return answer;
    } catch (error) {
      return wire.fail(this.#failure(name, operation, error), asked, requestId);
    }
  }

  /** Turns whatever was thrown into what AWS would say. Our own faults are reported as such, without their stack. */
  #failure(service: ServiceName, operation: string, error: unknown) {
    if (error instanceof AwsError || error instanceof WireError) {
      if (operation) this.#count(service, operation, error.code === "NotImplemented" ? "notImplemented" : "refused");
      return { code: error.code, message: error.message, status: error.status, members: error.members };
    }
    if (error instanceof UserError)
      return { code: "ServiceUnavailable", message: `${error.message} ${error.hint}`, status: 503, fault: "server" as const };
    console.error(`${service}:${operation} failed inside Causeway.`, error);
    const what = error instanceof AssertionFailure ? error.message : "an unexpected fault";
    return {
      code: "InternalFailure",
      message: `Causeway failed in ${service}:${operation}: ${what}. Please report it.`,
      status: 500,
      fault: "server" as const,
    };
  }

  #codec(name: ServiceName): Promise<Codec> {
    let found = this.#codecs.get(name);
    if (!found) {
      found = Promise.all([services[name].load(), this.cloud.load(name)]).then(async ([service]) =>
        codec(await service.sdk(), service.api),
      );
      this.#codecs.set(name, found);
    }
    return found;
  }

  /** Takes a streaming body into the store, so that the handler sees its description only. */
  #take(wire: Codec, operation: string, request: HttpRequest, asked: WireRequest): void {
    const { body, trailers } = dechunk(request.headers, request.body);
    asked.body = body;
    const headers = trailers ? { ...asked.headers, ...trailers } : asked.headers;
    asked.headers = headers;
    verifyDigests(headers, body);
    if (!wire.streams(operation)) return;
    if (this.cloud.blobs.size > this.#sweepAt) {
      this.cloud.sweepBlobs();
      this.#sweepAt = Math.max(SWEEP_MIN, this.cloud.blobs.size * 2);
    }
    asked.stream = this.cloud.blobs.put(body, checksumsOf(headers, body));
  }

  #principal(request: HttpRequest, scope: Scope | undefined, service: ServiceName, operation: string): Principal {
    if (!scope) {
      // Only what brings its own proof of identity comes without a signature when signatures are checked.
      if (this.#verify && !UNSIGNED.has(operation)) throw anonymous(service);
      return root(ACCOUNT);
    }
    const known = this.cloud.run.universe.credentials.get(scope.accessKeyId);
    if (this.#verify) verifySignature(request, scope, known, this.cloud.run.now);
    if (known) return { account: known.account, arn: known.arn, userId: known.userId, accessKeyId: scope.accessKeyId };
    // An access key id that is an account number chooses that account.
    return /^\d{12}$/.test(scope.accessKeyId) ? root(scope.accessKeyId) : root(ACCOUNT);
  }

  #count(service: string, operation: string, how: "answered" | "refused" | "notImplemented"): void {
    const counts = (this.coverage[`${service}:${operation}`] ??= { answered: 0, refused: 0, notImplemented: 0 });
    counts[how]++;
  }

  #requestId(): string {
    const digits = hex(this.#requestIds, 32);
    return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12, 16)}-${digits.slice(16, 20)}-${digits.slice(20)}`;
  }
}

function serviceOf(request: HttpRequest, scope: Scope | undefined): ServiceName | undefined {
  if (scope) return bySigning.get(scope.service);
  if (request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded") && Buffer.from(request.body).includes(STS_VERSION))
    return "sts";
  return request.headers["x-amz-target"] ? undefined : "s3";
}

function anonymous(service: ServiceName): AwsError {
  if (service === "s3") return new AwsError("AccessDenied", "Access Denied", 403);
  return new AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", 403);
}

/** What nobody has signed names no region: S3 then takes the bucket's. */
function regionOf(service: Service, scope: Scope | undefined): string {
  if (service.scope === "account") return "us-east-1";
  return scope?.region || (service.scope === "partition" ? "" : "us-east-1");
}

function unknownService(service: string, requestId: string): HttpResponse {
  const [status, code, message]: [number, string, string] =
    service === ""
      ? [403, "MissingAuthenticationToken", "Request is missing Authentication Token: its signature is what says which service it is for."]
      : [501, "NotImplemented", `Causeway does not emulate the service "${service}".`];
  return {
    status,
    headers: { "content-type": "application/x-amz-json-1.1", "x-amzn-requestid": requestId, "x-amzn-errortype": code },
    body: JSON.stringify({ __type: code, message, service }),
  };
}

function wireRequest({ method, url, headers, body }: HttpRequest, service: Service, scope: Scope | undefined): WireRequest {
  const question = url.indexOf("?");
  const path = question < 0 ? url : url.slice(0, question);
  const query = question < 0 ? "" : url.slice(question + 1);
  if (service.api.signing !== "s3") return { method, path, query, headers, body };
  const bucket = bucketOfHost(headers.host ?? "");
  return {
    method,
    path: bucket ? `/${bucket}${path}` : path,
    query,
    headers: scope?.presigned ? { ...hoisted(query), ...headers } : headers,
    body,
  };
}

/** The headers that a presigned URL carries in its query: SDKs put them there so that its user need not send them. Checksums there don't count. */
function hoisted(query: string): Record<string, string> {
  return Object.fromEntries([...new URLSearchParams(query)].filter(([name]) => /^x-amz-(?!checksum-|sdk-)/.test(name)));
}

/** `bucket.s3.eu-west-1.localhost:4566`, `bucket.s3.amazonaws.com`, `bucket.localhost` → `bucket`; none for `s3.….localhost`, where it is in the path. */
function bucketOfHost(host: string): string | undefined {
  const name = host.toLowerCase().replace(/:\d+$/, "");
  if (/^s3(?:[.-]|$)/.test(name)) return undefined;
  return (/^(.+)\.s3[.-]/.exec(name) ?? /^(.+)\.localhost$/.exec(name))?.[1];
}
