/**
 * Parameters that AWS publishes for everybody: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html
 * The names and the form of the values are AWS's; the releases are of one moment (below), and the image ids are ours:
 * a hash of region and image name, so that they are the same in every run and differ between regions as AWS's do.
 */
import { hash } from "../../../kernel/digest.ts";
import catalogue from "../../../data/regions.json" with { type: "json" };
import type { Version } from "./parameter.ts";

export type PublicImage = {
  imageId: string;
  /** As EC2 shows it. */
  name: string;
  description: string;
  architecture: "x86_64" | "arm64";
  /** The owner's alias is `amazon` throughout. */
  ownerId: string;
  rootDeviceName: string;
  published: Date;
};
type Release = Omit<PublicImage, "imageId"> & { values: (imageId: string) => [name: string, value: string][] };

const PUBLISHED = new Date("2026-09-14T00:00:00Z");
const STAMP = "20260914";
// Plausible for that moment, checked against nothing: nobody depends on them but readers of a report.
const AL2023 = "2023.9.20260907.0";
const AL2 = "2.0.20260907.0";
const AGENT = "1.102.0";
const DOCKER = "Docker version 25.0.14";
const BOTTLEROCKET = "1.52.0-8f0c6d1e";
const ECS = "591542846629"; // owner of the ECS-optimized images: docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-optimized_AMI.html
const AMAZON = "137112412989"; // owner of Amazon Linux: docs.aws.amazon.com/linux/al2023/ug/ec2.html
const BOTTLEROCKET_OWNER = "092701018921"; // github.com/bottlerocket-os/bottlerocket/blob/develop/QUICKSTART-ECS.md, in most regions
const ARCHITECTURES = ["x86_64", "arm64"] as const;

export function publicImages(region: string): PublicImage[] {
  return releases().map(({ values: _values, ...release }) => ({ ...release, imageId: imageId(region, release.name) }));
}

const imageId = (region: string, name: string): string => `ami-0${hash([region, name]).slice(0, 16)}`;

export function publicParameter(region: string, name: string): Version | undefined {
  if (!name.startsWith("/aws/service/")) return undefined;
  for (const [each, value] of entries(region)) if (each === name) return version(each, value);
  return undefined;
}

/** All under a path, in the form that a stored parameter has. */
export function* publicParameters(region: string, path: string) {
  if (!path.startsWith("/aws")) return;
  for (const [name, value] of entries(region)) {
    if (!name.startsWith(path)) continue;
    yield {
      version: version(name, value),
      arn: `arn:aws:ssm:${region}::parameter${name}`,
      parameter: { versions: [], tags: {}, timers: [] },
    };
  }
}

const version = (name: string, value: string): Version => ({
  Name: name,
  Type: "String",
  Value: value,
  Version: 1,
  LastModifiedDate: PUBLISHED,
  LastModifiedUser: "arn:aws:iam::aws:root",
  Tier: "Standard",
  DataType: value.startsWith("ami-") ? "aws:ec2:image" : "text",
  Labels: [],
  Policies: [],
});

function* entries(region: string): Generator<[name: string, value: string]> {
  for (const { name, values } of releases()) yield* values(imageId(region, name));
  yield* infrastructure(region);
}

