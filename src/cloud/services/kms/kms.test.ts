import { constants, createHash, createPublicKey, publicEncrypt, verify } from "node:crypto";
import { KMS, type KeySpec, type SigningAlgorithmSpec } from "@aws-sdk/client-kms";
import { assert, asyncProperty, integer, nat } from "fast-check";
import { expect, test } from "vitest";
import { days, plus, seconds } from "../../../kernel/units.ts";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const start = (seed = "causeway") => {
  const cloud = new Cloud({ paranoid: true, seed });
  return { cloud, kms: clients(cloud)(KMS, { region: "eu-west-1" }) };
};
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => "no refusal",
    (error: Error) => `${error.name}: ${error.message}`,
  );
const text = (bytes?: Uint8Array) => Buffer.from(bytes ?? []).toString();
const keyId = async (kms: KMS, input: Parameters<KMS["createKey"]>[0] = {}) => (await kms.createKey(input)).KeyMetadata!.KeyId!;

test("what a key encrypts it decrypts, without being named, and only with the same encryption context", async () => {
  const { kms } = start();
  const KeyId = await keyId(kms);
  const { CiphertextBlob } = await kms.encrypt({ KeyId, Plaintext: Buffer.from("hush"), EncryptionContext: { a: "1", b: "2" } });
  expect(text((await kms.decrypt({ CiphertextBlob, EncryptionContext: { b: "2", a: "1" } })).Plaintext)).toBe("hush");
  expect(await refusal(kms.decrypt({ CiphertextBlob, EncryptionContext: { a: "1" } }))).toMatch(/^InvalidCiphertextException/);
  const other = await keyId(kms);
  expect(await refusal(kms.decrypt({ CiphertextBlob, KeyId: other, EncryptionContext: { a: "1", b: "2" } }))).toMatch(
    /^IncorrectKeyException/,
  );
  const moved = await kms.reEncrypt({ CiphertextBlob, SourceEncryptionContext: { a: "1", b: "2" }, DestinationKeyId: other });
  expect(text((await kms.decrypt({ CiphertextBlob: moved.CiphertextBlob, KeyId: other })).Plaintext)).toBe("hush");
  expect(await refusal(kms.decrypt({ CiphertextBlob: Buffer.from("nonsense") }))).toMatch(/^InvalidCiphertextException/);
  expect(await refusal(kms.encrypt({ KeyId, Plaintext: Buffer.alloc(4097) }))).toMatch(/^ValidationException/);
});

test("a changed bit anywhere in a ciphertext is found", async () => {
  const { kms } = start();
  const blob = (await kms.encrypt({ KeyId: await keyId(kms), Plaintext: Buffer.from("hush") })).CiphertextBlob!;
  await assert(
    asyncProperty(nat(blob.length - 1), integer({ min: 1, max: 255 }), async (at, change) => {
      const broken = Buffer.from(blob);
      broken[at] = broken[at]! ^ change;
      expect(await refusal(kms.decrypt({ CiphertextBlob: broken }))).toMatch(/^(InvalidCiphertextException|AccessDeniedException)/);
    }),
    { numRuns: 30 },
  );
});

