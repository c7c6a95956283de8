/** A template of 150 resources, as fast as possible; then fork and snapshot of that run, and the memory that is held. */
import { ACCOUNT, Cloud, root } from "../src/cloud/cloud.ts";
import { fork } from "../src/kernel/loop.ts";
import { decode, encode } from "../src/kernel/snapshot.ts";
import { median, milliseconds, report, smoke } from "./report.ts";

type Resource = { Type: string; Properties?: object; DependsOn?: string };

/** A network of two zones, and 120 resources of the kinds that a platform has many of, which refer to each other. */
function template(): string {
  const resources: Record<string, Resource> = {
    Vpc: { Type: "AWS::EC2::VPC", Properties: { CidrBlock: "10.40.0.0/16" } },
    Gateway: { Type: "AWS::EC2::InternetGateway" },
    Attachment: { Type: "AWS::EC2::VPCGatewayAttachment", Properties: { VpcId: { Ref: "Vpc" }, InternetGatewayId: { Ref: "Gateway" } } },
    Address: { Type: "AWS::EC2::EIP", Properties: { Domain: "vpc" }, DependsOn: "Attachment" },
    Nat: {
      Type: "AWS::EC2::NatGateway",
      Properties: { SubnetId: { Ref: "Subnet0" }, AllocationId: { "Fn::GetAtt": ["Address", "AllocationId"] } },
    },
    Key: {
      Type: "AWS::KMS::Key",
      Properties: {
        KeyPolicy: {
          Version: "2012-10-17",
          Statement: [
            { Effect: "Allow", Principal: { AWS: { "Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root" } }, Action: "kms:*", Resource: "*" },
          ],
        },
      },
    },
  };
  for (let index = 0; index < 6; index++) {
    resources[`Subnet${index}`] = {
      Type: "AWS::EC2::Subnet",
      Properties: {
        VpcId: { Ref: "Vpc" },
        CidrBlock: { "Fn::Select": [index, { "Fn::Cidr": [{ "Fn::GetAtt": ["Vpc", "CidrBlock"] }, 6, 8] }] },
        AvailabilityZone: { "Fn::Select": [index % 2, { "Fn::GetAZs": "" }] },
      },
    };
    resources[`Table${index}`] = { Type: "AWS::EC2::RouteTable", Properties: { VpcId: { Ref: "Vpc" } } };
    resources[`Association${index}`] = {
      Type: "AWS::EC2::SubnetRouteTableAssociation",
      Properties: { SubnetId: { Ref: `Subnet${index}` }, RouteTableId: { Ref: `Table${index}` } },
    };
    resources[`Route${index}`] = {
      Type: "AWS::EC2::Route",
      DependsOn: "Attachment",
      Properties: {
        RouteTableId: { Ref: `Table${index}` },
        DestinationCidrBlock: "0.0.0.0/0",
        ...(index < 2 ? { GatewayId: { Ref: "Gateway" } } : { NatGatewayId: { Ref: "Nat" } }),
      },
    };
  }
  const trust = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: "ecs-tasks.amazonaws.com" }, Action: "sts:AssumeRole" }],
  };
  for (let index = 0; Object.keys(resources).length < 150; index++) {
    resources[`Queue${index}`] = { Type: "AWS::SQS::Queue", Properties: { VisibilityTimeout: 30 + index } };
    resources[`Topic${index}`] = { Type: "AWS::SNS::Topic", Properties: { DisplayName: `orders ${index}` } };
    resources[`Log${index}`] = { Type: "AWS::Logs::LogGroup", Properties: { RetentionInDays: 7 } };
    resources[`Role${index}`] = {
      Type: "AWS::IAM::Role",
      Properties: {
        AssumeRolePolicyDocument: trust,
        Policies: [
          {
            PolicyName: "own",
            PolicyDocument: {
              Version: "2012-10-17",
              Statement: [{ Effect: "Allow", Action: "sqs:SendMessage", Resource: { "Fn::GetAtt": [`Queue${index}`, "Arn"] } }],
            },
          },
        ],
      },
    };
    resources[`Group${index}`] = {
      Type: "AWS::EC2::SecurityGroup",
      Properties: {
        GroupDescription: `service ${index}`,
        VpcId: { Ref: "Vpc" },
        SecurityGroupIngress: [{ IpProtocol: "tcp", FromPort: 443, ToPort: 443, CidrIp: "10.0.0.0/8" }],
      },
    };
    resources[`Parameter${index}`] = {
      Type: "AWS::SSM::Parameter",
      Properties: { Type: "String", Value: { "Fn::Sub": `\${Topic${index}} for \${Role${index}.Arn}` } },
    };
  }
  return JSON.stringify({ Resources: resources });
}

const body = template();
const count = Object.keys(JSON.parse(body).Resources as object).length;
const region = "eu-west-1";
const principal = root(ACCOUNT);

async function deploy(): Promise<Cloud> {
  const cloud = new Cloud();
  await cloud.load("cloudformation");
  cloud.call({
    service: "cloudformation",
    operation: "CreateStack",
    region,
    principal,
    input: { StackName: "bench", TemplateBody: body, Capabilities: ["CAPABILITY_IAM"] },
  });
  cloud.settle();
  const { Stacks } = cloud.call({
    service: "cloudformation",
    operation: "DescribeStacks",
    region,
    principal,
    input: { StackName: "bench" },
  });
  if (Stacks[0].StackStatus !== "CREATE_COMPLETE") {
    const { StackEvents } = cloud.call({
      service: "cloudformation",
      operation: "DescribeStackEvents",
      region,
      principal,
      input: { StackName: "bench" },
    });
    throw new Error(
      JSON.stringify(
        StackEvents.filter(({ ResourceStatus }: { ResourceStatus: string }) => ResourceStatus.includes("FAILED")),
        null,
        2,
      ),
    );
  }
  return cloud;
}

const first = await milliseconds(deploy);
const rounds = smoke ? 1 : 10;
const times: number[] = [];
let cloud = await deploy();
for (let round = 0; round < rounds; round++) {
  times.push(
    await milliseconds(async () => {
      cloud = await deploy();
    }),
  );
}
report(`deploying ${count} resources, first in the process (with loading)`, first, "ms");
report(`deploying ${count} resources, median of ${rounds}`, median(times), "ms", "≤ 500 ms");

const forks: number[] = [];
const snapshots: number[] = [];
const loads: number[] = [];
for (let round = 0; round < rounds; round++) {
  forks.push(await milliseconds(() => fork(cloud.run)));
  let bytes: Buffer = Buffer.alloc(0);
  snapshots.push(
    await milliseconds(() => {
      bytes = encode(cloud.run);
    }),
  );
  loads.push(await milliseconds(() => decode(bytes)));
}
report("fork of that run", median(forks), "ms", "≤ 20 ms");
report("snapshot of that run, to bytes", median(snapshots), "ms", "≤ 20 ms");
report("load of that snapshot", median(loads), "ms");
report("its size", encode(cloud.run).length / 1024, "KiB");
globalThis.gc?.();
report("resident memory after it", process.memoryUsage.rss() / 1024 ** 2, "MiB", "≤ 300 MiB");
