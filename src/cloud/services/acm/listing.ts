/** Describing, listing and deleting certificates, and the account's settings. */
import type * as sdk from "@aws-sdk/client-acm";
import { AwsError, type Operations } from "../../service.ts";
import { find, invalid, renewable, type Certificate, type State } from "./certificate.ts";

const eligibility = (certificate: Certificate): sdk.RenewalEligibility => (renewable(certificate) ? "ELIGIBLE" : "INELIGIBLE");

// docs.aws.amazon.com/acm/latest/APIReference/API_CertificateSummary.html
const NAMES_SHOWN = 100;

function summary(certificate: Certificate): sdk.CertificateSummary {
  const { detail } = certificate;
  return {
    CertificateArn: detail.CertificateArn,
    DomainName: detail.DomainName,
    SubjectAlternativeNameSummaries: detail.SubjectAlternativeNames.slice(0, NAMES_SHOWN),
    HasAdditionalSubjectAlternativeNames: detail.SubjectAlternativeNames.length > NAMES_SHOWN,
    Status: detail.Status,
    Type: detail.Type,
    KeyAlgorithm: detail.KeyAlgorithm,
    KeyUsages: detail.KeyUsages?.flatMap(({ Name }) => Name ?? []),
    ExtendedKeyUsages: detail.ExtendedKeyUsages?.flatMap(({ Name }) => Name ?? []),
    ExportOption: detail.Options?.Export,
    InUse: detail.InUseBy.length > 0,
    Exported: certificate.exported,
    RenewalEligibility: eligibility(certificate),
    NotBefore: detail.NotBefore,
    NotAfter: detail.NotAfter,
    CreatedAt: detail.CreatedAt,
    IssuedAt: detail.IssuedAt,
    ImportedAt: detail.ImportedAt,
    RevokedAt: detail.RevokedAt,
    CertificateKeyPairOrigin: detail.CertificateKeyPairOrigin,
  };
}

/** Without `keyTypes` only RSA of 1,024 and 2,048 bits is listed: docs.aws.amazon.com/acm/latest/APIReference/API_Filters.html */
function passes(each: sdk.CertificateSummary, { keyTypes, keyUsage, extendedKeyUsage, exportOption, managedBy }: sdk.Filters): boolean {
  const types: readonly string[] = keyTypes && keyTypes.length > 0 ? keyTypes : ["RSA_1024", "RSA_2048"];
  const has = <Name>(wanted: readonly Name[] | undefined, names: readonly Name[] | undefined) =>
    !wanted || wanted.length === 0 || wanted.some((name) => name === "ANY" || names?.includes(name));
  return (
    types.includes(each.KeyAlgorithm ?? "") &&
    has(keyUsage, each.KeyUsages) &&
    has(extendedKeyUsage, each.ExtendedKeyUsages) &&
    (exportOption === undefined || each.ExportOption === exportOption) &&
    (managedBy === undefined || each.ManagedBy === managedBy)
  );
}

const token = (arn: string): string => Buffer.from(arn).toString("base64url");

export const listingOperations = {
  DescribeCertificate(call, { CertificateArn }) {
    const certificate = find(call, CertificateArn);
    return { Certificate: { ...certificate.detail, RenewalEligibility: eligibility(certificate) } };
  },
  ListCertificates(call, { CertificateStatuses, CertificateKeyPairOrigins, Includes = {}, NextToken, MaxItems = 1000, SortBy, SortOrder }) {
    if (MaxItems < 1 || MaxItems > 1000)
      throw invalid(
        `1 validation error detected: Value '${MaxItems}' at 'maxItems' failed to satisfy constraint: Member must have value between 1 and 1000`,
      );
    if ((SortBy === undefined) !== (SortOrder === undefined))
      throw new AwsError("InvalidArgsException", "SortBy and SortOrder must be given together.", 400);
    const all = [...call.state.certificates.values()]
      .map(summary)
      .filter((each) => passes(each, Includes))
      .filter(({ Status }) => !CertificateStatuses || CertificateStatuses.length === 0 || CertificateStatuses.includes(Status!))
      .filter(
        ({ CertificateKeyPairOrigin: origin }) =>
          !CertificateKeyPairOrigins || CertificateKeyPairOrigins.length === 0 || CertificateKeyPairOrigins.includes(origin!),
      );
    if (SortBy) all.sort((a, b) => a.CreatedAt!.getTime() - b.CreatedAt!.getTime() || (a.CertificateArn! < b.CertificateArn! ? -1 : 1));
    if (SortOrder === "DESCENDING") all.reverse();
    const from = NextToken === undefined ? 0 : all.findIndex(({ CertificateArn = "" }) => token(CertificateArn) === NextToken) + 1;
    if (NextToken !== undefined && from === 0) throw invalid("The NextToken is not valid.");
    const CertificateSummaryList = all.slice(from, from + MaxItems);
    const more = from + MaxItems < all.length;
    return { CertificateSummaryList, NextToken: more ? token(CertificateSummaryList.at(-1)!.CertificateArn!) : undefined };
  },
  DeleteCertificate(call, { CertificateArn }) {
    const { detail } = find(call, CertificateArn);
    if (detail.InUseBy.length > 0)
      throw new AwsError("ResourceInUseException", `Certificate ${CertificateArn} in account ${call.account} is in use.`, 400);
    call.state.certificates.delete(CertificateArn);
  },
  GetAccountConfiguration: (call) => ({ ExpiryEvents: { DaysBeforeExpiry: call.state.daysBeforeExpiry } }),
  PutAccountConfiguration(call, { ExpiryEvents, IdempotencyToken }) {
    if (!/^\w{1,32}$/.test(IdempotencyToken))
      throw invalid(
        `1 validation error detected: Value '${IdempotencyToken}' at 'idempotencyToken' failed to satisfy constraint: Member must satisfy regular expression pattern: \\w+`,
      );
    const wanted = ExpiryEvents?.DaysBeforeExpiry ?? 45;
    // 1 to 90 days: docs.aws.amazon.com/acm/latest/APIReference/API_PutAccountConfiguration.html
    if (wanted < 1 || wanted > 90) throw invalid("DaysBeforeExpiry must be between 1 and 90.");
    call.state.daysBeforeExpiry = wanted;
  },
} satisfies Operations<sdk.ACM, State>;
