import { ACM } from "@aws-sdk/client-acm";
import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { days, hours, instant, minutes, plus } from "../../kernel/units.ts";
import { clients } from "../clients.ts";
import { Cloud } from "../cloud.ts";

const start = instant("2026-03-01T10:00:00Z");
const connect = () => {
  const cloud = new Cloud({ paranoid: true, start });
  const acm = clients(cloud)(ACM);
  const request = async (DomainName: string, options: object = {}) =>
    (await acm.requestCertificate({ DomainName, ValidationMethod: "DNS", ...options })).CertificateArn!;
  const describe = async (CertificateArn: string) => (await acm.describeCertificate({ CertificateArn })).Certificate!;
  return { cloud, acm, request, describe };
};

/** An exported certificate with its plain key, as somebody would import it elsewhere. */
async function exported(KeyAlgorithm: "RSA_2048" | "EC_prime256v1" = "EC_prime256v1", DomainName = "shop.example.com") {
  const { cloud, acm, request } = connect();
  const arn = await request(DomainName, { KeyAlgorithm, Options: { Export: "ENABLED" } });
  cloud.settle();
  const {
    Certificate = "",
    CertificateChain = "",
    PrivateKey = "",
  } = await acm.exportCertificate({ CertificateArn: arn, Passphrase: Buffer.from("secret") });
  const key = createPrivateKey({ key: PrivateKey, passphrase: "secret" }).export({ type: "pkcs8", format: "pem" }).toString();
  return {
    cloud,
    acm,
    arn,
    Certificate: Buffer.from(Certificate),
    CertificateChain: Buffer.from(CertificateChain),
    PrivateKey: Buffer.from(key),
  };
}

test("a certificate is pending with the records that prove its domains, then issued for 198 days", async () => {
  const { cloud, request, describe } = connect();
  const arn = await request("example.com", { SubjectAlternativeNames: ["*.example.com", "example.org"] });
  const { Status, DomainValidationOptions = [] } = await describe(arn);
  expect(Status).toBe("PENDING_VALIDATION");
  const records = DomainValidationOptions.map(({ ResourceRecord }) => ResourceRecord!);
  expect(records[0]).toEqual({
    Name: expect.stringMatching(/^_[0-9a-f]{32}\.example\.com\.$/),
    Type: "CNAME",
    Value: expect.stringMatching(/^_[0-9a-f]{32}\.[a-z]{10}\.acm-validations\.aws\.$/),
  });
  expect(records[1]).toEqual(records[0]);
  expect(records[2]!.Name).toMatch(/\.example\.org\.$/);
  cloud.settle();
  // 1 March 00:00 and 198 days less a second: 14 September 23:59:59
  expect(await describe(arn)).toMatchObject({
    Status: "ISSUED",
    Type: "AMAZON_ISSUED",
    Issuer: "Amazon",
    RenewalEligibility: "INELIGIBLE",
    NotBefore: new Date("2026-03-01T00:00:00Z"),
    NotAfter: new Date("2026-09-14T23:59:59Z"),
    InUseBy: [],
  });
});

test.each(["RSA_2048", "EC_prime256v1", "EC_secp384r1"] as const)(
  "an issued %s certificate is real: it parses, has its names, and its chain verifies it",
  async (KeyAlgorithm) => {
    const { cloud, acm, request, describe } = connect();
    const CertificateArn = await request("example.com", { KeyAlgorithm, SubjectAlternativeNames: ["*.example.com"] });
    await expect(acm.getCertificate({ CertificateArn })).rejects.toMatchObject({ name: "RequestInProgressException" });
    cloud.settle();
    const { Certificate = "", CertificateChain = "" } = await acm.getCertificate({ CertificateArn });
    const [leaf, authority] = [new X509Certificate(Certificate), new X509Certificate(CertificateChain)];
    expect(leaf.checkHost("www.example.com")).toBe("*.example.com");
    expect(leaf.checkIssued(authority) && leaf.verify(authority.publicKey) && authority.ca && !leaf.ca).toBe(true);
    expect(new Date(leaf.validTo)).toEqual((await describe(CertificateArn)).NotAfter);
    expect((await describe(CertificateArn)).Serial!.replaceAll(":", "")).toBe(leaf.serialNumber.toLowerCase());
  },
);

