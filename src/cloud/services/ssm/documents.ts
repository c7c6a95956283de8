/** Documents: what Run Command, Automation and Session Manager carry out. docs.aws.amazon.com/systems-manager/latest/userguide/documents.html */
import { createHash } from "node:crypto";
import type * as sdk from "@aws-sdk/client-ssm";
import { parse as parseYaml } from "yaml";
import { AwsError, type Operations } from "../../service.ts";
import { owned } from "./owned-documents.ts";
import { checkPageSize, invalid, page } from "./parameter.ts";
import type { Here, State, Timers } from "./state.ts";
import { checkNewTags, tagMap } from "./tags.ts";

type Version = { number: string; content: string; format: sdk.DocumentFormat; created: Date; versionName?: string };

export type Document = {
  name: string;
  type: sdk.DocumentType;
  targetType?: string;
  displayName?: string;
  versions: Version[];
  /** The version that a name alone means. */
  standard: string;
  /** Accounts that may use it, besides its own. */
  shared: string[];
  tags: Record<string, string>;
};

/** A document's content, read. Command documents have `mainSteps` of plugins, Automation's of actions. */
export type Content = {
  schemaVersion: string;
  description?: string;
  assumeRole?: string;
  parameters: Record<string, { type: string; default?: unknown; allowedValues?: unknown[]; allowedPattern?: string; description?: string }>;
  mainSteps: Step[];
  outputs?: string[];
};
export type Step = { name: string; action: string; inputs: Record<string, unknown> } & Record<string, unknown>;

// docs.aws.amazon.com/general/latest/gr/ssm.html
const DOCUMENTS_MAX = 500;
const VERSIONS_MAX = 1000;
const BYTES_MAX = 64 * 1024;

const TYPES = ["Command", "Automation", "Session", "Package", "Policy"];

