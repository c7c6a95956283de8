/** A certificate's life: validated, issued, renewed, expired, revoked. docs.aws.amazon.com/acm/latest/userguide/domain-ownership-validation.html */
import { X509Certificate } from "node:crypto";
import type * as sdk from "@aws-sdk/client-acm";
import { days, hours, instant, minutes, seconds, since } from "../../../kernel/units.ts";
import { AwsError, type Operations } from "../../service.ts";
import { authorityCertificate, issue, makeAuthorityKey, makeKey, sealKey, type Algorithm } from "./authority.ts";
import { find, invalid, issuedBody, renewable, type Certificate, type Here, type State, type Timers } from "./certificate.ts";

/** Public certificates since 18 February 2026, renewed 45 days before their end: aws.amazon.com/about-aws/whats-new, "AWS Certificate Manager updates default certificate validity" */
const VALIDITY = days(198);
const RENEWAL_LEAD = days(45);
/** An unanswered validation: docs.aws.amazon.com/acm/latest/userguide/troubleshooting-timed-out.html */
const VALIDATION_WINDOW = hours(72);
/**
 * DNS validation succeeds after this, whether or not anybody has made the records: Route 53 is not a part of the cloud yet,
 * and there is no other DNS to look into. AWS gives "minutes" once the records are there. An EMAIL validation stays open,
 * for nobody receives mail here.
 */
const VALIDATION_DELAY = seconds(30);

export function startValidation(call: Here, { detail }: Certificate, method: sdk.ValidationMethod): void {
  const arn = detail.CertificateArn;
  if (method === "DNS") call.after(VALIDATION_DELAY, "validated", { arn });
  else call.background(VALIDATION_WINDOW, "validationEnded", { arn });
}

/** Names that no public authority may certify: RFC 2606, RFC 6761, RFC 6762 and ICANN's `.internal`. */
const PRIVATE = /(^|\.)(local|localhost|internal|invalid|onion)$/;

function failureOf({ detail }: Certificate): sdk.FailureReason | undefined {
  const names = detail.SubjectAlternativeNames;
  if (names.some((name) => PRIVATE.test(name))) return "INVALID_PUBLIC_DOMAIN";
  // docs.aws.amazon.com/acm/latest/userguide/troubleshooting-failed.html names Amazon's own domains
  return names.some((name) => /(^|\.)(amazonaws|cloudfront|elasticbeanstalk)\.(com|net)$/.test(name))
    ? "ADDITIONAL_VERIFICATION_REQUIRED"
    : undefined;
}

const hexPairs = (hex: string): string => (hex.toLowerCase().match(/../g) ?? []).join(":");

/** Makes key and body. ACM makes a new key for each renewal too. */
function put(call: Here, certificate: Certificate): void {
  const { detail } = certificate;
  const authority = (call.state.authority ??= makeAuthorityKey());
  const key = makeKey(detail.KeyAlgorithm as Algorithm, (length) => call.bytes(length));
  const serial = call.bytes(16);
  serial[0] = (serial[0]! & 0x7f) | 1; // positive and of full length
  const from = new Date(Math.floor(call.now / 86_400_000) * 86_400_000); // from the day's begin, as AWS's
  const until = new Date(from.getTime() + VALIDITY - 1000);
  const body = issue(authority, { domain: detail.DomainName, names: detail.SubjectAlternativeNames, key, serial, from, until });
  Object.assign(certificate, { key, body, chain: authorityCertificate(authority), exported: false });
  Object.assign(detail, {
    Status: "ISSUED",
    IssuedAt: call.date,
    NotBefore: from,
    NotAfter: until,
    Serial: hexPairs(Buffer.from(serial).toString("hex")),
    Subject: `CN=${detail.DomainName}`,
    Issuer: "Amazon",
    SignatureAlgorithm: "SHA256WITHRSA",
    KeyUsages: [{ Name: "DIGITAL_SIGNATURE" }, { Name: "KEY_ENCIPHERMENT" }],
    ExtendedKeyUsages: [
      { Name: "TLS_WEB_SERVER_AUTHENTICATION", OID: "1.3.6.1.5.5.7.3.1" },
      { Name: "TLS_WEB_CLIENT_AUTHENTICATION", OID: "1.3.6.1.5.5.7.3.2" },
    ],
  } satisfies Partial<sdk.CertificateDetail>);
  watchExpiry(call, certificate);
}

/** Renewal and expiry are moments that nobody waits for. */
export function watchExpiry(call: Here, { detail }: Certificate): void {
  const event = { arn: detail.CertificateArn, serial: detail.Serial ?? "" };
  const left = since(call.now, instant(detail.NotAfter!));
  if (detail.Type === "AMAZON_ISSUED") call.background((left - RENEWAL_LEAD) as typeof left, "renewalDue", event);
  call.background(left, "expired", event);
}

const setValidation = ({ detail }: Certificate, ValidationStatus: sdk.DomainStatus): void => {
  detail.DomainValidationOptions = detail.DomainValidationOptions?.map((option) => ({ ...option, ValidationStatus }));
};

/** The certificate of an event, unless it is gone or another issuance has come between. */
function meant(call: Here, { arn, serial }: { arn: string; serial: string }): Certificate | undefined {
  const certificate = call.state.certificates.get(arn);
  return certificate?.detail.Serial === serial && certificate.detail.Status === "ISSUED" ? certificate : undefined;
}