const SIGNING: [KeySpec, SigningAlgorithmSpec][] = [
  ["ECC_NIST_P256", "ECDSA_SHA_256"],
  ["ECC_NIST_P384", "ECDSA_SHA_384"],
  ["ECC_NIST_P521", "ECDSA_SHA_512"],
  ["ECC_SECG_P256K1", "ECDSA_SHA_256"],
  ["RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256"],
  ["RSA_2048", "RSASSA_PSS_SHA_384"],
  ["RSA_3072", "RSASSA_PSS_SHA_512"],
];
test.each(SIGNING)("a %s key signs with %s what OpenSSL verifies with its public key", async (KeySpec, SigningAlgorithm) => {
  const { kms } = start();
  const KeyId = await keyId(kms, { KeySpec, KeyUsage: "SIGN_VERIFY" });
  const hash = `sha${SigningAlgorithm.slice(-3)}`;
  const Message = Buffer.from("to be or not to be");
  const digest = createHash(hash).update(Message).digest();
  const { Signature } = await kms.sign({ KeyId, Message: digest, MessageType: "DIGEST", SigningAlgorithm });
  const spki = createPublicKey({ key: Buffer.from((await kms.getPublicKey({ KeyId })).PublicKey!), format: "der", type: "spki" });
  const padding = SigningAlgorithm.includes("PSS") ? constants.RSA_PKCS1_PSS_PADDING : undefined;
  expect(verify(hash, Message, { key: spki, padding }, Signature!)).toBe(true);
  expect(await kms.verify({ KeyId, Message, Signature, SigningAlgorithm })).toMatchObject({ SignatureValid: true });
  expect(await refusal(kms.verify({ KeyId, Message: Buffer.from("to be"), Signature, SigningAlgorithm }))).toMatch(
    /^KMSInvalidSignatureException/,
  );
  expect(await refusal(kms.verify({ KeyId, Message, Signature: Signature!.slice(1), SigningAlgorithm }))).toMatch(
    /^KMSInvalidSignatureException/,
  );
  expect(await refusal(kms.sign({ KeyId, Message: Buffer.alloc(5), MessageType: "DIGEST", SigningAlgorithm }))).toMatch(
    /^ValidationException: Digest is invalid length/,
  );
  expect(await refusal(kms.encrypt({ KeyId, Plaintext: Message }))).toMatch(/^InvalidKeyUsageException/);
});

test("Ed25519 keys sign, RSA keys decrypt, HMAC keys authenticate, and curves agree on a secret", async () => {
  const { kms } = start();
  const Message = Buffer.from("hello");
  const edwards = await keyId(kms, { KeySpec: "ECC_NIST_EDWARDS25519", KeyUsage: "SIGN_VERIFY" });
  const { Signature } = await kms.sign({ KeyId: edwards, Message, SigningAlgorithm: "ED25519_SHA_512" });
  expect((await kms.verify({ KeyId: edwards, Message, Signature, SigningAlgorithm: "ED25519_SHA_512" })).SignatureValid).toBe(true);
  const rsa = await keyId(kms, { KeySpec: "RSA_2048", KeyUsage: "ENCRYPT_DECRYPT" });
  const { CiphertextBlob } = await kms.encrypt({ KeyId: rsa, Plaintext: Message, EncryptionAlgorithm: "RSAES_OAEP_SHA_256" });
  expect(text((await kms.decrypt({ KeyId: rsa, CiphertextBlob, EncryptionAlgorithm: "RSAES_OAEP_SHA_256" })).Plaintext)).toBe("hello");
  expect(await refusal(kms.encrypt({ KeyId: rsa, Plaintext: Message }))).toMatch(/^InvalidKeyUsageException/);
  const hmac = await keyId(kms, { KeySpec: "HMAC_384", KeyUsage: "GENERATE_VERIFY_MAC" });
  const { Mac } = await kms.generateMac({ KeyId: hmac, Message, MacAlgorithm: "HMAC_SHA_384" });
  expect((await kms.verifyMac({ KeyId: hmac, Message, Mac, MacAlgorithm: "HMAC_SHA_384" })).MacValid).toBe(true);
  expect(await refusal(kms.verifyMac({ KeyId: hmac, Message: Buffer.from("x"), Mac, MacAlgorithm: "HMAC_SHA_384" }))).toMatch(
    /^KMSInvalidMacException/,
  );
  const [one, other] = [
    await keyId(kms, { KeySpec: "ECC_NIST_P256", KeyUsage: "KEY_AGREEMENT" }),
    await keyId(kms, { KeySpec: "ECC_NIST_P256", KeyUsage: "KEY_AGREEMENT" }),
  ];
  const secret = async (KeyId: string, theirs: string) =>
    (
      await kms.deriveSharedSecret({
        KeyId,
        KeyAgreementAlgorithm: "ECDH",
        PublicKey: (await kms.getPublicKey({ KeyId: theirs })).PublicKey,
      })
    ).SharedSecret;
  expect(await secret(one, other)).toEqual(await secret(other, one));
});