test("the same seed issues the same certificate", async () => {
  const [one, other] = [await exported(), await exported()];
  expect(one.Certificate.equals(other.Certificate)).toBe(true);
});

test("a request repeated with its token within the hour is the same certificate", async () => {
  const { cloud, request } = connect();
  const first = await request("example.com", { IdempotencyToken: "once" });
  expect(await request("example.com", { IdempotencyToken: "once" })).toBe(first);
  expect(await request("example.com", { IdempotencyToken: "twice" })).not.toBe(first);
  cloud.advance(plus(start, hours(1)));
  expect(await request("example.com", { IdempotencyToken: "once" })).not.toBe(first);
});

test.each([
  ["a bad name", { DomainName: "-bad.example.com" }, "ValidationException"],
  ["a name without a dot", { DomainName: "localhost" }, "ValidationException"],
  ["a first name of more than 64 bytes", { DomainName: `${"a".repeat(60)}.example.com` }, "ValidationException"],
  ["eleven names", { SubjectAlternativeNames: Array.from({ length: 10 }, (_, at) => `s${at}.example.com`) }, "LimitExceededException"],
  ["an algorithm that public certificates lack", { KeyAlgorithm: "RSA_4096" as const }, "ValidationException"],
  ["an aws: tag", { Tags: [{ Key: "aws:x", Value: "1" }] }, "InvalidTagException"],
  ["51 tags", { Tags: Array.from({ length: 51 }, (_, at) => ({ Key: `k${at}`, Value: "" })) }, "TooManyTagsException"],
  [
    "a validation domain that is not above the name",
    { DomainValidationOptions: [{ DomainName: "example.com", ValidationDomain: "example.org" }] },
    "InvalidDomainValidationOptionsException",
  ],
  ["a private authority", { CertificateAuthorityArn: "arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority/x" }, "NotImplemented"],
])("a request with %s is refused", async (_what, input, name) => {
  const { acm } = connect();
  await expect(acm.requestCertificate({ DomainName: "example.com", ValidationMethod: "DNS", ...input })).rejects.toMatchObject({ name });
});

test("an unanswered email validation times out after 72 hours", async () => {
  const { cloud, acm, request, describe } = connect();
  const CertificateArn = await request("www.example.com", {
    ValidationMethod: "EMAIL",
    DomainValidationOptions: [{ DomainName: "www.example.com", ValidationDomain: "example.com" }],
  });
  expect((await describe(CertificateArn)).DomainValidationOptions![0]!.ValidationEmails).toContain("admin@example.com");
  await acm.resendValidationEmail({ CertificateArn, Domain: "www.example.com", ValidationDomain: "www.example.com" });
  cloud.advance(plus(start, hours(71)));
  expect((await describe(CertificateArn)).Status).toBe("PENDING_VALIDATION");
  cloud.advance(plus(start, hours(72)));
  expect((await describe(CertificateArn)).Status).toBe("VALIDATION_TIMED_OUT");
});

test("a name that no public authority certifies fails", async () => {
  const { cloud, request, describe } = connect();
  const arn = await request("nas.office.local");
  cloud.settle();
  expect(await describe(arn)).toMatchObject({ Status: "FAILED", FailureReason: "INVALID_PUBLIC_DOMAIN" });
});

test("what was exported renews by itself 45 days before its end, with its ARN and a new serial; what was not expires", async () => {
  const { cloud, acm, request, describe } = connect();
  const [kept, lost] = [
    await request("a.example.com", { Options: { Export: "ENABLED" }, KeyAlgorithm: "EC_prime256v1" }),
    await request("b.example.com", { KeyAlgorithm: "EC_prime256v1" }),
  ];
  cloud.settle();
  await acm.exportCertificate({ CertificateArn: kept, Passphrase: Buffer.from("secret") });
  const { Serial } = await describe(kept);
  // Ends on 14 September 23:59:59: due on 31 July 23:59:59, renewed a minute later for 198 days from 1 August.
  cloud.advance(instant("2026-08-01T00:00:00Z"));
  cloud.settle();
  expect(await describe(kept)).toMatchObject({
    Status: "ISSUED",
    NotAfter: new Date("2027-02-14T23:59:59Z"),
    RenewalSummary: { RenewalStatus: "SUCCESS" },
  });
  expect((await describe(kept)).Serial).not.toBe(Serial);
  cloud.advance(instant("2026-09-15T00:00:00Z"));
  expect((await describe(lost)).Status).toBe("EXPIRED");
});

