/** Asking for a public certificate, and what validates it: docs.aws.amazon.com/acm/latest/userguide/dns-validation.html */
import { createHash } from "node:crypto";
import type * as sdk from "@aws-sdk/client-acm";
import { hours } from "../../../kernel/units.ts";
import { AwsError, type Operations } from "../../service.ts";
import { isAlgorithm } from "./authority.ts";
import { checkCount, find, invalid, notEmulated, type Certificate, type Here, type State, type Timers } from "./certificate.ts";
import { startValidation } from "./lifecycle.ts";
import { checkTags, tagMap } from "./tags.ts";

const DOMAIN = /^(\*\.)?(((?!-)[a-z0-9-]{0,62}[a-z0-9])\.)+((?!-)[a-z0-9-]{1,62}[a-z0-9])$/;
// docs.aws.amazon.com/acm/latest/userguide/acm-limits.html
const NAMES_MAX = 10;
// RFC 5280's bound of a common name, which is what the first domain becomes: API_RequestCertificate
const COMMON_NAME_MAX = 64;
// docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html: a token counts for one hour
const TOKEN_LIFE = hours(1);
// docs.aws.amazon.com/acm/latest/userguide/email-validation.html
const MAILBOXES = ["administrator", "hostmaster", "postmaster", "webmaster", "admin"];

function checkDomain(name: string, member: string): void {
  if (name.length > 253 || !DOMAIN.test(name)) {
    throw invalid(
      `1 validation error detected: Value '${name}' at '${member}' failed to satisfy constraint: Member must satisfy regular expression pattern: ^(\\*\\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])$`,
    );
  }
}

function namesOf(domain: string, others: readonly string[]): string[] {
  const [first, ...rest] = [domain, ...others].map((name) => name.toLowerCase());
  checkDomain(first!, "domainName");
  for (const name of rest) checkDomain(name, "subjectAlternativeNames");
  if (first!.length > COMMON_NAME_MAX) throw invalid(`The first domain name can be no longer than ${COMMON_NAME_MAX} bytes.`);
  const names = [...new Set([first!, ...rest])];
  if (names.length > NAMES_MAX)
    throw new AwsError(
      "LimitExceededException",
      `Error: the number of domain names, ${names.length}, is larger than your limit of ${NAMES_MAX}.`,
      400,
    );
  return names;
}

const letters = (digest: Buffer, length: number): string =>
  [...digest.subarray(0, length)].map((byte) => String.fromCharCode(97 + (byte % 26))).join("");

/** The record that proves a domain. The same for it and its wildcard, and each time that the account asks: a renewal finds it again. */
function recordOf(account: string, domain: string): sdk.ResourceRecord {
  const bare = domain.replace(/^\*\./, "");
  const digest = (what: string) => createHash("sha256").update(`${what} ${account} ${bare}`).digest();
  return {
    Name: `_${digest("name").toString("hex").slice(0, 32)}.${bare}.`,
    Type: "CNAME",
    Value: `_${digest("value").toString("hex").slice(0, 32)}.${letters(digest("zone"), 10)}.acm-validations.aws.`,
  };
}

function validationOf(call: Here, name: string, method: sdk.ValidationMethod, chosen: string | undefined): sdk.DomainValidation {
  const ValidationDomain = chosen ?? name.replace(/^\*\./, "");
  const common = { DomainName: name, ValidationDomain, ValidationStatus: "PENDING_VALIDATION", ValidationMethod: method } as const;
  if (method === "DNS") return { ...common, ResourceRecord: recordOf(call.account, name) };
  return { ...common, ValidationEmails: MAILBOXES.map((mailbox) => `${mailbox}@${ValidationDomain}`) };
}

/** Each option names a domain of the request and that domain itself or one above it. */
function checkOptions(names: readonly string[], options: readonly sdk.DomainValidationOption[]): Map<string, string> {
  const chosen = new Map<string, string>();
  for (const { DomainName = "", ValidationDomain = "" } of options) {
    const bare = DomainName.replace(/^\*\./, "");
    const fits = names.includes(DomainName) && (bare === ValidationDomain || bare.endsWith(`.${ValidationDomain}`));
    if (!fits || chosen.has(DomainName))
      throw new AwsError(
        "InvalidDomainValidationOptionsException",
        `Validation domain ${ValidationDomain} is not valid for domain ${DomainName}.`,
        400,
      );
    chosen.set(DomainName, ValidationDomain);
  }
  return chosen;
}

function checkRequest(input: sdk.RequestCertificateRequest) {
  const { ValidationMethod = "EMAIL", KeyAlgorithm = "RSA_2048", Options = {}, IdempotencyToken } = input;
  if (input.CertificateAuthorityArn !== undefined)
    throw notEmulated("private certificates (CertificateAuthorityArn): there is no AWS Private CA in this cloud");
  if (ValidationMethod === "HTTP" || input.ManagedBy !== undefined)
    throw notEmulated("certificates that CloudFront manages (ValidationMethod HTTP, ManagedBy)");
  if (ValidationMethod !== "DNS" && ValidationMethod !== "EMAIL")
    throw invalid(
      `1 validation error detected: Value '${String(ValidationMethod)}' at 'validationMethod' failed to satisfy constraint: Member must satisfy enum value set: [EMAIL, DNS, HTTP]`,
    );
  if (!isAlgorithm(KeyAlgorithm))
    throw invalid(
      `The key algorithm ${KeyAlgorithm} is not supported for public certificates: use RSA_2048, EC_prime256v1 or EC_secp384r1.`,
    );
  if (IdempotencyToken !== undefined && !/^\w{1,32}$/.test(IdempotencyToken))
    throw invalid(
      `1 validation error detected: Value '${IdempotencyToken}' at 'idempotencyToken' failed to satisfy constraint: Member must satisfy regular expression pattern: \\w+`,
    );
  return { method: ValidationMethod, KeyAlgorithm, Options, IdempotencyToken };
}

