/** Importing certificates, each really parsed and checked: docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html */
import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import type * as sdk from "@aws-sdk/client-acm";
import type { Call, Operations } from "../../service.ts";
import { algorithmOf } from "./authority.ts";
import { checkCount, find, invalid, type Certificate, type State, type Timers } from "./certificate.ts";
import { serialOf, watchExpiry } from "./lifecycle.ts";
import { checkTags, tagMap } from "./tags.ts";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function parse(pem: string, what: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw invalid(`The ${what} is not PEM-encoded or is not valid.`);
  }
}

function certificates(given: Uint8Array, what: string): X509Certificate[] {
  const found = Buffer.from(given).toString("latin1").match(CERTIFICATE);
  if (!found) throw invalid(`The ${what} is not PEM-encoded or is not valid.`);
  return found.map((pem) => parse(pem, what));
}

function keyFrom(given: Uint8Array): KeyObject {
  const text = Buffer.from(given).toString("latin1");
  if (/ENCRYPTED/.test(text)) throw invalid("The private key is encrypted. You must import an unencrypted private key.");
  try {
    return createPrivateKey(text);
  } catch {
    throw invalid("The private key is not PEM-encoded or is not valid.");
  }
}

/** Each certificate of the chain issued the one before it. */
function checkChain(leaf: X509Certificate, chain: readonly X509Certificate[]): void {
  let below = leaf;
  for (const above of chain) {
    if (!below.checkIssued(above) || !below.verify(above.publicKey))
      throw invalid("Could not validate the certificate with the certificate chain.");
    below = above;
  }
}

function namesOf(certificate: X509Certificate): string[] {
  const alternatives = (certificate.subjectAltName ?? "").split(", ").flatMap((name) => (name.startsWith("DNS:") ? name.slice(4) : []));
  const common = /^CN=(.+)$/m.exec(certificate.subject)?.[1];
  return [...new Set([...(common === undefined ? [] : [common]), ...alternatives])];
}

const SIGNATURES: Record<string, string> = {
  "2a864886f70d010105": "SHA1WITHRSA",
  "2a864886f70d01010b": "SHA256WITHRSA",
  "2a864886f70d01010c": "SHA384WITHRSA",
  "2a864886f70d01010d": "SHA512WITHRSA",
  "2a8648ce3d040302": "SHA256WITHECDSA",
  "2a8648ce3d040303": "SHA384WITHECDSA",
  "2a8648ce3d040304": "SHA512WITHECDSA",
};

/** The second member of the outer sequence: RFC 5280, 4.1. Node 20 does not tell it. */
function signatureOf({ raw }: X509Certificate): string | undefined {
  const header = (at: number) => {
    const first = raw[at + 1]!;
    const count = first < 0x80 ? 0 : first & 0x7f;
    return { from: at + 2 + count, length: count === 0 ? first : raw.readUIntBE(at + 2, count) };
  };
  const body = header(header(0).from);
  const algorithm = header(body.from + body.length);
  const id = header(algorithm.from);
  return SIGNATURES[raw.subarray(id.from, id.from + id.length).toString("hex")];
}

const USAGES: Record<string, sdk.ExtendedKeyUsageName> = {
  "1.3.6.1.5.5.7.3.1": "TLS_WEB_SERVER_AUTHENTICATION",
  "1.3.6.1.5.5.7.3.2": "TLS_WEB_CLIENT_AUTHENTICATION",
  "1.3.6.1.5.5.7.3.3": "CODE_SIGNING",
  "1.3.6.1.5.5.7.3.4": "EMAIL_PROTECTION",
  "1.3.6.1.5.5.7.3.8": "TIME_STAMPING",
  "1.3.6.1.5.5.7.3.9": "OCSP_SIGNING",
};

const distinguished = (name: string | undefined): string => (name ?? "").split("\n").reverse().join(",");