test("the same run makes the same keys, ciphertexts, data keys and signatures", async () => {
  const play = async () => {
    const { cloud, kms } = start("again");
    const KeyId = await keyId(kms);
    const signing = await keyId(kms, { KeySpec: "RSA_2048", KeyUsage: "SIGN_VERIFY" });
    const sealed = await kms.encrypt({ KeyId, Plaintext: Buffer.from("x") });
    const pair = await kms.generateDataKeyPair({ KeyId, KeyPairSpec: "ECC_NIST_P384" });
    const signature = await kms.sign({ KeyId: signing, Message: Buffer.from("m"), SigningAlgorithm: "RSASSA_PSS_SHA_256" });
    return [sealed.CiphertextBlob, pair.PublicKey, pair.PrivateKeyPlaintext, signature.Signature, cloud.run.random];
  };
  expect(await play()).toEqual(await play());
});

test("data keys come in plain and encrypted, and what is asked for twice or not at all is refused", async () => {
  const { kms } = start();
  const KeyId = await keyId(kms);
  const key = await kms.generateDataKey({ KeyId, KeySpec: "AES_256" });
  expect((await kms.decrypt({ CiphertextBlob: key.CiphertextBlob })).Plaintext).toEqual(key.Plaintext);
  expect((await kms.generateDataKeyWithoutPlaintext({ KeyId, NumberOfBytes: 64 })).CiphertextBlob).toBeDefined();
  expect(await refusal(kms.generateDataKey({ KeyId }))).toMatch(/^ValidationException: Please specify either number of bytes or key spec/);
  expect(await refusal(kms.generateDataKey({ KeyId, KeySpec: "AES_128", DryRun: true }))).toMatch(/^DryRunOperationException/);
  expect((await kms.generateRandom({ NumberOfBytes: 24 })).Plaintext?.length).toBe(24);
});

test("a disabled key does nothing until it is enabled, and one that is deleted is gone after its days with its aliases", async () => {
  const { cloud, kms } = start();
  const KeyId = await keyId(kms);
  await kms.createAlias({ AliasName: "alias/mine", TargetKeyId: KeyId });
  const { CiphertextBlob } = await kms.encrypt({ KeyId: "alias/mine", Plaintext: Buffer.from("x") });
  await kms.disableKey({ KeyId });
  expect(await refusal(kms.decrypt({ CiphertextBlob }))).toMatch(
    /^DisabledException: arn:aws:kms:eu-west-1:123456789012:key\/.* is disabled\.$/,
  );
  await kms.enableKey({ KeyId });
  expect(await refusal(kms.scheduleKeyDeletion({ KeyId, PendingWindowInDays: 6 }))).toMatch(/^ValidationException/);
  const { DeletionDate } = await kms.scheduleKeyDeletion({ KeyId, PendingWindowInDays: 7 });
  expect(DeletionDate?.getTime()).toBe(plus(cloud.run.now, days(7)));
  expect(await refusal(kms.decrypt({ CiphertextBlob }))).toMatch(/^KMSInvalidStateException: .* is pending deletion\.$/);
  await kms.cancelKeyDeletion({ KeyId });
  expect((await kms.describeKey({ KeyId })).KeyMetadata).toMatchObject({ KeyState: "Disabled", Enabled: false });
  await kms.scheduleKeyDeletion({ KeyId, PendingWindowInDays: 7 });
  cloud.advance(plus(cloud.run.now, days(7)));
  expect(await refusal(kms.describeKey({ KeyId }))).toMatch(/^NotFoundException: Key 'arn:.*' does not exist$/);
  expect((await kms.listAliases({})).Aliases).toEqual([]);
  expect(await refusal(kms.decrypt({ CiphertextBlob }))).toMatch(
    /^AccessDeniedException: The ciphertext refers to a customer master key that does not exist/,
  );
});

