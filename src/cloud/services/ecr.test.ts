import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { ECR } from "@aws-sdk/client-ecr";
import { expect, test } from "vitest";
import { days, hours, plus } from "../../kernel/units.ts";
import { clients } from "../clients.ts";
import { Cloud } from "../cloud.ts";

const manifest = (size: number) =>
  JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: { size: 100 }, layers: [{ size }] });

async function connect() {
  const ecr = clients(new Cloud({ paranoid: true }))(ECR);
  await ecr.createRepository({ repositoryName: "shop/web", imageTagMutability: "IMMUTABLE" });
  return ecr;
}

test("a repository is made, described, and refused twice or under a name that is none", async () => {
  const ecr = await connect();
  const { repositories } = await ecr.describeRepositories({ repositoryNames: ["shop/web"] });
  expect(repositories).toMatchObject([
    {
      repositoryArn: "arn:aws:ecr:eu-west-1:123456789012:repository/shop/web",
      repositoryUri: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/web",
      imageTagMutability: "IMMUTABLE",
    },
  ]);
  await expect(ecr.createRepository({ repositoryName: "shop/web" })).rejects.toMatchObject({ name: "RepositoryAlreadyExistsException" });
  await expect(ecr.createRepository({ repositoryName: "Shop" })).rejects.toMatchObject({ name: "InvalidParameterException" });
  await expect(ecr.describeRepositories({ repositoryNames: ["none"] })).rejects.toMatchObject({ name: "RepositoryNotFoundException" });
});

test("images are found by digest and tag; an immutable tag stays; a full repository goes only by force", async () => {
  const ecr = await connect();
  const { image } = await ecr.putImage({ repositoryName: "shop/web", imageManifest: manifest(1000), imageTag: "v1" });
  await expect(ecr.putImage({ repositoryName: "shop/web", imageManifest: manifest(2000), imageTag: "v1" })).rejects.toMatchObject({
    name: "ImageTagAlreadyExistsException",
  });
  const { imageDetails } = await ecr.describeImages({ repositoryName: "shop/web", imageIds: [{ imageTag: "v1" }] });
  expect(imageDetails).toMatchObject([{ imageDigest: image!.imageId!.imageDigest, imageTags: ["v1"], imageSizeInBytes: 1100 }]);
  expect((await ecr.batchGetImage({ repositoryName: "shop/web", imageIds: [{ imageTag: "v2" }] })).failures).toMatchObject([
    { failureCode: "ImageNotFound" },
  ]);
  await expect(ecr.deleteRepository({ repositoryName: "shop/web" })).rejects.toMatchObject({ name: "RepositoryNotEmptyException" });
  await ecr.batchDeleteImage({ repositoryName: "shop/web", imageIds: [{ imageTag: "v1" }] });
  await ecr.deleteRepository({ repositoryName: "shop/web" });
});

test("policies and tags are kept and taken away", async () => {
  const ecr = await connect();
  await expect(ecr.getRepositoryPolicy({ repositoryName: "shop/web" })).rejects.toMatchObject({
    name: "RepositoryPolicyNotFoundException",
  });
  const policyText = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: "*", Action: "ecr:BatchGetImage" }],
  });
  await expect(ecr.setRepositoryPolicy({ repositoryName: "shop/web", policyText: "{}" })).rejects.toMatchObject({
    name: "InvalidParameterException",
    message: "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'",
  });
  await ecr.setRepositoryPolicy({ repositoryName: "shop/web", policyText });
  expect((await ecr.getRepositoryPolicy({ repositoryName: "shop/web" })).policyText).toBe(policyText);
  await expect(ecr.putLifecyclePolicy({ repositoryName: "shop/web", lifecyclePolicyText: "{" })).rejects.toMatchObject({
    name: "InvalidParameterException",
  });
  const resourceArn = "arn:aws:ecr:eu-west-1:123456789012:repository/shop/web";
  await ecr.tagResource({ resourceArn, tags: [{ Key: "team", Value: "web" }] });
  expect((await ecr.listTagsForResource({ resourceArn })).tags).toEqual([{ Key: "team", Value: "web" }]);
});