function checked(
  call: Call<State, Timers>,
  input: Pick<sdk.ImportCertificateRequest, "CertificateChain"> & { Certificate: Uint8Array; PrivateKey: Uint8Array },
) {
  const [leaf, ...more] = certificates(input.Certificate, "certificate");
  if (!leaf || more.length > 0)
    throw invalid("The certificate field contains more than one certificate. You can specify only one certificate in this field.");
  const key = keyFrom(input.PrivateKey);
  const KeyAlgorithm = algorithmOf(leaf.publicKey);
  if (!KeyAlgorithm) throw invalid("The certificate's key algorithm or size is not supported.");
  if (!leaf.checkPrivateKey(key)) throw invalid("The certificate and the private key do not match.");
  if (new Date(leaf.validFrom) > call.date || new Date(leaf.validTo) <= call.date)
    throw invalid("The certificate is not valid at this time: its validity has not begun or has ended.");
  const chain =
    input.CertificateChain === undefined || input.CertificateChain.length === 0
      ? []
      : certificates(input.CertificateChain, "certificate chain");
  checkChain(leaf, chain);
  const names = namesOf(leaf);
  const facts = {
    DomainName: names[0] ?? "",
    SubjectAlternativeNames: names,
    Serial: serialOf(leaf),
    Subject: distinguished(leaf.subject),
    Issuer: /^O=(.+)$/m.exec(leaf.issuer)?.[1] ?? distinguished(leaf.issuer),
    NotBefore: new Date(leaf.validFrom),
    NotAfter: new Date(leaf.validTo),
    KeyAlgorithm,
    SignatureAlgorithm: signatureOf(leaf),
    ExtendedKeyUsages: (leaf.keyUsage ?? []).map((OID) => ({ Name: USAGES[OID] ?? "CUSTOM", OID })),
  } satisfies Partial<sdk.CertificateDetail>;
  const pem = (each: X509Certificate) => each.toString();
  return {
    facts,
    body: pem(leaf),
    chain: chain.length > 0 ? chain.map(pem).join("") : undefined,
    key: new Uint8Array(key.export({ format: "der", type: "pkcs8" })),
  };
}

export const importOperations = {
  ImportCertificate(call, input) {
    const { facts, body, chain, key } = checked(call, input);
    if (input.CertificateArn !== undefined) {
      const certificate = find(call, input.CertificateArn);
      if (certificate.detail.Type !== "IMPORTED")
        throw invalid(`Certificate ${input.CertificateArn} was not imported, so it can't be reimported.`);
      if ((input.Tags ?? []).length > 0) throw invalid("Tagging is not permitted on re-import.");
      // docs.aws.amazon.com/acm/latest/userguide/import-reimport.html
      if (facts.KeyAlgorithm !== certificate.detail.KeyAlgorithm)
        throw invalid("The key algorithm and size of an imported certificate can't be changed.");
      if (certificate.detail.DomainName !== "" && facts.DomainName === "")
        throw invalid("All domain names of an imported certificate can't be removed.");
      Object.assign(certificate, { body, chain, key });
      Object.assign(certificate.detail, facts, { Status: "ISSUED", ImportedAt: call.date });
      watchExpiry(call, certificate);
      return { CertificateArn: input.CertificateArn };
    }
    checkTags({}, input.Tags ?? []);
    checkCount(call, true);
    const CertificateArn = call.arn("acm", `certificate/${call.uuid()}`);
    const certificate: Certificate = {
      detail: {
        CertificateArn,
        ...facts,
        CreatedAt: call.date,
        ImportedAt: call.date,
        Status: "ISSUED",
        Type: "IMPORTED",
        InUseBy: [],
        RenewalEligibility: "INELIGIBLE",
        CertificateKeyPairOrigin: "CUSTOMER_PROVIDED",
      },
      tags: tagMap(input.Tags),
      body,
      chain,
      key,
      exported: false,
    };
    call.state.certificates.set(CertificateArn, certificate);
    watchExpiry(call, certificate);
    return { CertificateArn };
  },
} satisfies Operations<sdk.ACM, State, Timers>;
