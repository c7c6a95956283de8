/** AWS's protocols over one service's schemas: which operation a request asks for, its input, and the answer or refusal in that protocol's form. */
import type { Blob } from "../blobs.ts";
import { parseJson, readJson, writeJson } from "./json.ts";
import { ec2Name, parseForm, queryName, readForm, type Form } from "./query.ts";
import { findRoute, isBound, parseQuery, readBound, routeOf, writeBound, type Query, type Route } from "./rest.ts";
import { failuresOf, operationOf, operationsOf, type Failure, type Member, type Operation, type Shape } from "./schema.ts";
import { isStored, missingSentence, Unreadable, WireError } from "./values.ts";
import { escape, parseXml, readXml, writeMember, writeXml, xmlName } from "./xml.ts";

export { WireError } from "./values.ts";

export type WireRequest = {
  method: string;
  /** Without the query; S3's with the bucket as its first segment. */
  path: string;
  query: string;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: Uint8Array;
  /** The body, once it is stored, for operations that stream. */
  stream?: Blob;
};

export type WireResponse = { status: number; headers: Record<string, string>; body?: string | Uint8Array; stream?: Blob };

export type ProtocolName = "awsJson1_0" | "awsJson1_1" | "awsQuery" | "ec2Query" | "restJson1" | "restXml";

export type Api = {
  protocol: ProtocolName;
  version: string;
  /** The prefix of `X-Amz-Target`. */
  target?: string;
  /** Of XML answers. */
  namespace?: string;
  /** Also speaks awsQuery, as it did before it spoke JSON (SQS). */
  alsoQuery?: boolean;
  /** The first segment of the path is a bucket (S3). */
  bucketInPath?: boolean;
};

export type Refusal = { code: string; message: string; status?: number; members?: Record<string, unknown>; fault?: "client" | "server" };

export interface Codec {
  /** Throws a `WireError` for what is no operation of this service. */
  operation(request: WireRequest): { name: string; protocol: ProtocolName };
  /** Throws a `WireError` for what can't be read. */
  decode(name: string, request: WireRequest, protocol: ProtocolName): any;
  encode(name: string, output: any, request: WireRequest, requestId: string): WireResponse;
  fail(refusal: Refusal, request: WireRequest, requestId: string): WireResponse;
  /** Whether the operation's body is a stream, to be stored before it is decoded. */
  streams(name: string): boolean;
  has(name: string): boolean;
}

/** What was understood of a request, so that `decode` and `encode` need not parse it again. */
type Seen = { protocol: ProtocolName; form?: Form; query?: Query; route?: Route; labels?: Record<string, string> };

export function codec(schemas: any, api: Api): Codec {
  return new SchemaCodec(schemas, api);
}

class SchemaCodec implements Codec {
  readonly #schemas: any;
  readonly #api: Api;
  readonly #operations = new Map<string, Operation>();
  readonly #routes: Route[];
  readonly #seen = new WeakMap<WireRequest, Seen>();
  #failures: Map<string, Failure> | undefined;

