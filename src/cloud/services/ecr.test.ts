import { ECR } from "@aws-sdk/client-ecr";
import { expect, test } from "vitest";
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
  await ecr.setRepositoryPolicy({ repositoryName: "shop/web", policyText: "{}" });
  expect((await ecr.getRepositoryPolicy({ repositoryName: "shop/web" })).policyText).toBe("{}");
  await expect(ecr.putLifecyclePolicy({ repositoryName: "shop/web", lifecyclePolicyText: "{" })).rejects.toMatchObject({
    name: "InvalidParameterException",
  });
  const resourceArn = "arn:aws:ecr:eu-west-1:123456789012:repository/shop/web";
  await ecr.tagResource({ resourceArn, tags: [{ Key: "team", Value: "web" }] });
  expect((await ecr.listTagsForResource({ resourceArn })).tags).toEqual([{ Key: "team", Value: "web" }]);
});
