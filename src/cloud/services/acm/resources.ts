/** AWS::CertificateManager::Certificate and Account. docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_CertificateManager.html */
import type * as sdk from "@aws-sdk/client-acm";
import { AwsError, resource, type Properties } from "../../service.ts";
import type { Here } from "./certificate.ts";
import { listingOperations } from "./listing.ts";
import { requestOperations } from "./requests.ts";
import { checkTags } from "./tags.ts";

const own = ({ Tags = [] }: Properties): Record<string, string> =>
  Object.fromEntries(Tags.map(({ Key, Value }: { Key: string; Value: unknown }) => [Key, String(Value)]));
const tagsOf = (properties: Properties): sdk.Tag[] => Object.entries(own(properties)).map(([Key, Value]) => ({ Key, Value }));

export const resources = {
  "AWS::CertificateManager::Certificate": resource({
    create(call: Here, properties, stack) {
      const {
        DomainName,
        SubjectAlternativeNames,
        ValidationMethod,
        DomainValidationOptions = [],
        KeyAlgorithm,
        CertificateAuthorityArn,
      } = properties;
      const { CertificateArn } = requestOperations.RequestCertificate(call, {
        DomainName,
        SubjectAlternativeNames,
        ValidationMethod,
        KeyAlgorithm,
        CertificateAuthorityArn,
        // An option with a HostedZoneId has CloudFormation write the DNS record, which nothing here looks for.
        DomainValidationOptions: DomainValidationOptions.filter(({ ValidationDomain }: Properties) => ValidationDomain !== undefined),
        Options: {
          CertificateTransparencyLoggingPreference: properties.CertificateTransparencyLoggingPreference,
          Export: properties.CertificateExport,
        },
        Tags: tagsOf(properties),
      });
      Object.assign(call.state.certificates.get(CertificateArn)!.tags, stack.tags, own(properties));
      return CertificateArn;
    },
    settled(call: Here, id) {
      const detail = call.state.certificates.get(id)?.detail;
      if (detail?.Status === "PENDING_VALIDATION") return false;
      if (detail?.Status !== "ISSUED")
        throw new AwsError(
          "NotStabilized",
          `Certificate ${id} has not been issued: ${detail?.FailureReason ?? detail?.Status ?? "it is gone"}.`,
          400,
        );
      return true;
    },
    update(call: Here, id, properties, previous, stack) {
      const certificate = call.state.certificates.get(id);
      if (!certificate) throw new AwsError("NotFound", `Certificate ${id} does not exist`, 404);
      checkTags({}, tagsOf(properties));
      const { CertificateTransparencyLoggingPreference, CertificateExport } = properties;
      if (
        CertificateTransparencyLoggingPreference !== previous.CertificateTransparencyLoggingPreference ||
        CertificateExport !== previous.CertificateExport
      ) {
        requestOperations.UpdateCertificateOptions(call, {
          CertificateArn: id,
          Options: {
            CertificateTransparencyLoggingPreference: CertificateTransparencyLoggingPreference ?? "ENABLED",
            Export: CertificateExport ?? "DISABLED",
          },
        });
      }
      for (const key of Object.keys(own(previous))) delete certificate.tags[key];
      Object.assign(certificate.tags, stack.tags, own(properties));
    },
    delete(call: Here, id) {
      if (call.state.certificates.has(id)) listingOperations.DeleteCertificate(call, { CertificateArn: id });
    },
    read(call: Here, id) {
      const detail = call.state.certificates.get(id)?.detail;
      return (
        detail && {
          DomainName: detail.DomainName,
          KeyAlgorithm: detail.KeyAlgorithm,
          CertificateTransparencyLoggingPreference: detail.Options?.CertificateTransparencyLoggingPreference,
          CertificateExport: detail.Options?.Export,
        }
      );
    },
  }),
  "AWS::CertificateManager::Account": resource({
    create(call: Here, { ExpiryEventsConfiguration }) {
      putAccount(call, ExpiryEventsConfiguration?.DaysBeforeExpiry);
      return call.account;
    },
    update: (call: Here, _id, { ExpiryEventsConfiguration }) => putAccount(call, ExpiryEventsConfiguration?.DaysBeforeExpiry),
    delete: (call: Here) => putAccount(call, undefined),
    attributes: (call) => ({ AccountId: call.account }),
    read: (call: Here) => ({ ExpiryEventsConfiguration: { DaysBeforeExpiry: call.state.daysBeforeExpiry } }),
  }),
};

function putAccount(call: Here, days: unknown): void {
  listingOperations.PutAccountConfiguration(call, {
    ExpiryEvents: { DaysBeforeExpiry: days === undefined ? undefined : Number(days) },
    IdempotencyToken: "cloudformation",
  });
}