test("renewal on demand needs an export first, and one at a time", async () => {
  const { cloud, acm, request } = connect();
  const CertificateArn = await request("example.com", { Options: { Export: "ENABLED" }, KeyAlgorithm: "EC_prime256v1" });
  cloud.settle();
  await expect(acm.renewCertificate({ CertificateArn })).rejects.toMatchObject({ name: "ValidationException" });
  await acm.exportCertificate({ CertificateArn, Passphrase: Buffer.from("secret") });
  await acm.renewCertificate({ CertificateArn });
  await expect(acm.renewCertificate({ CertificateArn })).rejects.toMatchObject({ name: "RequestInProgressException" });
});

test("a certificate that was not asked to be exportable keeps its key", async () => {
  const { cloud, acm, request } = connect();
  const CertificateArn = await request("example.com", { KeyAlgorithm: "EC_prime256v1" });
  cloud.settle();
  await expect(acm.exportCertificate({ CertificateArn, Passphrase: Buffer.from("secret") })).rejects.toMatchObject({
    name: "ValidationException",
  });
  await acm.updateCertificateOptions({ CertificateArn, Options: { Export: "ENABLED" } });
  await acm.exportCertificate({ CertificateArn, Passphrase: Buffer.from("secret") });
  await acm.revokeCertificate({ CertificateArn, RevocationReason: "SUPERSEDED" });
  expect(
    (await acm.listCertificates({ CertificateStatuses: ["REVOKED"], Includes: { keyTypes: ["EC_prime256v1"] } })).CertificateSummaryList,
  ).toHaveLength(1);
});

test.each(["RSA_2048", "EC_prime256v1"] as const)(
  "an imported %s certificate is parsed, described, given back, reimported",
  async (KeyAlgorithm) => {
    const { acm, cloud, Certificate, CertificateChain, PrivateKey } = await exported(KeyAlgorithm);
    const { CertificateArn } = await acm.importCertificate({
      Certificate,
      CertificateChain,
      PrivateKey,
      Tags: [{ Key: "from", Value: "elsewhere" }],
    });
    const { Certificate: detail } = await acm.describeCertificate({ CertificateArn });
    expect(detail).toMatchObject({
      Type: "IMPORTED",
      Status: "ISSUED",
      DomainName: "shop.example.com",
      KeyAlgorithm,
      SignatureAlgorithm: "SHA256WITHRSA",
      RenewalEligibility: "INELIGIBLE",
      NotAfter: new Date("2026-09-14T23:59:59Z"),
    });
    expect((await acm.getCertificate({ CertificateArn })).Certificate).toBe(Certificate.toString());
    expect((await acm.importCertificate({ CertificateArn, Certificate, CertificateChain, PrivateKey })).CertificateArn).toBe(
      CertificateArn,
    );
    await expect(acm.importCertificate({ CertificateArn, Certificate, PrivateKey, Tags: [{ Key: "a", Value: "b" }] })).rejects.toThrow(
      "Tagging is not permitted",
    );
    cloud.advance(instant("2026-09-15T00:00:00Z"));
    expect((await acm.describeCertificate({ CertificateArn })).Certificate!.Status).toBe("EXPIRED");
  },
);

test("an import whose key, chain or validity is wrong is refused", async () => {
  const { acm, cloud, Certificate, CertificateChain, PrivateKey } = await exported();
  const other = await exported("EC_prime256v1", "other.example.com");
  const refused = (input: object, message: string) =>
    expect(acm.importCertificate({ Certificate, CertificateChain, PrivateKey, ...input })).rejects.toThrow(message);
  await refused({ PrivateKey: (await exported("RSA_2048")).PrivateKey }, "do not match");
  await refused({ CertificateChain: other.Certificate }, "Could not validate the certificate with the certificate chain.");
  await refused({ Certificate: Buffer.concat([Certificate, CertificateChain]) }, "more than one certificate");
  await refused({ Certificate: Buffer.from("hello") }, "not PEM-encoded");
  await refused({ PrivateKey: Buffer.from("hello") }, "not PEM-encoded");
  cloud.advance(plus(start, days(200)));
  await refused({}, "not valid at this time");
});