const lifecycle = (...rules: object[]) =>
  JSON.stringify({ rules: rules.map((rule, index) => ({ rulePriority: index + 1, selection: rule, action: { type: "expire" } })) });

test("ECR-009: images go within a day of falling to a rule, each to the first rule that selects it", async () => {
  const cloud = new Cloud({ paranoid: true });
  const ecr = clients(cloud)(ECR);
  const repositoryName = "shop/web";
  await ecr.createRepository({ repositoryName });
  const tags = async () => (await ecr.listImages({ repositoryName })).imageIds!.map(({ imageTag = "-" }) => imageTag).sort();
  const push = (imageTag: string | undefined, size: number) => ecr.putImage({ repositoryName, imageManifest: manifest(size), imageTag });
  await push("release-1", 1);
  await push(undefined, 2);
  cloud.advance(plus(cloud.run.now, hours(1)));
  await push("build-1", 3);
  cloud.advance(plus(cloud.run.now, hours(1)));
  await push("build-2", 4);
  const lifecyclePolicyText = lifecycle(
    { tagStatus: "tagged", tagPrefixList: ["release-"], countType: "imageCountMoreThan", countNumber: 5 },
    { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: 3 },
    { tagStatus: "any", countType: "imageCountMoreThan", countNumber: 1 },
  );
  await ecr.putLifecyclePolicy({ repositoryName, lifecyclePolicyText });
  expect(await tags()).toEqual(["-", "build-1", "build-2", "release-1"]);
  cloud.advance(plus(cloud.run.now, hours(24)));
  // Of all images only the newest stays, but the first two rules keep theirs.
  expect(await tags()).toEqual(["-", "build-2", "release-1"]);
  cloud.advance(plus(cloud.run.now, days(3)));
  expect(await tags()).toEqual(["build-2", "release-1"]);
});

test.each([
  ["no rules", { rules: [] }],
  ["a tag status that is none", lifecycle({ tagStatus: "some", countType: "imageCountMoreThan", countNumber: 1 })],
  ["tagged without tags", lifecycle({ tagStatus: "tagged", countType: "imageCountMoreThan", countNumber: 1 })],
  ["an age without its unit", lifecycle({ tagStatus: "any", countType: "sinceImagePushed", countNumber: 1 })],
  [
    "any before others",
    lifecycle(
      { tagStatus: "any", countType: "imageCountMoreThan", countNumber: 1 },
      { tagStatus: "untagged", countType: "imageCountMoreThan", countNumber: 1 },
    ),
  ],
])("ECR-009: a lifecycle policy with %s is refused", async (_what, policy) => {
  const ecr = await connect();
  const lifecyclePolicyText = typeof policy === "string" ? policy : JSON.stringify(policy);
  await expect(ecr.putLifecyclePolicy({ repositoryName: "shop/web", lifecyclePolicyText })).rejects.toMatchObject({
    name: "InvalidParameterException",
    message: expect.stringContaining("Lifecycle policy validation failure"),
  });
});

test("a manifest list needs its images, and they stay as long as it does", async () => {
  const ecr = clients(new Cloud({ paranoid: true }))(ECR);
  const repositoryName = "multi";
  await ecr.createRepository({ repositoryName });
  const list = (digest: string) =>
    JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [{ digest }] });
  await expect(ecr.putImage({ repositoryName, imageManifest: list("sha256:none"), imageTag: "v1" })).rejects.toMatchObject({
    name: "ReferencedImagesNotFoundException",
  });
  const { image } = await ecr.putImage({ repositoryName, imageManifest: manifest(1) });
  const imageDigest = image!.imageId!.imageDigest!;
  await ecr.putImage({ repositoryName, imageManifest: list(imageDigest), imageTag: "v1" });
  const { failures } = await ecr.batchDeleteImage({ repositoryName, imageIds: [{ imageDigest }] });
  expect(failures).toMatchObject([{ failureCode: "ImageReferencedByManifestList" }]);
  await ecr.batchDeleteImage({ repositoryName, imageIds: [{ imageTag: "v1" }] });
  expect((await ecr.batchDeleteImage({ repositoryName, imageIds: [{ imageDigest }] })).imageIds).toEqual([{ imageDigest }]);
});

