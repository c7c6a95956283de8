/** The app that test/cdk.test.ts deploys; VARIANT says which of its lives. */
import { App, CfnOutput, NestedStack, RemovalPolicy, Stack, Tags } from "aws-cdk-lib";
import * as ec2 from "aws-cdk-lib/aws-ec2";
import * as iam from "aws-cdk-lib/aws-iam";
import * as kms from "aws-cdk-lib/aws-kms";
import * as logs from "aws-cdk-lib/aws-logs";
import * as s3 from "aws-cdk-lib/aws-s3";
import * as assets from "aws-cdk-lib/aws-s3-assets";
import * as secretsmanager from "aws-cdk-lib/aws-secretsmanager";
import * as sqs from "aws-cdk-lib/aws-sqs";
import * as ssm from "aws-cdk-lib/aws-ssm";
import { fileURLToPath } from "node:url";

const variant = process.env.VARIANT ?? "first";

class Messages extends NestedStack {
  constructor(scope, id, { key }) {
    super(scope, id);
    this.queue = new sqs.Queue(this, "Orders", { encryptionMasterKey: key });
  }
}

class Shop extends Stack {
  constructor(scope, id, properties) {
    super(scope, id, properties);
    const vpc = new ec2.Vpc(this, "Network", { maxAzs: 2, natGateways: 1, restrictDefaultSecurityGroup: false });
    const group = new ec2.SecurityGroup(this, "Web", { vpc });
    group.addIngressRule(ec2.Peer.ipv4("10.0.0.0/8"), ec2.Port.tcp(443));
    const key = new kms.Key(this, "Key", { alias: "shop", enableKeyRotation: true, removalPolicy: RemovalPolicy.DESTROY });
    const bucket = new s3.Bucket(this, "Pictures", {
      encryptionKey: key,
      versioned: true,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      removalPolicy: RemovalPolicy.DESTROY,
      enforceSSL: true,
    });
    const asset = new assets.Asset(this, "Catalogue", { path: fileURLToPath(import.meta.url) });
    const role = new iam.Role(this, "Task", {
      assumedBy: new iam.ServicePrincipal("ecs-tasks.amazonaws.com"),
      description: `in its ${variant} life`,
    });
    bucket.grantRead(role);
    asset.grantRead(role);
    new secretsmanager.Secret(this, "Database", {
      generateSecretString: { secretStringTemplate: '{"username":"shop"}', generateStringKey: "password" },
    });
    new logs.LogGroup(this, "Log", { retention: logs.RetentionDays.ONE_WEEK, removalPolicy: RemovalPolicy.DESTROY });
    const { queue } = new Messages(this, "Messages", { key });
    // A parameter's name can't be changed in place: another name replaces it.
    const parameter = new ssm.StringParameter(this, "Setting", {
      parameterName: variant === "first" ? "/shop/setting" : "/shop/setting-renamed",
      stringValue: queue.queueName,
    });
    // Only the service can see that this value does not fit, and by then the role has changed.
    if (variant === "failing")
      new ssm.CfnParameter(this, "Impossible", { type: "String", value: "letters", allowedPattern: "^\\d+$" }).node.addDependency(
        role,
        parameter,
      );
    new CfnOutput(this, "VpcId", { value: vpc.vpcId });
    new CfnOutput(this, "Asset", { value: asset.s3ObjectUrl });
    Tags.of(this).add("product", "shop");
  }
}

new Shop(new App(), "Shop", { env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION } });
