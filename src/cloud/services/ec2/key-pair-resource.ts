/** CloudFormation's type of key pairs. What it makes of a pair's private half lies in Parameter Store. */
import { resource } from "../../service.ts";
import { findKeyPair, keyPairOperations } from "./key-pairs.ts";
import type { Here } from "./state.ts";
import { resourceTags } from "./tags.ts";

/** aws-resource-ec2-keypair.html: "/ec2/keypair/{key_pair_id}" */
const parameterOf = (id: string | undefined): string => `/ec2/keypair/${id}`;

export const keyPairResources = {
  "AWS::EC2::KeyPair": resource({
    create(call: Here, { KeyName: name, KeyType, KeyFormat, PublicKeyMaterial, Tags }, stack) {
      const KeyName = String(name);
      const TagSpecifications = [{ ResourceType: "key-pair" as const, Tags: resourceTags(Tags, stack) }];
      if (PublicKeyMaterial !== undefined) {
        keyPairOperations.ImportKeyPair(call, { KeyName, PublicKeyMaterial: Buffer.from(String(PublicKeyMaterial)), TagSpecifications });
        return KeyName;
      }
      const { KeyPairId, KeyMaterial } = keyPairOperations.CreateKeyPair(call, { KeyName, KeyType, KeyFormat, TagSpecifications });
      call.ask("ssm").PutParameter({ Name: parameterOf(KeyPairId), Value: KeyMaterial, Type: "SecureString" });
      return KeyName;
    },
    delete(call: Here, KeyName) {
      const { KeyPairId } = keyPairOperations.DeleteKeyPair(call, { KeyName });
      if (KeyPairId !== undefined) call.ask("ssm").DeleteParameters({ Names: [parameterOf(KeyPairId)] });
    },
    attributes(call: Here, KeyName) {
      const { KeyPairId, KeyFingerprint } = findKeyPair(call, KeyName);
      return { KeyPairId, KeyFingerprint };
    },
    read: (call: Here, name, properties) =>
      [...call.state.keyPairs.values()].some(({ KeyName }) => KeyName === name) ? properties : undefined,
  }),
};
