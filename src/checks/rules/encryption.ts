/** Data at rest is encrypted. Databases, file systems and queues are cdk-nag's to see (RDS2, EFS1, SQS2). */
import type { Check } from "../check.ts";
import { placeOf } from "../reach/intent.ts";
import { members, named } from "../values.ts";

export const encrypted: Check = {
  id: "RES004",
  title: "Everything that keeps data encrypts it",
  why: "Disks are replaced and copies travel between regions; encrypted, what is on them stays yours.",
  fix: "Encrypt it with the platform's key.",
  *check({ model }) {
    for (const resource of model.resources) {
      if (encrypts[resource.type]?.(resource.properties) !== false) continue;
      yield { message: `${named(resource)} is not encrypted.`, place: placeOf(resource) };
    }
  },
};

const encrypts: Record<string, (properties: Record<string, any>) => boolean> = {
  "AWS::S3::Bucket": ({ BucketEncryption }) => members(BucketEncryption?.ServerSideEncryptionConfiguration).length > 0,
  "AWS::EC2::LaunchTemplate": ({ LaunchTemplateData }) =>
    members(LaunchTemplateData?.BlockDeviceMappings).every(({ Ebs }) => Ebs === undefined || Ebs.Encrypted === true),
  "AWS::SNS::Topic": ({ KmsMasterKeyId }) => KmsMasterKeyId !== undefined,
  "AWS::Backup::BackupVault": ({ EncryptionKeyArn }) => EncryptionKeyArn !== undefined,
  "AWS::StorageGateway::NFSFileShare": ({ KMSEncrypted, EncryptionType }) => KMSEncrypted === true || /Kms/.test(String(EncryptionType)),
  // Requests that are only sent on to HTTPS carry nothing yet.
  "AWS::ElasticLoadBalancingV2::Listener": ({ Protocol, DefaultActions }) =>
    Protocol !== "HTTP" || members(DefaultActions).every(({ Type }) => Type === "redirect"),
};