export const documentOperations = {
  CreateDocument(call, input) {
    const { Name, Content, DocumentType = "Command", DocumentFormat = "JSON", TargetType, DisplayName, VersionName, Tags = [] } = input;
    if (!/^[a-zA-Z0-9_.-]{3,128}$/.test(Name))
      throw invalid(`The document name ${Name} must have 3 to 128 letters, digits, and _ - . only.`);
    if (/^(aws|amazon|amzn)/i.test(Name)) throw invalid("Document names must not begin with aws, amazon or amzn.");
    if (call.state.documents.has(Name)) throw new AwsError("DocumentAlreadyExists", `Document with name ${Name} already exists`);
    if (call.state.documents.size >= DOCUMENTS_MAX) throw new AwsError("DocumentLimitExceeded", `You can have ${DOCUMENTS_MAX} documents.`);
    if (!TYPES.includes(DocumentType))
      throw new AwsError("NotImplemented", `Causeway does not emulate documents of type ${DocumentType}.`, 501);
    read(Content, DocumentFormat, DocumentType);
    checkNewTags({}, Tags);
    const document: Document = {
      name: Name,
      type: DocumentType,
      targetType: TargetType,
      displayName: DisplayName,
      versions: [{ number: "1", content: Content, format: DocumentFormat, created: call.date, versionName: VersionName }],
      standard: "1",
      shared: [],
      tags: tagMap(Tags),
    };
    call.state.documents.set(Name, document);
    return { DocumentDescription: described(call, document) };
  },

  UpdateDocument(call, { Name, Content, DocumentFormat = "JSON", TargetType, DisplayName, VersionName, DocumentVersion }) {
    const document = own(call, Name);
    if (DocumentVersion !== undefined && DocumentVersion !== "$LATEST" && DocumentVersion !== latest(document).number)
      throw new AwsError("InvalidDocumentVersion", "The document version is not valid or does not exist.");
    read(Content, DocumentFormat, document.type);
    if (latest(document).content === Content && latest(document).format === DocumentFormat)
      throw new AwsError(
        "DuplicateDocumentContent",
        "The content of the association document matches another document. Change the content of the document and try again.",
      );
    if (document.versions.length >= VERSIONS_MAX)
      throw new AwsError("DocumentVersionLimitExceeded", `A document can have ${VERSIONS_MAX} versions.`);
    const number = String(Number(latest(document).number) + 1);
    document.versions.push({ number, content: Content, format: DocumentFormat, created: call.date, versionName: VersionName });
    if (TargetType !== undefined) document.targetType = TargetType;
    if (DisplayName !== undefined) document.displayName = DisplayName;
    return { DocumentDescription: described(call, document, latest(document)) };
  },

  UpdateDocumentDefaultVersion(call, { Name, DocumentVersion }) {
    const document = own(call, Name);
    const { versionName } = versionOf(document, DocumentVersion);
    document.standard = DocumentVersion;
    return { Description: { Name, DefaultVersion: DocumentVersion, DefaultVersionName: versionName } };
  },

  DeleteDocument(call, { Name, DocumentVersion }) {
    const document = own(call, Name);
    if (document.shared.length)
      throw new AwsError(
        "InvalidDocumentOperation",
        "You attempted to delete a document while it is still shared. You must stop sharing the document before you can delete it.",
      );
    if (DocumentVersion === undefined) {
      call.state.documents.delete(Name);
      return;
    }
    if (DocumentVersion === document.standard) throw new AwsError("InvalidDocumentOperation", "The default version cannot be deleted.");
    versionOf(document, DocumentVersion);
    document.versions = document.versions.filter(({ number }) => number !== DocumentVersion);
  },

  GetDocument(call, { Name, DocumentVersion, VersionName }) {
    const document = documentOf(call, Name);
    const version = VersionName ? named(document, VersionName) : versionOf(document, DocumentVersion);
    return {
      Name: document.name,
      CreatedDate: version.created,
      DisplayName: document.displayName,
      VersionName: version.versionName,
      DocumentVersion: version.number,
      Status: "Active",
      Content: version.content,
      DocumentType: document.type,
      DocumentFormat: version.format,
    };
  },

  DescribeDocument(call, { Name, DocumentVersion, VersionName }) {
    const document = documentOf(call, Name);
    return { Document: described(call, document, VersionName ? named(document, VersionName) : versionOf(document, DocumentVersion)) };
  },

  ListDocuments(call, { Filters = [], DocumentFilterList = [], MaxResults = 50, NextToken }) {
    checkPageSize(MaxResults, 50);
    const wanted = [
      ...Filters.map(({ Key = "", Values = [] }) => ({ key: Key, values: Values })),
      ...DocumentFilterList.map(({ key = "", value = "" }) => ({ key, values: [value] })),
    ];
    const all = [...owned.values(), ...call.state.documents.values()].filter((each) =>
      wanted.every(({ key, values }) => matches(each, key, values)),
    );
    const { items, NextToken: next } = page(all, MaxResults, NextToken, ({ name }) => name);
    return { DocumentIdentifiers: items.map((each) => identifier(call, each)), NextToken: next };
  },

  ListDocumentVersions(call, { Name, MaxResults = 50, NextToken }) {
    checkPageSize(MaxResults, 50);
    const document = documentOf(call, Name);
    const { items, NextToken: next } = page(document.versions.toReversed(), MaxResults, NextToken, ({ number }) => number);
    return {
      DocumentVersions: items.map(({ number, created, format, versionName }) => ({
        Name,
        DocumentVersion: number,
        VersionName: versionName,
        CreatedDate: created,
        IsDefaultVersion: number === document.standard,
        DocumentFormat: format,
        Status: "Active" as const,
      })),
      NextToken: next,
    };
  },

  DescribeDocumentPermission(call, { Name }) {
    const { shared } = own(call, Name);
    return { AccountIds: shared, AccountSharingInfoList: shared.map((AccountId) => ({ AccountId, SharedDocumentVersion: "$DEFAULT" })) };
  },

  ModifyDocumentPermission(call, { Name, AccountIdsToAdd = [], AccountIdsToRemove = [] }) {
    const document = own(call, Name);
    document.shared = [...new Set([...document.shared, ...AccountIdsToAdd])].filter((each) => !AccountIdsToRemove.includes(each));
    if (document.shared.length > 1000) throw new AwsError("DocumentPermissionLimit", "The document cannot be shared with more accounts.");
  },
} satisfies Operations<sdk.SSM, State, Timers>;

