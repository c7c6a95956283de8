import { S3 } from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

async function bucket(Bucket = "b-one") {
  const cloud = new Cloud({ paranoid: true });
  const s3 = clients(cloud)(S3, { region: "eu-west-1" });
  await s3.createBucket({ Bucket, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
  return { cloud, s3, Bucket };
}

test("an object comes back as it was put", async () => {
  const { s3, Bucket } = await bucket();
  const put = await s3.putObject({ Bucket, Key: "a/ü b+c", Body: "hello", ContentType: "text/plain", Metadata: { Colour: "red" }, Tagging: "a=1" });
  console.log(put);
  const got = await s3.getObject({ Bucket, Key: "a/ü b+c" , ChecksumMode:"ENABLED"});
  expect(await got.Body!.transformToString()).toBe("hello");
  delete got.Body;
  console.log(got);
  console.log(await s3.headObject({Bucket, Key:"nope"}).catch(e=>e));
  console.log(await s3.createMultipartUpload({Bucket, Key:"nope"}).catch(e=>e));
});
