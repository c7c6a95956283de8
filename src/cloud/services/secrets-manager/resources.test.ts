import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { SecretsManager } from "@aws-sdk/client-secrets-manager";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const start = () => {
  const cloud = new Cloud({ paranoid: true });
  const cfn = clients(cloud)(CloudFormation, { region: "eu-west-1" });
  const put = async (Resources: object, again = false) => {
    const asked = {
      StackName: "app",
      TemplateBody: JSON.stringify({
        Resources,
        Outputs: { Secret: { Value: { Ref: "Secret" } }, Id: { Value: { "Fn::GetAtt": ["Secret", "Id"] } } },
      }),
    };
    await (again ? cfn.updateStack(asked) : cfn.createStack(asked));
    cloud.settle();
    const [stack] = (await cfn.describeStacks({ StackName: "app" })).Stacks!;
    return {
      status: stack?.StackStatus,
      outputs: Object.fromEntries((stack?.Outputs ?? []).map((output) => [output.OutputKey, output.OutputValue])),
    };
  };
  const secrets = (region = "eu-west-1") => clients(cloud)(SecretsManager, { region });
  return { cloud, cfn, put, secrets };
};
const secret = (Properties: object) => ({ Type: "AWS::SecretsManager::Secret", Properties });
const generate = {
  SecretStringTemplate: '{"username":"admin"}',
  GenerateStringKey: "password",
  PasswordLength: 20,
  ExcludePunctuation: true,
};

test("a stack makes a secret with a password of its own, keeps it over updates, replicates it, and deletes it at once", async () => {
  const { cloud, cfn, put, secrets } = start();
  const made = await put({
    Secret: secret({
      Name: "db",
      GenerateSecretString: generate,
      ReplicaRegions: [{ Region: "eu-central-1" }],
      Tags: [{ Key: "a", Value: "1" }],
    }),
  });
  expect(made).toMatchObject({
    status: "CREATE_COMPLETE",
    outputs: { Id: made.outputs.Secret, Secret: expect.stringMatching(/secret:db-[A-Za-z0-9]{6}$/) },
  });
  const value = async (region?: string) => JSON.parse((await secrets(region).getSecretValue({ SecretId: "db" })).SecretString!);
  const first = await value();
  expect(first).toMatchObject({ username: "admin", password: expect.stringMatching(/^[A-Za-z0-9]{20}$/) });
  expect(await value("eu-central-1")).toEqual(first);
  expect((await put({ Secret: secret({ Name: "db", Description: "d", GenerateSecretString: generate }) }, true)).status).toBe(
    "UPDATE_COMPLETE",
  );
  expect(await value()).toEqual(first);
  await expect(value("eu-central-1")).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  await cfn.deleteStack({ StackName: "app" });
  cloud.settle();
  expect((await secrets().listSecrets({ IncludePlannedDeletion: true })).SecretList).toEqual([]);
});

test("a policy comes and goes with its resource, and a rotation schedule without a function rolls the stack back", async () => {
  const { put, secrets } = start();
  const policy = { Version: "2012-10-17", Statement: [{ Effect: "Deny", Principal: "*", Action: "secretsmanager:*", Resource: "*" }] };
  const attached = { Type: "AWS::SecretsManager::ResourcePolicy", Properties: { SecretId: { Ref: "Secret" }, ResourcePolicy: policy } };
  const made = await put({ Secret: secret({ SecretString: "x" }), Policy: attached });
  expect(made.outputs.Secret).toMatch(/secret:Secret-[A-Z0-9]{12}-[A-Za-z0-9]{6}$/);
  expect((await secrets().getResourcePolicy({ SecretId: made.outputs.Secret! })).ResourcePolicy).toContain("Deny");
  const rotation = {
    Type: "AWS::SecretsManager::RotationSchedule",
    Properties: {
      SecretId: { Ref: "Secret" },
      RotationLambdaARN: "arn:aws:lambda:eu-west-1:123456789012:function:f",
      RotationRules: { AutomaticallyAfterDays: 30 },
    },
  };
  expect((await put({ Secret: secret({ SecretString: "x" }), Rotation: rotation }, true)).status).toBe("UPDATE_ROLLBACK_COMPLETE");
});

test("a secret can't be attached to a target that nothing emulates", async () => {
  const { put } = start();
  const attachment = {
    Type: "AWS::SecretsManager::SecretTargetAttachment",
    Properties: { SecretId: { Ref: "Secret" }, TargetId: "db", TargetType: "AWS::Redshift::Cluster" },
  };
  expect((await put({ Secret: secret({ SecretString: "{}" }), Attachment: attachment })).status).toBe("ROLLBACK_COMPLETE");
});