test("exclusions free some tags of an immutable repository; tags have limits; ECR-010: a token is good for 12 hours", async () => {
  const cloud = new Cloud({ paranoid: true });
  const ecr = clients(cloud)(ECR);
  const repositoryName = "app";
  const { repository } = await ecr.createRepository({
    repositoryName,
    imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
    imageTagMutabilityExclusionFilters: [{ filterType: "WILDCARD", filter: "latest*" }],
  });
  for (const imageTag of ["latest", "v1"]) await ecr.putImage({ repositoryName, imageManifest: manifest(1), imageTag });
  await ecr.putImage({ repositoryName, imageManifest: manifest(2), imageTag: "latest" });
  await expect(ecr.putImage({ repositoryName, imageManifest: manifest(2), imageTag: "v1" })).rejects.toMatchObject({
    name: "ImageTagAlreadyExistsException",
  });
  const tags = Array.from({ length: 51 }, (_, index) => ({ Key: `k${index}`, Value: "v" }));
  await expect(ecr.tagResource({ resourceArn: repository!.repositoryArn!, tags })).rejects.toMatchObject({ name: "TooManyTagsException" });
  const { authorizationData } = await ecr.getAuthorizationToken({});
  expect(authorizationData![0]!.expiresAt).toEqual(new Date(cloud.run.now + 43_200_000)); // 12 × 3,600 × 1,000 ms
  expect(Buffer.from(authorizationData![0]!.authorizationToken!, "base64").toString()).toMatch(/^AWS:/);
});

test("a stack makes a repository and empties it only when told", async () => {
  const cloud = new Cloud({ paranoid: true });
  const cfn = clients(cloud)(CloudFormation);
  const ecr = clients(cloud)(ECR);
  const template = (Properties: object) => ({
    StackName: "s",
    TemplateBody: JSON.stringify({
      Resources: { R: { Type: "AWS::ECR::Repository", Properties: { RepositoryName: "app", ...Properties } } },
      Outputs: { Uri: { Value: { "Fn::GetAtt": ["R", "RepositoryUri"] } } },
    }),
  });
  const stack = async () => {
    cloud.settle();
    return (await cfn.describeStacks({ StackName: "s" })).Stacks![0]!;
  };
  await cfn.createStack(template({ ImageTagMutability: "IMMUTABLE" }));
  expect((await stack()).Outputs![0]!.OutputValue).toBe("123456789012.dkr.ecr.eu-west-1.amazonaws.com/app");
  await ecr.putImage({ repositoryName: "app", imageManifest: manifest(1), imageTag: "v1" });
  await cfn.deleteStack({ StackName: "s" });
  expect((await stack()).StackStatus).toBe("DELETE_FAILED");
  await ecr.batchDeleteImage({ repositoryName: "app", imageIds: [{ imageTag: "v1" }] });
  await cfn.deleteStack({ StackName: "s" });
  cloud.settle();
  await cfn.createStack({ ...template({ EmptyOnDelete: "true", LifecyclePolicy: { LifecyclePolicyText: "{}" } }), StackName: "bad" });
  cloud.settle();
  expect((await cfn.describeStacks({ StackName: "bad" })).Stacks![0]!.StackStatus).toBe("ROLLBACK_COMPLETE");
  await cfn.createStack({ ...template({ EmptyOnDelete: "true" }), StackName: "t" });
  cloud.settle();
  await ecr.putImage({ repositoryName: "app", imageManifest: manifest(1), imageTag: "v1" });
  await cfn.deleteStack({ StackName: "t" });
  cloud.settle();
  expect((await ecr.describeRepositories({})).repositories).toEqual([]);
});
