/** What ACM keeps: certificates and their keys; and how each is found. */
import type * as sdk from "@aws-sdk/client-acm";
import { AwsError, type Call, type Known } from "../../service.ts";

export type Detail = Known<
  sdk.CertificateDetail,
  "CertificateArn" | "DomainName" | "SubjectAlternativeNames" | "Status" | "Type" | "KeyAlgorithm" | "CreatedAt" | "InUseBy"
>;

export type Certificate = {
  detail: Detail;
  tags: Record<string, string>;
  /** PEM; absent until it is issued. */
  body?: string;
  chain?: string;
  /** PKCS #8. */
  key?: Uint8Array;
  /** Since it was issued or renewed. */
  exported: boolean;
};

export const state = () => ({
  certificates: new Map<string, Certificate>(),
  /** By idempotency token. */
  requests: new Map<string, { arn: string; at: number }>(),
  daysBeforeExpiry: 45, // docs.aws.amazon.com/acm/latest/APIReference/API_ExpiryEventsConfiguration.html
  /** The key of the authority, PKCS #8, once it has issued something. */
  authority: undefined as Uint8Array | undefined,
});
export type State = ReturnType<typeof state>;

export type Timers = {
  /** The domains were looked at; `serial` tells which issuance is meant. */
  validated: { arn: string };
  validationEnded: { arn: string };
  renewalDue: { arn: string; serial: string };
  renewed: { arn: string; serial: string };
  expired: { arn: string; serial: string };
};
export type Here = Call<State, Timers>;

export const invalid = (message: string) => new AwsError("ValidationException", message, 400);

export function find(call: Here, arn: string): Certificate {
  if (!/^arn:[^:]+:acm:[^:]*:\d{12}:certificate\/[\w-]+$/.test(arn))
    throw new AwsError("InvalidArnException", `${arn} is not a valid certificate ARN.`, 400);
  const certificate = call.state.certificates.get(arn);
  if (!certificate) throw new AwsError("ResourceNotFoundException", `Could not find certificate ${arn}.`, 400);
  return certificate;
}

/** A certificate's body, for those who ask before or after there is one. */
export function issuedBody({ detail, body }: Certificate): string {
  if (body !== undefined) return body;
  if (detail.Status === "PENDING_VALIDATION")
    throw new AwsError("RequestInProgressException", `Certificate ${detail.CertificateArn} is in PENDING_VALIDATION status.`, 400);
  throw new AwsError(
    "ResourceNotFoundException",
    `Could not find a certificate body for ${detail.CertificateArn}: its status is ${detail.Status}.`,
    400,
  );
}

// Each counts to 2,500 of its own, expired and revoked ones too: docs.aws.amazon.com/acm/latest/userguide/acm-limits.html
const CERTIFICATES_MAX = 2500;

export function checkCount(call: Here, imported: boolean): void {
  const count = [...call.state.certificates.values()].filter(({ detail }) => (detail.Type === "IMPORTED") === imported).length;
  if (count >= CERTIFICATES_MAX)
    throw new AwsError(
      "LimitExceededException",
      `Error: you have reached your limit of ${CERTIFICATES_MAX} ${imported ? "imported " : ""}certificates.`,
      400,
    );
}

/** Whether ACM would renew it by itself: docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html */
export function renewable({ detail, exported }: Certificate): boolean {
  return detail.Type === "AMAZON_ISSUED" && detail.Status === "ISSUED" && (exported || detail.InUseBy.length > 0);
}

export const notEmulated = (what: string) => new AwsError("NotImplemented", `Causeway does not emulate ${what}.`, 501);