  constructor(schemas: any, api: Api) {
    this.#schemas = schemas;
    this.#api = api;
    const rest = api.protocol === "restJson1" || api.protocol === "restXml";
    this.#routes = rest ? operationsOf(schemas).flatMap((operation) => routeOf(operation, api.bucketInPath ?? false) ?? []) : [];
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  streams(name: string): boolean {
    return this.#find(name)?.input.members.some(({ shape, traits }) => traits.httpPayload && shape.kind === "stream") ?? false;
  }

  operation(request: WireRequest): { name: string; protocol: ProtocolName } {
    const protocol = this.#protocolOf(request);
    const seen: Seen = { protocol };
    this.#seen.set(request, seen);
    if (protocol === "awsJson1_0" || protocol === "awsJson1_1") return { name: this.#target(request), protocol };
    if (protocol === "awsQuery" || protocol === "ec2Query") return { name: this.#action(request, seen), protocol };
    seen.query = parseQuery(request.query);
    const found = findRoute(this.#routes, request.method, request.path, seen.query, request.headers);
    if (!found) throw this.#noRoute();
    seen.route = found.route;
    seen.labels = found.labels;
    return { name: found.route.operation.name, protocol };
  }

  #protocolOf({ headers }: WireRequest): ProtocolName {
    const form =
      this.#api.alsoQuery && (headers["content-type"]?.startsWith("application/x-www-form-urlencoded") || !headers["x-amz-target"]);
    return form ? "awsQuery" : this.#api.protocol;
  }

  #target({ headers }: WireRequest): string {
    const target = headers["x-amz-target"] ?? "";
    const dot = target.lastIndexOf(".");
    const name = target.slice(dot + 1);
    if (dot < 0 || (this.#api.target && target.slice(0, dot) !== this.#api.target) || !this.has(name))
      throw new WireError("UnknownOperationException", "", 400);
    return name;
  }

  #action(request: WireRequest, seen: Seen): string {
    const body = Buffer.from(request.body.buffer, request.body.byteOffset, request.body.byteLength).toString();
    seen.form = parseForm(request.query ? `${body}&${request.query}` : body);
    const { action } = seen.form;
    if (action === undefined) throw new WireError("MissingAction", "The request must contain the parameter Action");
    if (!this.has(action))
      throw new WireError(
        "InvalidAction",
        seen.protocol === "ec2Query"
          ? `The action ${action} is not valid for this web service.`
          : `Could not find operation ${action} for version ${this.#api.version}`,
      );
    return action;
  }

  #noRoute(): WireError {
    if (this.#api.protocol === "restXml")
      return new WireError("MethodNotAllowed", "The specified method is not allowed against this resource.", 405);
    return new WireError("UnknownOperationException", "", 404);
  }

  #find(name: string): Operation | undefined {
    let operation = this.#operations.get(name);
    if (!operation) {
      operation = operationOf(this.#schemas, name);
      if (operation) this.#operations.set(name, operation);
    }
    return operation;
  }

  decode(name: string, request: WireRequest, protocol: ProtocolName): any {
    const { input } = this.#find(name)!;
    const missing: string[] = [];
    let value: any;
    try {
      if (protocol === "awsJson1_0" || protocol === "awsJson1_1") value = readJson(input, parseJson(request.body), missing);
      else if (protocol === "awsQuery") value = readForm(input, this.#seen.get(request)!.form!.root, queryName, missing);
      else if (protocol === "ec2Query") value = readForm(input, this.#seen.get(request)!.form!.root, ec2Name, missing);
      else value = this.#decodeRest(input, request, missing);
    } catch (error) {
      if (error instanceof Unreadable) throw unreadable(error, protocol);
      throw error;
    }
    if (missing.length > 0) throw lacking(missing, protocol);
    return value;
  }

  #decodeRest(input: Shape, request: WireRequest, missing: string[]): any {
    const { labels, query } = this.#seen.get(request)!;
    const value: Record<string, unknown> = {};
    readBound(input, labels ?? {}, query ?? new Map(), request.headers, missing, value);
    const payload = input.members.find(({ traits }) => traits.httpPayload);
    if (payload) {
      const body = this.#payload(payload, request, missing);
      if (body !== undefined) value[payload.name] = body;
      return value;
    }
    if (!input.members.some((member) => !isBound(member))) return value;
    const json = this.#api.protocol === "restJson1";
    if (json)
      Object.assign(
        value,
        readJson({ ...input, members: input.members.filter((member) => !isBound(member)) }, parseJson(request.body), missing),
      );
    else if (request.body.byteLength > 0) Object.assign(value, readXml(input, parseXml(request.body).content, missing));
    return value;
  }

  #payload(member: Member, request: WireRequest, missing: string[]): unknown {
    if (member.shape.kind === "stream") return request.stream ?? request.body;
    if (request.body.byteLength === 0) {
      if (member.required) throw new WireError("MissingRequestBodyError", "Request Body is empty");
      return undefined;
    }
    if (member.shape.kind === "blob") return request.body;
    if (member.shape.kind === "string") return Buffer.from(request.body).toString();
    if (this.#api.protocol === "restJson1") return readJson(member.shape, parseJson(request.body), missing);
    const { root, content } = parseXml(request.body);
    const expected = member.traits.xmlName ?? member.shape.name;
    // Some clients name the element after the shape, others after the member: S3 takes what its schema names.
    if (root !== expected && root !== member.shape.name && root !== member.name)
      throw new WireError("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema");
    const lackingInBody: string[] = [];
    const value = readXml(member.shape, content, lackingInBody);
    if (lackingInBody.length > 0)
      throw new WireError("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema");
    return value;
  }

  encode(name: string, output: any, request: WireRequest, requestId: string): WireResponse {
    const { output: shape } = this.#find(name)!;
    const protocol = this.#seen.get(request)?.protocol ?? this.#api.protocol;
    switch (protocol) {
      case "awsJson1_0":
      case "awsJson1_1": {
        const body = shape.kind === "unit" ? "{}" : JSON.stringify(writeJson(shape, output));
        return {
          status: 200,
          headers: { "content-type": `application/x-amz-json-1.${protocol === "awsJson1_0" ? 0 : 1}`, "x-amzn-requestid": requestId },
          body,
        };
      }
      case "awsQuery": {
        const result = shape.kind === "unit" ? "" : `<${name}Result>${writeXml(shape, output)}</${name}Result>`;
        const body = `<${name}Response xmlns="${this.#api.namespace}">${result}<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${name}Response>`;
        return { status: 200, headers: { "content-type": "text/xml", "x-amzn-requestid": requestId }, body };
      }
      case "ec2Query": {
        const body = `<?xml version="1.0" encoding="UTF-8"?>\n<${name}Response xmlns="${this.#api.namespace}"><requestId>${requestId}</requestId>${shape.kind === "unit" ? "<return>true</return>" : writeXml(shape, output)}</${name}Response>`;
        return { status: 200, headers: { "content-type": "text/xml;charset=UTF-8", "x-amzn-requestid": requestId }, body };
      }
      default:
        return this.#encodeRest(shape, output, this.#seen.get(request)?.route?.status ?? 200, requestId);
    }
  }

  #encodeRest(shape: Shape, output: any, status: number, requestId: string): WireResponse {
    const headers = this.#restHeaders(requestId);
    if (shape.kind === "unit") return { status, headers };
    writeBound(shape, output, headers);
    const code = shape.members.find(({ traits }) => traits.httpResponseCode);
    // S3 names no member for it: a part of an object is 206.
    const answered = (code && output[code.name]) ?? (this.#api.bucketInPath && output.ContentRange !== undefined ? 206 : status);
    const payload = shape.members.find(({ traits }) => traits.httpPayload);
    if (payload) return this.#encodePayload(payload, output[payload.name], answered, headers);
    const body = shape.members.filter((member) => !isBound(member));
    if (body.length === 0) return { status: answered, headers };
    if (this.#api.protocol === "restJson1") {
      headers["content-type"] = "application/json";
      return { status: answered, headers, body: JSON.stringify(writeJson({ ...shape, members: body }, output)) };
    }
    headers["content-type"] = "application/xml";
    return { status: answered, headers, body: this.#document(shape.traits.xmlName ?? shape.name, body, output) };
  }

  #restHeaders(requestId: string): Record<string, string> {
    // S3's second id names the host that answered; ours is derived from the first.
    if (this.#api.bucketInPath) return { "x-amz-request-id": requestId, "x-amz-id-2": Buffer.from(requestId).toString("base64") };
    return { "x-amzn-requestid": requestId };
  }

  /** A structure whose only member has the root's own name is that element with text in it (GetBucketLocation). */
  #document(root: string, members: Member[], output: any): string {
    const open = `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${this.#api.namespace ? ` xmlns="${this.#api.namespace}"` : ""}>`;
    const [only] = members;
    if (members.length === 1 && only && xmlName(only) === root && only.shape.kind === "string")
      return `${open}${escape(output[only.name] ?? "")}</${root}>`;
    let text = open;
    for (const member of members)
      if (output[member.name] !== undefined && output[member.name] !== null) text += writeMember(member, output[member.name]);
    return `${text}</${root}>`;
  }

  #encodePayload(member: Member, value: any, status: number, headers: Record<string, string>): WireResponse {
    if (value === undefined || value === null) return { status, headers };
    if (isStored(value)) return { status, headers, stream: value };
    if (value instanceof Uint8Array || typeof value === "string") return { status, headers, body: value };
    if (this.#api.protocol === "restJson1")
      return { status, headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(writeJson(member.shape, value)) };
    headers["content-type"] = "application/xml";
    return { status, headers, body: this.#document(member.traits.xmlName ?? member.shape.name, member.shape.members, value) };
  }

  fail(refusal: Refusal, request: WireRequest, requestId: string): WireResponse {
    this.#failures ??= failuresOf(this.#schemas);
    const failure = this.#failures.get(refusal.code);
    const status = refusal.status ?? failure?.status ?? 400;
    const protocol = this.#seen.get(request)?.protocol ?? this.#protocolOf(request);
    const known: Known = { ...refusal, status, failure, sender: (refusal.fault ?? (status >= 500 ? "server" : "client")) === "client" };
    if (protocol === "awsJson1_0" || protocol === "awsJson1_1") return this.#failJson(known, protocol, requestId);
    if (protocol === "restJson1") return failRestJson(known, requestId);
    if (protocol === "ec2Query") {
      const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>${escape(refusal.code)}</Code><Message>${escape(refusal.message)}</Message></Error></Errors><RequestID>${requestId}</RequestID></Response>`;
      return { status, headers: { "content-type": "text/xml;charset=UTF-8", "x-amzn-requestid": requestId }, body };
    }
    if (protocol === "awsQuery") return this.#failQuery(known, requestId);
    return this.#failS3(known, request, requestId);
  }

  #failJson({ code, message, members = {}, status, failure, sender }: Known, protocol: ProtocolName, requestId: string): WireResponse {
    const name = failure?.name ?? code;
    const headers: Record<string, string> = {
      "content-type": `application/x-amz-json-1.${protocol === "awsJson1_0" ? 0 : 1}`,
      "x-amzn-requestid": requestId,
    };
    if (this.#api.alsoQuery) headers["x-amzn-query-error"] = `${failure?.queryCode ?? code};${sender ? "Sender" : "Receiver"}`;
    const messageName = failure?.shape.members.some((member) => member.name === "Message") ? "Message" : "message";
    return { status, headers, body: JSON.stringify({ __type: name, [messageName]: message, ...members }) };
  }

  #failQuery({ code, message, members = {}, status, failure, sender }: Known, requestId: string): WireResponse {
    const further = failure
      ? writeXml({ ...failure.shape, members: failure.shape.members.filter(({ name }) => !/^(message|code|type)$/i.test(name)) }, members)
      : "";
    const error = `<Error><Type>${sender ? "Sender" : "Receiver"}</Type><Code>${escape(failure?.queryCode ?? code)}</Code><Message>${escape(message)}</Message>${further}</Error>`;
    const body = `<ErrorResponse xmlns="${this.#api.namespace}">${error}<RequestId>${requestId}</RequestId></ErrorResponse>`;
    return { status, headers: { "content-type": "text/xml", "x-amzn-requestid": requestId }, body };
  }

  #failS3({ code, message, members = {}, status }: Known, request: WireRequest, requestId: string): WireResponse {
    const headers = this.#restHeaders(requestId);
    for (const [name, value] of Object.entries((members.headers as Record<string, string> | undefined) ?? {})) headers[name] = value;
    if (request.method === "HEAD" || status === 304) return { status, headers };
    headers["content-type"] = "application/xml";
    let further = "";
    for (const [name, value] of Object.entries(members)) {
      if (typeof value === "string" || typeof value === "number") further += `<${name}>${escape(String(value))}</${name}>`;
    }
    const error = `<Error><Code>${escape(code)}</Code><Message>${escape(message)}</Message>${further}<RequestId>${requestId}</RequestId>${this.#api.bucketInPath ? `<HostId>${headers["x-amz-id-2"]}</HostId>` : ""}</Error>`;
    const wrapped = this.#api.bucketInPath
      ? error
      : `<ErrorResponse xmlns="${this.#api.namespace}">${error}<RequestId>${requestId}</RequestId></ErrorResponse>`;
    return { status, headers, body: `<?xml version="1.0" encoding="UTF-8"?>\n${wrapped}` };
  }
}

type Known = Refusal & { status: number; failure: Failure | undefined; sender: boolean };

function failRestJson({ code, message, members = {}, status, failure }: Known, requestId: string): WireResponse {
  const headers = { "content-type": "application/json", "x-amzn-requestid": requestId, "x-amzn-errortype": failure?.name ?? code };
  const messageName = failure?.shape.members.some((member) => member.name === "Message") ? "Message" : "message";
  return { status, headers, body: JSON.stringify({ [messageName]: message, ...members }) };
}

/** A value of the wrong form, in the words of the protocol. */
function unreadable({ path, value, expected }: Unreadable, protocol: ProtocolName): WireError {
  if (protocol === "ec2Query")
    return new WireError("InvalidParameterValue", `Value (${value}) for parameter ${path} is invalid. It must be ${expected}.`);
  if (protocol === "awsQuery") return new WireError("MalformedInput", `Value '${value}' at '${path}' is not ${expected}.`);
  if (protocol === "restXml")
    return new WireError("InvalidArgument", `Provided argument ${path} is not ${expected}.`, 400, {
      ArgumentName: path,
      ArgumentValue: value,
    });
  return new WireError(
    "SerializationException",
    path ? `The value ${value} at '${path}' is not ${expected}.` : `The request body is not ${expected}.`,
  );
}

function lacking(missing: string[], protocol: ProtocolName): WireError {
  if (protocol === "ec2Query") return new WireError("MissingParameter", `The request must contain the parameter ${missing[0]}`);
  if (protocol === "awsQuery") return new WireError("ValidationError", missingSentence(missing));
  if (protocol === "restXml") return new WireError("InvalidRequest", `Missing required parameter: ${missing.join(", ")}`);
  return new WireError("ValidationException", missingSentence(missing));
}
