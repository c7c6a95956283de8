/** Files: shares that NFS can read, a gateway where they are mounted, buckets that can be named. */
import type { Definition } from "../definition.ts";
import { names } from "../names.ts";
import { rule } from "./rule.ts";

export const noArchive = rule({
  id: "DAT010",
  // docs.aws.amazon.com/filegateway/latest/files3/storage-classes.html
  why: "Reading an archived object through NFS fails until somebody restores it, and programs take that for a broken disk.",
  fix: "leave out archive; Intelligent-Tiering's other tiers read at once",
  needs: ["files"],
  *check({ files }) {
    for (const [name, { archive }] of Object.entries(files.shares)) {
      if (archive) yield { path: ["files", "shares", name, "archive"], message: `Share ${name} would archive objects that NFS reads.` };
    }
  },
});

export const gatewayForMounts = rule({
  id: "DAT011",
  why: "The data centre's hosts mount a share from a file gateway that stands there.",
  fix: 'gateway: { address: "10.64.16.5" }',
  needs: ["services", "files"],
  *check({ services, files }) {
    if (files.gateway) return;
    for (const [name, { runsOn, files: mounts }] of Object.entries(services)) {
      if (runsOn !== "cloud" && Object.keys(mounts).length > 0) {
        yield { path: ["services", name, "files"], message: `${name} mounts a share in the data centre, but there is no file gateway.` };
      }
    }
  },
});

export const gatewayHasSite = rule({
  id: "DAT012",
  why: "A file gateway is a machine of the data centre.",
  fix: "describe the site, or leave out the gateway",
  needs: ["files", "site"],
  *check({ files, site }) {
    if (files.gateway && !site) yield { path: ["files", "gateway"], message: "There is a file gateway but no site." };
  },
});

export const bucketName = rule({
  id: "DAT013",
  // docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
  why: "Buckets are called PLATFORM-SHARE-ACCOUNT-REGION, and S3 takes 63 characters.",
  fix: "shorten the platform's or the share's name",
  needs: ["name", "regions", "files"],
  *check({ name, regions, files }: Pick<Definition, "name" | "regions" | "files">) {
    const sample = names({ name }).shareBucket;
    for (const share of Object.keys(files.shares)) {
      const longest = [regions.primary, regions.recovery]
        .flatMap((each) => (each ? [sample(share, each.region).replace(/\$\{.*?\}/, "123456789012")] : []))
        .reduce((long, each) => (each.length > long.length ? each : long));
      if (longest.length > 63)
        yield { path: ["files", "shares", share], message: `A bucket would be called ${longest}: ${longest.length} characters.` };
    }
  },
});