function startRenewal(call: Here, certificate: Certificate): void {
  const { detail } = certificate;
  const byMail = detail.DomainValidationOptions?.some(({ ValidationMethod }) => ValidationMethod === "EMAIL") ?? false;
  detail.RenewalSummary = {
    RenewalStatus: byMail ? "PENDING_VALIDATION" : "PENDING_AUTO_RENEWAL",
    DomainValidationOptions: (detail.DomainValidationOptions ?? []).map((option) => ({
      ...option,
      ValidationStatus: "PENDING_VALIDATION",
    })),
    UpdatedAt: call.date,
  };
  if (!byMail) call.after(minutes(1), "renewed", { arn: detail.CertificateArn, serial: detail.Serial ?? "" }); // our figure: AWS documents none
}

export const lifecycleTimers = {
  validated(call: Here, { arn }: Timers["validated"]) {
    const certificate = call.state.certificates.get(arn);
    if (certificate?.detail.Status !== "PENDING_VALIDATION") return;
    const failure = failureOf(certificate);
    if (failure) {
      Object.assign(certificate.detail, { Status: "FAILED", FailureReason: failure });
      setValidation(certificate, "FAILED");
      return;
    }
    setValidation(certificate, "SUCCESS");
    put(call, certificate);
  },
  validationEnded(call: Here, { arn }: Timers["validationEnded"]) {
    const certificate = call.state.certificates.get(arn);
    if (certificate?.detail.Status !== "PENDING_VALIDATION") return;
    certificate.detail.Status = "VALIDATION_TIMED_OUT";
    setValidation(certificate, "FAILED");
  },
  renewalDue(call: Here, event: Timers["renewalDue"]) {
    const certificate = meant(call, event);
    if (certificate && renewable(certificate)) startRenewal(call, certificate);
  },
  renewed(call: Here, event: Timers["renewed"]) {
    const certificate = meant(call, event);
    if (!certificate) return;
    put(call, certificate);
    const options = certificate.detail.DomainValidationOptions ?? [];
    certificate.detail.RenewalSummary = { RenewalStatus: "SUCCESS", DomainValidationOptions: options, UpdatedAt: call.date };
  },
  expired(call: Here, event: Timers["expired"]) {
    const certificate = meant(call, event);
    if (certificate) certificate.detail.Status = "EXPIRED";
  },
};

export const lifecycleOperations = {
  GetCertificate(call, { CertificateArn }) {
    const certificate = find(call, CertificateArn);
    return { Certificate: issuedBody(certificate), CertificateChain: certificate.chain };
  },
  ExportCertificate(call, { CertificateArn, Passphrase }) {
    const certificate = find(call, CertificateArn);
    const { detail } = certificate;
    if (detail.Type === "IMPORTED" || detail.Options?.Export !== "ENABLED") {
      throw invalid(
        `Certificate ${CertificateArn} is not exportable: ${detail.Type === "IMPORTED" ? "it was imported" : "it was requested without the Export option"}.`,
      );
    }
    // 4 to 128 characters: docs.aws.amazon.com/acm/latest/APIReference/API_ExportCertificate.html
    if (Passphrase.length < 4 || Passphrase.length > 128) throw invalid("The passphrase must have a length between 4 and 128 characters.");
    const body = issuedBody(certificate);
    certificate.exported = true;
    return {
      Certificate: body,
      CertificateChain: certificate.chain,
      PrivateKey: sealKey(certificate.key!, Passphrase, call.bytes(16), call.bytes(16)),
    };
  },
  RenewCertificate(call, { CertificateArn }) {
    const certificate = find(call, CertificateArn);
    const renewing = certificate.detail.RenewalSummary?.RenewalStatus ?? "";
    if (renewing.startsWith("PENDING"))
      throw new AwsError("RequestInProgressException", `Renewal of ${CertificateArn} is in progress.`, 400);
    // Only what was exported: docs.aws.amazon.com/acm/latest/userguide/force-certificate-renewal.html
    if (!certificate.exported || !renewable(certificate))
      throw invalid(`Certificate ${CertificateArn} is not eligible for renewal: only exported certificates can be renewed.`);
    startRenewal(call, certificate);
  },
  RevokeCertificate(call, { CertificateArn, RevocationReason }) {
    const { detail } = find(call, CertificateArn);
    // Exportable public certificates only: docs.aws.amazon.com/acm/latest/APIReference/API_RevokeCertificate.html
    if (detail.Type !== "AMAZON_ISSUED" || detail.Options?.Export !== "ENABLED")
      throw invalid(`Certificate ${CertificateArn} can't be revoked: it is not an exportable public certificate.`);
    if (detail.Status !== "ISSUED")
      throw new AwsError("ConflictException", `Certificate ${CertificateArn} is in status ${detail.Status}.`, 409);
    if (detail.InUseBy.length > 0)
      throw new AwsError("ResourceInUseException", `Certificate ${CertificateArn} in account ${call.account} is in use.`, 400);
    Object.assign(detail, { Status: "REVOKED", RevokedAt: call.date, RevocationReason });
    return { CertificateArn };
  },
} satisfies Operations<sdk.ACM, State, Timers>;

/** Serial and moments of a body that somebody else has issued. */
export const serialOf = ({ serialNumber }: X509Certificate): string =>
  hexPairs(serialNumber.length % 2 ? `0${serialNumber}` : serialNumber);