export const requestOperations = {
  RequestCertificate(call, input) {
    const { method, KeyAlgorithm, Options, IdempotencyToken } = checkRequest(input);
    const names = namesOf(input.DomainName, input.SubjectAlternativeNames ?? []);
    const chosen = checkOptions(names, input.DomainValidationOptions ?? []);
    checkTags({}, input.Tags ?? []);
    const before = IdempotencyToken === undefined ? undefined : call.state.requests.get(IdempotencyToken);
    if (before && call.now - before.at < TOKEN_LIFE && call.state.certificates.has(before.arn)) return { CertificateArn: before.arn };
    checkCount(call, false);
    const CertificateArn = call.arn("acm", `certificate/${call.uuid()}`);
    const certificate: Certificate = {
      detail: {
        CertificateArn,
        DomainName: names[0]!,
        SubjectAlternativeNames: names,
        DomainValidationOptions: names.map((name) => validationOf(call, name, method, chosen.get(name))),
        Subject: `CN=${names[0]}`,
        Issuer: "Amazon",
        CreatedAt: call.date,
        Status: "PENDING_VALIDATION",
        KeyAlgorithm,
        SignatureAlgorithm: "SHA256WITHRSA",
        InUseBy: [],
        Type: "AMAZON_ISSUED",
        KeyUsages: [],
        ExtendedKeyUsages: [],
        CertificateKeyPairOrigin: "AWS_MANAGED",
        Options: {
          CertificateTransparencyLoggingPreference: Options.CertificateTransparencyLoggingPreference ?? "ENABLED",
          Export: Options.Export ?? "DISABLED",
        },
      },
      tags: tagMap(input.Tags),
      exported: false,
    };
    call.state.certificates.set(CertificateArn, certificate);
    if (IdempotencyToken !== undefined) call.state.requests.set(IdempotencyToken, { arn: CertificateArn, at: call.now });
    startValidation(call, certificate, method);
    return { CertificateArn };
  },

  ResendValidationEmail(call, { CertificateArn, Domain, ValidationDomain }) {
    const { detail } = find(call, CertificateArn);
    const option = detail.DomainValidationOptions?.find(({ DomainName }) => DomainName === Domain);
    if (detail.Status !== "PENDING_VALIDATION" || option?.ValidationMethod === "DNS")
      throw new AwsError("InvalidStateException", `Certificate ${CertificateArn} is not waiting for validation by email.`, 400);
    const bare = Domain.replace(/^\*\./, "");
    if (!option || (bare !== ValidationDomain && !bare.endsWith(`.${ValidationDomain}`)))
      throw new AwsError(
        "InvalidDomainValidationOptionsException",
        `Validation domain ${ValidationDomain} is not valid for domain ${Domain}.`,
        400,
      );
    // Nobody receives mail here; the addresses are all that there is to keep.
    option.ValidationDomain = ValidationDomain;
    option.ValidationEmails = MAILBOXES.map((mailbox) => `${mailbox}@${ValidationDomain}`);
  },

  UpdateCertificateOptions(call, { CertificateArn, Options }) {
    const { detail } = find(call, CertificateArn);
    if (Options.ValidationMethod !== undefined) throw notEmulated("a change of the validation method of a certificate");
    if (detail.Type !== "AMAZON_ISSUED" || (detail.Status !== "ISSUED" && detail.Status !== "PENDING_VALIDATION")) {
      throw new AwsError(
        "InvalidStateException",
        `The options of certificate ${CertificateArn} can't be changed: it is ${detail.Type === "IMPORTED" ? "imported" : detail.Status}.`,
        400,
      );
    }
    detail.Options = { ...detail.Options, ...Object.fromEntries(Object.entries(Options).filter(([, value]) => value !== undefined)) };
  },

  ListCertificateDomainValidations(call, { CertificateArn }) {
    const options = find(call, CertificateArn).detail.DomainValidationOptions ?? [];
    return {
      DomainValidationSummaryList: options.map(
        ({ DomainName, ValidationStatus, ValidationMethod, ResourceRecord, ValidationEmails, ValidationDomain }) => ({
          DomainName,
          ActiveValidationConfiguration: {
            ValidationMethod,
            ValidationStatus,
            ValidationChallenge: ResourceRecord
              ? { DnsValidationChallenge: { ResourceRecord } }
              : { EmailValidationChallenge: { ValidationEmails, ValidationDomain } },
          },
        }),
      ),
    };
  },
} satisfies Operations<sdk.ACM, State, Timers>;