test("lists show RSA unless asked, by page and status", async () => {
  const { cloud, acm, request } = connect();
  const arns = [
    await request("a.example.com"),
    await request("b.example.com"),
    await request("c.example.com", { KeyAlgorithm: "EC_prime256v1" }),
  ];
  const first = await acm.listCertificates({ MaxItems: 1 });
  const second = await acm.listCertificates({ MaxItems: 1, NextToken: first.NextToken });
  expect([first, second].map(({ CertificateSummaryList }) => CertificateSummaryList![0]!.CertificateArn)).toEqual(arns.slice(0, 2));
  expect(second.NextToken).toBeUndefined();
  expect((await acm.listCertificates({ Includes: { keyTypes: ["EC_prime256v1"] } })).CertificateSummaryList).toHaveLength(1);
  cloud.settle();
  expect((await acm.listCertificates({ CertificateStatuses: ["PENDING_VALIDATION"] })).CertificateSummaryList).toEqual([]);
});

test("tags by both families of operations, and the account's days before expiry", async () => {
  const { acm, request } = connect();
  const CertificateArn = await request("example.com", { Tags: [{ Key: "a", Value: "1" }] });
  await acm.addTagsToCertificate({ CertificateArn, Tags: [{ Key: "b", Value: "2" }] });
  await acm.removeTagsFromCertificate({ CertificateArn, Tags: [{ Key: "a", Value: "other" }, { Key: "b" }] });
  expect((await acm.listTagsForCertificate({ CertificateArn })).Tags).toEqual([{ Key: "a", Value: "1" }]);
  await acm.putAccountConfiguration({ ExpiryEvents: { DaysBeforeExpiry: 30 }, IdempotencyToken: "t" });
  expect((await acm.getAccountConfiguration({})).ExpiryEvents).toEqual({ DaysBeforeExpiry: 30 });
  await acm.deleteCertificate({ CertificateArn });
  await expect(acm.describeCertificate({ CertificateArn })).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  await expect(acm.describeCertificate({ CertificateArn: "arn:aws:iam::123456789012:user/x" })).rejects.toMatchObject({
    name: "InvalidArnException",
  });
});

test("a stack waits until its certificate is issued, and rolls back when it fails", async () => {
  const { cloud, acm } = connect();
  const cfn = clients(cloud)(CloudFormation);
  const create = async (StackName: string, DomainName: string) => {
    const Resources = {
      Certificate: {
        Type: "AWS::CertificateManager::Certificate",
        Properties: {
          DomainName,
          ValidationMethod: "DNS",
          DomainValidationOptions: [{ DomainName, HostedZoneId: "Z123" }],
          Tags: [{ Key: "own", Value: "1" }],
        },
      },
    };
    await cfn.createStack({
      StackName,
      TemplateBody: JSON.stringify({ Resources, Outputs: { Ref: { Value: { Ref: "Certificate" } } } }),
      Tags: [{ Key: "stack", Value: StackName }],
    });
    cloud.advance(plus(cloud.run.now, minutes(5)));
    return (await cfn.describeStacks({ StackName })).Stacks![0]!;
  };
  const made = await create("good", "example.com");
  expect(made.StackStatus).toBe("CREATE_COMPLETE");
  const CertificateArn = made.Outputs![0]!.OutputValue!;
  expect((await acm.listTagsForCertificate({ CertificateArn })).Tags).toEqual(
    expect.arrayContaining([
      { Key: "own", Value: "1" },
      { Key: "stack", Value: "good" },
    ]),
  );
  expect((await create("bad", "nas.local")).StackStatus).toBe("ROLLBACK_COMPLETE");
  await cfn.deleteStack({ StackName: "good" });
  cloud.settle();
  expect((await acm.listCertificates({})).CertificateSummaryList).toEqual([]);
});