function releases(): Release[] {
  return [...ecsReleases(), ...amazonLinuxReleases(), ...bottlerocketReleases()];
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html */
function ecsReleases(): Release[] {
  const al2023 = (variant: string) =>
    ARCHITECTURES.map((architecture) =>
      ecs("amazon-linux-2023", `al2023-ami-ecs${variant}-hvm-2023.0.${STAMP}-kernel-6.1-${architecture}`, architecture, variant),
    );
  const al2 = (kernel: string, variant: string) =>
    ARCHITECTURES.map((architecture) =>
      ecs("amazon-linux-2", `amzn2-ami-ecs${kernel}${variant}-hvm-2.0.${STAMP}-${architecture}-ebs`, architecture, `${kernel}${variant}`),
    );
  return [
    ...al2023(""),
    al2023("-gpu")[0]!,
    al2023("-neuron")[0]!,
    ...al2("", ""),
    ...al2("-kernel-5.10", ""),
    al2("", "-gpu")[0]!,
    al2("", "-inf")[0]!,
    al2("-kernel-5.10", "-gpu")[0]!,
    al2("-kernel-5.10", "-inf")[0]!,
  ];
}

function ecs(system: "amazon-linux-2" | "amazon-linux-2023", name: string, architecture: "x86_64" | "arm64", variant: string): Release {
  const modern = system === "amazon-linux-2023";
  // `-kernel-5.10-gpu` lies under kernel-5.10/gpu, and arm64 is the last folder.
  const folders = [
    variant.includes("kernel-5.10") && "kernel-5.10",
    /-(gpu|inf|neuron)$/.exec(variant)?.[1],
    architecture === "arm64" && "arm64",
  ].filter(Boolean);
  const base = `/aws/service/ecs/optimized-ami/${[system, ...folders].join("/")}`;
  const facts = (id: string) => ({
    ecs_agent_version: AGENT,
    ecs_runtime_version: DOCKER,
    image_id: id,
    image_name: name,
    image_version: `${modern ? "2023.0" : "2.0"}.${STAMP}`,
    os: modern ? "Amazon Linux 2023" : "Amazon Linux 2",
    schema_version: 1,
    source_image_name: modern
      ? `al2023-ami-minimal-${AL2023}-kernel-6.1-${architecture}`
      : `amzn2-ami-minimal-hvm-${AL2}-${architecture}-ebs`,
  });
  return {
    name,
    architecture,
    ownerId: ECS,
    rootDeviceName: "/dev/xvda",
    published: PUBLISHED,
    description: `${modern ? "Amazon Linux AMI 2023.0" : "Amazon Linux AMI 2.0"}.${STAMP} ${architecture} ECS HVM ${modern ? "EBS" : "GP2"}`,
    values: (id) =>
      ["recommended", name].flatMap((folder): [string, string][] => [
        [`${base}/${folder}`, JSON.stringify(facts(id))],
        ...Object.entries(facts(id)).map(([fact, value]): [string, string] => [`${base}/${folder}/${fact}`, String(value)]),
      ]),
  };
}

/** https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters-ami.html */
function amazonLinuxReleases(): Release[] {
  const linux = (parameters: readonly string[], name: string, description: string, architecture: "x86_64" | "arm64"): Release => ({
    name,
    description,
    architecture,
    ownerId: AMAZON,
    rootDeviceName: "/dev/xvda",
    published: PUBLISHED,
    values: (id) => parameters.map((parameter) => [`/aws/service/ami-amazon-linux-latest/${parameter}`, id]),
  });
  return ARCHITECTURES.flatMap((architecture) => {
    const modern = ["", "-minimal"].flatMap((size) =>
      ["6.1", "6.12"].map((kernel) => {
        const parameters = [`al2023-ami${size}-kernel-${kernel}-${architecture}`];
        // AWS's default kernel is the release's first: docs.aws.amazon.com/linux/al2023/ug/kernel-update.html
        if (kernel === "6.1") parameters.push(`al2023-ami${size}-kernel-default-${architecture}`);
        return linux(
          parameters,
          `al2023-ami${size}-${AL2023}-kernel-${kernel}-${architecture}`,
          `Amazon Linux 2023 AMI ${AL2023} ${architecture} HVM kernel-${kernel}`,
          architecture,
        );
      }),
    );
    const old = ["", "-kernel-5.10"].flatMap((kernel) =>
      ["gp2", "ebs"]
        .filter((disk) => disk === "gp2" || architecture === "x86_64")
        .map((disk) =>
          linux(
            [`amzn2-ami${kernel}-hvm-${architecture}-${disk}`],
            `amzn2-ami${kernel}-hvm-${AL2}-${architecture}-${disk}`,
            `Amazon Linux 2 AMI ${AL2} ${architecture} HVM ${disk}`,
            architecture,
          ),
        ),
    );
    const minimal = linux(
      [`amzn2-ami-minimal-hvm-${architecture}-ebs`],
      `amzn2-ami-minimal-hvm-${AL2}-${architecture}-ebs`,
      `Amazon Linux 2 AMI ${AL2} ${architecture} Minimal HVM ebs`,
      architecture,
    );
    return [...modern, ...old, minimal];
  });
}

/** https://github.com/bottlerocket-os/bottlerocket/blob/develop/QUICKSTART-ECS.md#finding-an-ami */
function bottlerocketReleases(): Release[] {
  return ["aws-ecs-2", "aws-ecs-2-nvidia", "aws-ecs-2-fips"].flatMap((variant) =>
    ARCHITECTURES.map((architecture) => ({
      name: `bottlerocket-${variant}-${architecture}-v${BOTTLEROCKET}`,
      description: `bottlerocket-${variant}-${architecture}-v${BOTTLEROCKET}`,
      architecture,
      ownerId: BOTTLEROCKET_OWNER,
      rootDeviceName: "/dev/xvda",
      published: PUBLISHED,
      values: (id: string) =>
        ["latest", BOTTLEROCKET, BOTTLEROCKET.split("-")[0]!].flatMap((release): [string, string][] => [
          [`/aws/service/bottlerocket/${variant}/${architecture}/${release}/image_id`, id],
          [`/aws/service/bottlerocket/${variant}/${architecture}/${release}/image_version`, BOTTLEROCKET],
        ]),
    })),
  );
}

/** https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters-global-infrastructure.html */
function* infrastructure(region: string): Generator<[string, string]> {
  const root = "/aws/service/global-infrastructure";
  yield [`${root}/current-region`, region];
  for (const { code, name, partition, zones } of catalogue.regions) {
    yield [`${root}/regions/${code}`, code];
    yield [`${root}/regions/${code}/longName`, name];
    yield [`${root}/regions/${code}/partition`, partition];
    yield [`${root}/regions/${code}/domain`, "amazonaws.com"];
    for (const zone of zones) yield [`${root}/regions/${code}/availability-zones/${zone.id}`, zone.id];
  }
}
