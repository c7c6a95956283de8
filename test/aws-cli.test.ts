/** AWS's own command line against the program, with nothing but the lines that it prints. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCloud, type Program } from "./running.ts";

const AWS = "/usr/bin/aws";
const run = promisify(execFile);
let program: Program;
let dir: string;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  program = await startCloud("--speed", "max");
  dir = mkdtempSync(join(tmpdir(), "causeway-cli-"));
  environment = { ...program.environment, PATH: process.env.PATH, HOME: dir, AWS_PAGER: "" };
});

afterAll(async () => {
  await program?.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function aws(command: string, ...more: string[]): Promise<any> {
  const { stdout } = await run(AWS, [...command.split(" "), ...more], { env: environment });
  try {
    return JSON.parse(stdout);
  } catch {
    return stdout.trim();
  }
}

const refused = (command: string, ...more: string[]) =>
  aws(command, ...more).then(
    () => "answered",
    (error: Error) => error.message,
  );

describe.skipIf(!existsSync(AWS)).concurrent("the AWS CLI v2 creates and reads back", () => {
  test("who it is (STS), and a refusal that it understands", async () => {
    expect(await aws("sts get-caller-identity")).toEqual({
      Account: "123456789012",
      Arn: "arn:aws:iam::123456789012:root",
      UserId: "123456789012",
    });
    expect(await refused("iam get-role --role-name nobody")).toContain("(NoSuchEntity)");
    expect(await refused("sts decode-authorization-message --encoded-message x")).toContain("(NotImplemented)");
  });

  test("a role with a policy (IAM)", async () => {
    const trust = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }],
    });
    await aws("iam create-role --role-name worker --assume-role-policy-document", trust);
    await aws("iam attach-role-policy --role-name worker --policy-arn arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore");
    const { Role } = await aws("iam get-role --role-name worker");
    expect(Role.AssumeRolePolicyDocument).toEqual(JSON.parse(trust));
    const { AttachedPolicies } = await aws("iam list-attached-role-policies --role-name worker");
    expect(AttachedPolicies).toEqual([
      { PolicyName: "AmazonSSMManagedInstanceCore", PolicyArn: "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore" },
    ]);
  });

  test("a bucket and objects, small and in parts (S3)", async () => {
    await aws("s3 mb s3://cli-objects");
    const big = Buffer.alloc(9 * 1024 * 1024, "causeway");
    writeFileSync(join(dir, "big.bin"), big);
    await aws("s3 cp", join(dir, "big.bin"), "s3://cli-objects/deep/big.bin");
    await aws("s3 cp s3://cli-objects/deep/big.bin", join(dir, "back.bin"));
    expect(readFileSync(join(dir, "back.bin")).equals(big)).toBe(true);
    const head = await aws("s3api head-object --bucket cli-objects --key deep/big.bin");
    expect(head.ETag).toMatch(/^"[0-9a-f]{32}-2"$/); // 8 MiB and 1 MiB
    expect(await aws("s3 ls s3://cli-objects/")).toBe("PRE deep/");
  });

  test("a parameter (SSM)", async () => {
    await aws("ssm put-parameter --name /shop/size --value 12 --type String");
    expect((await aws("ssm get-parameter --name /shop/size")).Parameter).toMatchObject({ Value: "12", Version: 1, Type: "String" });
    const { Parameter } = await aws("ssm get-parameter --name /aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id");
    expect(Parameter.Value).toMatch(/^ami-[0-9a-f]{17}$/);
  });

  test("a secret (Secrets Manager)", async () => {
    await aws("secretsmanager create-secret --name cli/secret --secret-string open-sesame");
    expect((await aws("secretsmanager get-secret-value --secret-id cli/secret")).SecretString).toBe("open-sesame");
  });

  test("a key that encrypts (KMS)", async () => {
    const { KeyMetadata } = await aws("kms create-key --description cli");
    writeFileSync(join(dir, "plain"), "attack at dawn");
    const { CiphertextBlob } = await aws(
      "kms encrypt --query {CiphertextBlob:CiphertextBlob} --key-id",
      KeyMetadata.KeyId,
      "--plaintext",
      `fileb://${join(dir, "plain")}`,
    );
    writeFileSync(join(dir, "cipher"), Buffer.from(CiphertextBlob, "base64"));
    const { Plaintext } = await aws("kms decrypt --ciphertext-blob", `fileb://${join(dir, "cipher")}`);
    expect(Buffer.from(Plaintext, "base64").toString()).toBe("attack at dawn");
  });

  test("a queue and a topic that feeds it (SQS, SNS)", async () => {
    const { QueueUrl } = await aws("sqs create-queue --queue-name cli --attributes VisibilityTimeout=45");
    const { Attributes } = await aws("sqs get-queue-attributes --attribute-names All --queue-url", QueueUrl);
    expect(Attributes.VisibilityTimeout).toBe("45");
    const { TopicArn } = await aws("sns create-topic --name cli");
    await aws(
      "sns subscribe --protocol sqs --attributes RawMessageDelivery=true --topic-arn",
      TopicArn,
      "--notification-endpoint",
      Attributes.QueueArn,
    );
    await aws("sns publish --message hello --topic-arn", TopicArn);
    const { Messages } = await aws("sqs receive-message --queue-url", QueueUrl);
    expect(Messages.map(({ Body }: { Body: string }) => Body)).toEqual(["hello"]);
  });

  test("a log group and its events (CloudWatch Logs)", async () => {
    await aws("logs create-log-group --log-group-name /cli");
    await aws("logs create-log-stream --log-group-name /cli --log-stream-name one");
    const { now } = (await (await fetch(`${program.endpoint}/_causeway/health`)).json()) as { now: string };
    await aws("logs put-log-events --log-group-name /cli --log-stream-name one --log-events", `timestamp=${Date.parse(now)},message=hello`);
    const { events } = await aws("logs filter-log-events --log-group-name /cli --filter-pattern hello");
    expect(events.map(({ message }: { message: string }) => message)).toEqual(["hello"]);
  });

  test("a rule (EventBridge), a quota, a certificate, tags", async () => {
    await aws("events put-rule --name nightly --schedule-expression", "cron(0 3 * * ? *)");
    expect((await aws("events describe-rule --name nightly")).State).toBe("ENABLED");
    const { Quota } = await aws("service-quotas get-service-quota --service-code vpc --quota-code L-F678F1CE");
    expect(Quota.Value).toBe(5);
    const { CertificateArn } = await aws(
      "acm request-certificate --domain-name shop.test --validation-method DNS --tags Key=team,Value=cli",
    );
    expect((await aws("acm describe-certificate --certificate-arn", CertificateArn)).Certificate.Status).toBe("ISSUED");
    const { ResourceTagMappingList } = await aws("resourcegroupstaggingapi get-resources --tag-filters Key=team,Values=cli");
    expect(ResourceTagMappingList.map(({ ResourceARN }: { ResourceARN: string }) => ResourceARN)).toEqual([CertificateArn]);
  });

  test("a network (EC2)", async () => {
    const { Vpc } = await aws(
      "ec2 create-vpc --cidr-block 10.20.0.0/16 --tag-specifications",
      "ResourceType=vpc,Tags=[{Key=Name,Value=cli}]",
    );
    const { Subnet } = await aws("ec2 create-subnet --cidr-block 10.20.1.0/24 --vpc-id", Vpc.VpcId);
    expect(Subnet.AvailableIpAddressCount).toBe(251); // 256 less the five that AWS reserves
    const { Vpcs } = await aws("ec2 describe-vpcs --filters Name=tag:Name,Values=cli");
    expect(Vpcs.map(({ VpcId }: { VpcId: string }) => VpcId)).toEqual([Vpc.VpcId]);
    expect(await refused("ec2 create-subnet --cidr-block 10.20.1.128/25 --vpc-id", Vpc.VpcId)).toContain("(InvalidSubnet.Conflict)");
  });

  test("a metric and its alarm (CloudWatch)", async () => {
    await aws("cloudwatch put-metric-data --namespace shop --metric-name orders --value 7 --unit Count");
    const alarm = "--namespace shop --metric-name orders --statistic Sum --period 60 --evaluation-periods 1 --threshold 5";
    await aws(`cloudwatch put-metric-alarm --alarm-name busy --comparison-operator GreaterThanThreshold ${alarm}`);
    const { MetricAlarms } = await aws("cloudwatch describe-alarms --alarm-names busy");
    expect(MetricAlarms).toMatchObject([{ AlarmName: "busy", Threshold: 5, EvaluationPeriods: 1 }]);
    expect((await aws("cloudwatch list-metrics --namespace shop")).Metrics).toMatchObject([{ MetricName: "orders" }]);
    expect(
      await refused(
        `cloudwatch put-metric-alarm --alarm-name bad --comparison-operator GreaterThanThreshold ${alarm} --datapoints-to-alarm 2`,
      ),
    ).toContain("(ValidationError)");
  });

  test("a machine in a cluster, a task on it, and a load balancer before it (EC2, ECS, Elastic Load Balancing)", async () => {
    const image = "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id";
    await aws("ecs create-cluster --cluster-name cli");
    const { Vpc } = await aws("ec2 create-vpc --cidr-block 10.21.0.0/16");
    const subnets = [];
    for (const [number, zone] of ["a", "b"].entries())
      subnets.push(
        (await aws(`ec2 create-subnet --cidr-block 10.21.${number}.0/24 --availability-zone eu-west-1${zone} --vpc-id`, Vpc.VpcId)).Subnet
          .SubnetId,
      );
    const { Instances } = await aws(
      `ec2 run-instances --instance-type m6i.large --image-id ${image} --subnet-id ${subnets[0]} --user-data`,
      "#!/bin/sh\necho ECS_CLUSTER=cli >> /etc/ecs/ecs.config",
    );
    await aws(`ec2 wait instance-running --instance-ids ${Instances[0].InstanceId}`);
    const containers = [{ name: "web", image: "acme/web", memory: 256, portMappings: [{ containerPort: 8080, hostPort: 8080 }] }];
    await aws("ecs register-task-definition --family web --container-definitions", JSON.stringify(containers));
    await aws("ecs create-service --cluster cli --service-name web --task-definition web --desired-count 1");
    await aws("ecs wait services-stable --cluster cli --services web");
    const { LoadBalancers } = await aws(`elbv2 create-load-balancer --name cli --subnets ${subnets.join(" ")}`);
    await aws(`elbv2 wait load-balancer-available --load-balancer-arns ${LoadBalancers[0].LoadBalancerArn}`);
    const { TargetGroups } = await aws("elbv2 create-target-group --name cli --protocol HTTP --port 8080 --vpc-id", Vpc.VpcId);
    const group = TargetGroups[0].TargetGroupArn;
    await aws(
      `elbv2 create-listener --load-balancer-arn ${LoadBalancers[0].LoadBalancerArn} --protocol HTTP --port 80 --default-actions Type=forward,TargetGroupArn=${group}`,
    );
    await aws(`elbv2 register-targets --target-group-arn ${group} --targets Id=${Instances[0].InstanceId}`);
    await aws(`elbv2 wait target-in-service --target-group-arn ${group}`);
    const { TargetHealthDescriptions } = await aws(`elbv2 describe-target-health --target-group-arn ${group}`);
    expect(TargetHealthDescriptions).toMatchObject([{ TargetHealth: { State: "healthy" } }]);
    await aws(
      "application-autoscaling register-scalable-target --service-namespace ecs --resource-id service/cli/web --scalable-dimension ecs:service:DesiredCount --min-capacity 0 --max-capacity 1",
    );
    expect((await aws("application-autoscaling describe-scalable-targets --service-namespace ecs")).ScalableTargets).toHaveLength(1);
  });

  test("a stack (CloudFormation)", async () => {
    const template = { Resources: { Queue: { Type: "AWS::SQS::Queue" } }, Outputs: { Arn: { Value: { "Fn::GetAtt": ["Queue", "Arn"] } } } };
    await aws("cloudformation create-stack --stack-name cli --template-body", JSON.stringify(template));
    await aws("cloudformation wait stack-create-complete --stack-name cli");
    const { Stacks } = await aws("cloudformation describe-stacks --stack-name cli");
    expect(Stacks[0].Outputs[0].OutputValue).toMatch(/^arn:aws:sqs:eu-west-1:123456789012:cli-Queue-/);
  });
});