test("a key rotates every period, keeps what it encrypted before readable, and a disabled one rotates when it is enabled", async () => {
  const { cloud, kms } = start();
  const KeyId = await keyId(kms);
  await kms.enableKeyRotation({ KeyId });
  expect(await kms.getKeyRotationStatus({ KeyId })).toMatchObject({
    KeyRotationEnabled: true,
    RotationPeriodInDays: 365,
    NextRotationDate: new Date(plus(cloud.run.now, days(365))),
  });
  const before = await kms.encrypt({ KeyId, Plaintext: Buffer.from("old") });
  const material = async () => (await kms.describeKey({ KeyId })).KeyMetadata?.CurrentKeyMaterialId;
  const first = await material();
  cloud.advance(plus(cloud.run.now, days(365)));
  expect(await material()).not.toBe(first);
  expect(text((await kms.decrypt({ CiphertextBlob: before.CiphertextBlob })).Plaintext)).toBe("old");
  await kms.disableKey({ KeyId });
  cloud.advance(plus(cloud.run.now, days(400)));
  const second = await material();
  await kms.enableKey({ KeyId });
  expect(await material()).not.toBe(second);
  await kms.rotateKeyOnDemand({ KeyId });
  expect(await refusal(kms.rotateKeyOnDemand({ KeyId }))).toMatch(/^ConflictException/);
  cloud.settle();
  expect((await kms.listKeyRotations({ KeyId })).Rotations?.map(({ RotationType }) => RotationType)).toEqual([
    "ON_DEMAND",
    "AUTOMATIC",
    "AUTOMATIC",
  ]);
  expect((await kms.listKeyRotations({ KeyId, IncludeKeyMaterial: "ALL_KEY_MATERIAL" })).Rotations?.length).toBe(4);
  await kms.disableKeyRotation({ KeyId });
  expect((await kms.getKeyRotationStatus({ KeyId })).KeyRotationEnabled).toBe(false);
  expect(
    await refusal(keyId(kms, { KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" }).then((id) => kms.enableKeyRotation({ KeyId: id }))),
  ).toMatch(/^UnsupportedOperationException/);
});

test("KMS-01 KMS-02 KMS-03 a replica shares id, material and rotation, but not policy, tags or state, and works alone", async () => {
  const { cloud, kms } = start();
  const there = clients(cloud)(KMS, { region: "eu-central-1" });
  const KeyId = await keyId(kms, { MultiRegion: true, Description: "first", Tags: [{ TagKey: "a", TagValue: "1" }] });
  expect(KeyId).toMatch(/^mrk-[0-9a-f]{32}$/);
  const { CiphertextBlob } = await kms.encrypt({ KeyId, Plaintext: Buffer.from("x") });
  expect((await kms.replicateKey({ KeyId, ReplicaRegion: "eu-central-1" })).ReplicaKeyMetadata).toMatchObject({
    KeyState: "Creating",
    KeyId,
  });
  expect(await refusal(there.decrypt({ CiphertextBlob }))).toMatch(/^KMSInvalidStateException: .* is creating\.$/);
  cloud.settle();
  expect(await refusal(kms.replicateKey({ KeyId, ReplicaRegion: "eu-central-1" }))).toMatch(/^AlreadyExistsException/);
  expect((await there.describeKey({ KeyId })).KeyMetadata).toMatchObject({
    KeyState: "Enabled",
    Description: "",
    MultiRegionConfiguration: { MultiRegionKeyType: "REPLICA", PrimaryKey: { Region: "eu-west-1" } },
  });
  expect((await there.listResourceTags({ KeyId })).Tags).toEqual([]);
  await kms.disableKey({ KeyId });
  expect(text((await there.decrypt({ CiphertextBlob })).Plaintext)).toBe("x");
  await kms.enableKey({ KeyId });
  expect(await refusal(there.enableKeyRotation({ KeyId }))).toMatch(/^UnsupportedOperationException/);
  await kms.enableKeyRotation({ KeyId, RotationPeriodInDays: 90 });
  cloud.advance(plus(cloud.run.now, days(91)));
  const after = await kms.encrypt({ KeyId, Plaintext: Buffer.from("y") });
  expect(text((await there.decrypt({ CiphertextBlob: after.CiphertextBlob })).Plaintext)).toBe("y");
  expect((await there.getKeyRotationStatus({ KeyId })).RotationPeriodInDays).toBe(90);
  await kms.updatePrimaryRegion({ KeyId, PrimaryRegion: "eu-central-1" });
  expect((await kms.describeKey({ KeyId })).KeyMetadata?.KeyState).toBe("Updating");
  cloud.advance(plus(cloud.run.now, seconds(60)));
  expect((await kms.describeKey({ KeyId })).KeyMetadata?.MultiRegionConfiguration).toMatchObject({
    MultiRegionKeyType: "REPLICA",
    PrimaryKey: { Region: "eu-central-1" },
    ReplicaKeys: [{ Region: "eu-west-1" }],
  });
  expect((await there.getKeyRotationStatus({ KeyId })).KeyRotationEnabled).toBe(true);
});

test("KMS-04 a primary that is deleted waits until its replicas are gone, and then for its own days", async () => {
  const { cloud, kms } = start();
  const there = clients(cloud)(KMS, { region: "eu-central-1" });
  const KeyId = await keyId(kms, { MultiRegion: true });
  await kms.replicateKey({ KeyId, ReplicaRegion: "eu-central-1" });
  cloud.settle();
  const { KeyState, DeletionDate } = await kms.scheduleKeyDeletion({ KeyId, PendingWindowInDays: 10 });
  expect([KeyState, DeletionDate]).toEqual(["PendingReplicaDeletion", undefined]);
  await there.scheduleKeyDeletion({ KeyId, PendingWindowInDays: 7 });
  cloud.advance(plus(cloud.run.now, days(7)));
  expect((await kms.describeKey({ KeyId })).KeyMetadata).toMatchObject({
    KeyState: "PendingDeletion",
    DeletionDate: new Date(plus(cloud.run.now, days(10))),
    MultiRegionConfiguration: { ReplicaKeys: [] },
  });
  cloud.advance(plus(cloud.run.now, days(10)));
  expect((await kms.listKeys({})).Keys).toEqual([]);
});

test("the key that AWS manages for a service appears when it is asked for, and nobody may change it or use it directly", async () => {
  const { kms } = start();
  expect(await refusal(kms.encrypt({ KeyId: "alias/aws/rds", Plaintext: Buffer.from("x") }))).toMatch(/^NotFoundException/);
  expect((await kms.listKeys({})).Keys).toEqual([]);
  const { KeyMetadata } = await kms.describeKey({ KeyId: "alias/aws/rds" });
  expect(KeyMetadata).toMatchObject({ KeyManager: "AWS", KeyState: "Enabled" });
  expect((await kms.describeKey({ KeyId: "alias/aws/rds" })).KeyMetadata?.KeyId).toBe(KeyMetadata?.KeyId);
  expect(await refusal(kms.disableKey({ KeyId: KeyMetadata!.KeyId! }))).toMatch(/^AccessDeniedException/);
  expect(await refusal(kms.encrypt({ KeyId: "alias/aws/rds", Plaintext: Buffer.from("x") }))).toMatch(/^AccessDeniedException/);
  expect(await refusal(kms.describeKey({ KeyId: "alias/aws/nothing" }))).toMatch(/^NotFoundException/);
});

test("aliases name keys, are moved between keys of one kind, and refuse what AWS refuses", async () => {
  const { kms } = start();
  const [one, other] = [await keyId(kms), await keyId(kms)];
  await kms.createAlias({ AliasName: "alias/a", TargetKeyId: one });
  expect(await refusal(kms.createAlias({ AliasName: "alias/a", TargetKeyId: one }))).toMatch(
    /^AlreadyExistsException: An alias with the name arn:aws:kms:eu-west-1:123456789012:alias\/a already exists/,
  );
  expect(await refusal(kms.createAlias({ AliasName: "alias/aws/x", TargetKeyId: one }))).toMatch(/^NotAuthorizedException/);
  expect(await refusal(kms.createAlias({ AliasName: "a", TargetKeyId: one }))).toMatch(/^ValidationException: Invalid identifier/);
  expect(await refusal(kms.createAlias({ AliasName: "alias/b", TargetKeyId: "alias/a" }))).toMatch(/Aliases must refer to keys/);
  await kms.updateAlias({ AliasName: "alias/a", TargetKeyId: other });
  expect((await kms.describeKey({ KeyId: "arn:aws:kms:eu-west-1:123456789012:alias/a" })).KeyMetadata?.KeyId).toBe(other);
  const hmac = await keyId(kms, { KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" });
  expect(await refusal(kms.updateAlias({ AliasName: "alias/a", TargetKeyId: hmac }))).toMatch(/^ValidationException/);
  expect((await kms.listAliases({ KeyId: other })).Aliases?.length).toBe(1);
  await kms.deleteAlias({ AliasName: "alias/a" });
  expect(await refusal(kms.deleteAlias({ AliasName: "alias/a" }))).toMatch(/^NotFoundException: Alias arn:.* is not found\.$/);
});

test("grants are made once a name, listed, retired and revoked", async () => {
  const { kms } = start();
  const KeyId = await keyId(kms);
  const GranteePrincipal = "arn:aws:iam::123456789012:role/app";
  const wanted = { KeyId, GranteePrincipal, RetiringPrincipal: GranteePrincipal, Operations: ["Decrypt" as const], Name: "n" };
  const made = await kms.createGrant(wanted);
  expect((await kms.createGrant(wanted)).GrantId).toBe(made.GrantId);
  expect((await kms.listGrants({ KeyId })).Grants).toMatchObject([{ GrantId: made.GrantId, Operations: ["Decrypt"] }]);
  expect((await kms.listRetirableGrants({ RetiringPrincipal: GranteePrincipal })).Grants?.length).toBe(1);
  expect(await refusal(kms.createGrant({ ...wanted, Operations: ["Sign"] }))).toMatch(/^ValidationException/);
  await kms.retireGrant({ GrantToken: made.GrantToken });
  expect(await refusal(kms.revokeGrant({ KeyId, GrantId: made.GrantId }))).toMatch(/^InvalidGrantIdException/);
});

test("policies are checked, kept and never lock their account out", async () => {
  const { kms } = start();
  const KeyId = await keyId(kms);
  const statement = { Effect: "Allow", Principal: { AWS: "arn:aws:iam::123456789012:root" }, Action: "kms:*", Resource: "*" };
  const put = (change: object) =>
    kms.putKeyPolicy({ KeyId, Policy: JSON.stringify({ Version: "2012-10-17", Statement: [{ ...statement, ...change }] }) });
  expect(JSON.parse((await kms.getKeyPolicy({ KeyId })).Policy!)).toMatchObject({ Id: "key-default-1", Statement: [statement] });
  await put({ Action: ["kms:Put*", "kms:Get*"] });
  expect((await kms.getKeyPolicy({ KeyId, PolicyName: "default" })).Policy).toContain("kms:Put*");
  expect(await refusal(put({ Action: "kms:Decrypt" }))).toMatch(
    /^MalformedPolicyDocumentException: The new key policy will not allow you to update the key policy/,
  );
  expect(await refusal(put({ Principal: undefined }))).toMatch(/^MalformedPolicyDocumentException/);
  expect(await refusal(kms.putKeyPolicy({ KeyId, Policy: "{" }))).toMatch(/^MalformedPolicyDocumentException/);
  expect((await kms.listKeyPolicies({ KeyId })).PolicyNames).toEqual(["default"]);
});

test("imported material works until it expires, and only the same material comes back", async () => {
  const { cloud, kms } = start();
  const KeyId = await keyId(kms, { Origin: "EXTERNAL" });
  expect(await refusal(kms.encrypt({ KeyId, Plaintext: Buffer.from("x") }))).toMatch(/is pending import/);
  const bring = async (material: Buffer, ValidTo: Date) => {
    const { ImportToken, PublicKey } = await kms.getParametersForImport({
      KeyId,
      WrappingAlgorithm: "RSAES_OAEP_SHA_256",
      WrappingKeySpec: "RSA_2048",
    });
    const key = createPublicKey({ key: Buffer.from(PublicKey!), format: "der", type: "spki" });
    const EncryptedKeyMaterial = publicEncrypt({ key, oaepHash: "sha256", padding: constants.RSA_PKCS1_OAEP_PADDING }, material);
    await kms.importKeyMaterial({ KeyId, ImportToken, EncryptedKeyMaterial, ValidTo, ExpirationModel: "KEY_MATERIAL_EXPIRES" });
  };
  const material = Buffer.alloc(32, 7);
  await bring(material, new Date(plus(cloud.run.now, days(1))));
  const { CiphertextBlob } = await kms.encrypt({ KeyId, Plaintext: Buffer.from("x") });
  cloud.advance(plus(cloud.run.now, days(1)));
  expect((await kms.describeKey({ KeyId })).KeyMetadata?.KeyState).toBe("PendingImport");
  expect(await refusal(bring(Buffer.alloc(32, 8), new Date(plus(cloud.run.now, days(1)))))).toMatch(/^IncorrectKeyMaterialException/);
  await bring(material, new Date(plus(cloud.run.now, days(1))));
  expect(text((await kms.decrypt({ CiphertextBlob })).Plaintext)).toBe("x");
  await kms.deleteImportedKeyMaterial({ KeyId });
  expect(await refusal(kms.decrypt({ CiphertextBlob }))).toMatch(/is pending import/);
});

test("keys, tags and rotations are listed page by page", async () => {
  const { kms } = start();
  const ids = [await keyId(kms, { Tags: [{ TagKey: "a", TagValue: "1" }] }), await keyId(kms), await keyId(kms)];
  const first = await kms.listKeys({ Limit: 2 });
  expect(first).toMatchObject({ Truncated: true, Keys: [{ KeyId: ids[0] }, { KeyId: ids[1] }] });
  expect(await kms.listKeys({ Limit: 2, Marker: first.NextMarker })).toMatchObject({ Truncated: false, Keys: [{ KeyId: ids[2] }] });
  await kms.tagResource({ KeyId: ids[0], Tags: [{ TagKey: "b", TagValue: "2" }] });
  await kms.untagResource({ KeyId: ids[0], TagKeys: ["a"] });
  expect((await kms.listResourceTags({ KeyId: ids[0] })).Tags).toEqual([{ TagKey: "b", TagValue: "2" }]);
  expect(await refusal(kms.describeKey({ KeyId: "no such thing" }))).toMatch(/^NotFoundException: Invalid keyId 'no such thing'/);
  expect(await refusal(keyId(kms, { KeySpec: "RSA_2048" }))).toMatch(/^ValidationException: You must specify a KeyUsage value/);
  expect(await refusal(keyId(kms, { KeySpec: "HMAC_256", KeyUsage: "SIGN_VERIFY" }))).toMatch(/^ValidationException/);
});