/** By name or ARN, the user's or Amazon's. */
export function documentOf(call: Here, asked: string): Document {
  const name = asked.replace(/^arn:.*:document\//, "");
  const document = call.state.documents.get(name) ?? owned.get(name);
  if (!document) throw new AwsError("InvalidDocument", `Document with name ${asked} does not exist.`);
  return document;
}

function own(call: Here, name: string): Document {
  const document = documentOf(call, name);
  if (owned.has(document.name)) throw new AwsError("AccessDeniedException", `Document ${name} is owned by Amazon.`);
  return document;
}

const latest = ({ versions }: Document): Version => versions[versions.length - 1]!;

/** `$DEFAULT`, `$LATEST` or a number; none is the default. */
export function versionOf(document: Document, asked = "$DEFAULT"): Version {
  const number = asked === "$LATEST" ? latest(document).number : asked === "$DEFAULT" ? document.standard : asked;
  const version = document.versions.find((each) => each.number === number);
  if (!version) throw new AwsError("InvalidDocumentVersion", "The document version is not valid or does not exist.");
  return version;
}

function named({ versions }: Document, name: string): Version {
  const version = versions.find(({ versionName }) => versionName === name);
  if (!version) throw new AwsError("InvalidDocument", `There is no version ${name}.`);
  return version;
}

export const contentOf = (document: Document, version?: string): Content => {
  const { content, format } = versionOf(document, version);
  return read(content, format, document.type);
};

/** Throws what Systems Manager says of content that it cannot take. */
function read(content: string, format: sdk.DocumentFormat, type: sdk.DocumentType): Content {
  if (Buffer.byteLength(content) > BYTES_MAX) throw new AwsError("MaxDocumentSizeExceeded", "The size limit of a document is 64 KB.");
  const parsed = parsedAs(content, format);
  const { schemaVersion, mainSteps, parameters = {} } = parsed;
  const wrong = (message: string) => new AwsError("InvalidDocumentContent", message);
  if (typeof schemaVersion !== "string") throw wrong("The document has no schemaVersion.");
  if (type === "Automation" && schemaVersion !== "0.3")
    throw wrong(`Schema version ${schemaVersion} is not supported for Automation documents: 0.3 is.`);
  if (type === "Command" && !["1.2", "2.0", "2.2"].includes(schemaVersion))
    throw wrong(`Schema version ${schemaVersion} is not supported for Command documents.`);
  if (type === "Command" && schemaVersion === "1.2")
    throw new AwsError("NotImplemented", "Causeway does not emulate documents of schema version 1.2.", 501);
  if (type !== "Command" && type !== "Automation") return { schemaVersion, parameters: {}, mainSteps: [] };
  if (!Array.isArray(mainSteps) || mainSteps.length === 0) throw wrong("The document has no mainSteps.");
  const names = new Set<string>();
  for (const step of mainSteps as Partial<Step>[]) {
    if (typeof step.name !== "string" || typeof step.action !== "string") throw wrong("Every step has a name and an action.");
    if (names.has(step.name)) throw wrong(`Two steps are called ${step.name}.`);
    names.add(step.name);
  }
  const steps = (mainSteps as Step[]).map((step) => ({ ...step, inputs: step.inputs ?? {} }));
  return { ...(parsed as unknown as Content), parameters: parameters as Content["parameters"], mainSteps: steps };
}

function parsedAs(content: string, format: sdk.DocumentFormat): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = format === "YAML" ? parseYaml(content) : JSON.parse(content);
  } catch (error) {
    throw new AwsError(
      "InvalidDocumentContent",
      `${format} not well-formed: ${error instanceof Error ? error.message.split("\n")[0] : ""}`,
    );
  }
  if (format === "TEXT" || typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw new AwsError("InvalidDocumentContent", `The content is no ${format} document.`);
  return parsed as Record<string, unknown>;
}

function matches(document: Document, key: string, values: readonly string[]): boolean {
  if (key.startsWith("tag:")) return values.includes(document.tags[key.slice(4)] ?? "\0");
  if (key === "Name") return values.some((value) => document.name.startsWith(value));
  if (key === "DocumentType") return values.includes(document.type);
  if (key === "Owner") return values.some((value) => value === "All" || (value === "Amazon") === owned.has(document.name));
  if (key === "PlatformTypes") return values.includes("Linux");
  if (key === "TargetType") return values.includes(document.targetType ?? "");
  throw new AwsError("InvalidFilterKey", `The filter ${key} is not valid.`);
}

const identifier = (call: Here, document: Document): sdk.DocumentIdentifier => ({
  Name: document.name,
  Owner: owned.has(document.name) ? "Amazon" : call.account,
  DocumentVersion: document.standard,
  DocumentType: document.type,
  SchemaVersion: contentOf(document).schemaVersion,
  DocumentFormat: versionOf(document).format,
  TargetType: document.targetType,
  DisplayName: document.displayName,
  PlatformTypes: ["Linux"],
  Tags: Object.entries(document.tags).map(([Key, Value]) => ({ Key, Value })),
  CreatedDate: document.versions[0]!.created,
});

function described(call: Here, document: Document, version = versionOf(document)): sdk.DocumentDescription {
  const { schemaVersion, description, parameters } = read(version.content, version.format, document.type);
  return {
    ...identifier(call, document),
    DocumentVersion: version.number,
    VersionName: version.versionName,
    DocumentFormat: version.format,
    SchemaVersion: schemaVersion,
    Description: description,
    Hash: createHash("sha256").update(version.content).digest("hex"),
    HashType: "Sha256",
    Status: "Active",
    LatestVersion: latest(document).number,
    DefaultVersion: document.standard,
    Parameters: Object.entries(parameters).map(([Name, parameter]) => ({
      Name,
      Type: parameter.type === "StringList" ? "StringList" : "String",
      Description: parameter.description,
      DefaultValue: parameter.default === undefined ? undefined : JSON.stringify(parameter.default).replace(/^"(.*)"$/, "$1"),
    })),
  };
}
