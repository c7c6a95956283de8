/** Load balancers as templates: what the reference platform's front is made of. */
import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { expect, test } from "vitest";
import { named, stage } from "./stage.ts";

const attributes = (values: Record<string, unknown>) => Object.entries(values).map(([Key, value]) => ({ Key, Value: String(value) }));
const iam = (name: string) => `arn:aws:iam::123456789012:server-certificate/${name}`;
const forward = { Type: "forward", TargetGroupArn: { Ref: "Web" } };

async function platform() {
  const { cloud, at, elb, subnets, VpcId, ec2 } = await stage({ machines: 0 });
  const cfn = at(CloudFormation);
  const { GroupId } = await ec2.createSecurityGroup({ GroupName: "balancer", Description: "b", VpcId });
  const resources = ({ path = "/health", priority = 10, idle = 60 } = {}): Record<
    string,
    { Type: string; Properties: object; DependsOn?: string }
  > => ({
    Front: {
      Type: "AWS::ElasticLoadBalancingV2::LoadBalancer",
      Properties: {
        Name: "shop-internal",
        Type: "application",
        Scheme: "internal",
        Subnets: subnets,
        SecurityGroups: [GroupId],
        LoadBalancerAttributes: attributes({
          "access_logs.s3.enabled": true,
          "access_logs.s3.bucket": "logs",
          "access_logs.s3.prefix": "balancer",
          "idle_timeout.timeout_seconds": idle,
          "routing.http.drop_invalid_header_fields.enabled": true,
          "zonal_shift.config.enabled": true,
        }),
      },
    },
    Web: {
      Type: "AWS::ElasticLoadBalancingV2::TargetGroup",
      Properties: {
        TargetType: "instance",
        Protocol: "HTTP",
        Port: "8080",
        VpcId,
        HealthCheckPath: path,
        HealthCheckPort: "traffic-port",
        HealthCheckIntervalSeconds: 10,
        HealthCheckTimeoutSeconds: 5,
        HealthyThresholdCount: 2,
        UnhealthyThresholdCount: 3,
        Matcher: { HttpCode: "200-299" },
        TargetGroupAttributes: attributes({
          "deregistration_delay.timeout_seconds": 30,
          "load_balancing.algorithm.type": "least_outstanding_requests",
          "stickiness.enabled": false,
        }),
      },
    },
    Https: {
      Type: "AWS::ElasticLoadBalancingV2::Listener",
      Properties: {
        LoadBalancerArn: { Ref: "Front" },
        Port: 443,
        Protocol: "HTTPS",
        Certificates: [{ CertificateArn: iam("shop") }],
        SslPolicy: "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
        DefaultActions: [
          { Type: "fixed-response", FixedResponseConfig: { StatusCode: 404, ContentType: "text/plain", MessageBody: "Nothing.\n" } },
        ],
      },
    },
    Http: {
      Type: "AWS::ElasticLoadBalancingV2::Listener",
      Properties: {
        LoadBalancerArn: { Ref: "Front" },
        Port: 80,
        Protocol: "HTTP",
        DefaultActions: [{ Type: "redirect", RedirectConfig: { Protocol: "HTTPS", Port: 443, StatusCode: "HTTP_301" } }],
      },
    },
    More: {
      Type: "AWS::ElasticLoadBalancingV2::ListenerCertificate",
      Properties: { ListenerArn: { Ref: "Https" }, Certificates: [{ CertificateArn: iam("more") }] },
    },
    Rule: {
      Type: "AWS::ElasticLoadBalancingV2::ListenerRule",
      Properties: {
        ListenerArn: { Ref: "Https" },
        Priority: priority,
        Conditions: [{ Field: "path-pattern", PathPatternConfig: { Values: ["/api/*"] } }],
        Actions: [forward],
      },
    },
    Outer: {
      Type: "AWS::ElasticLoadBalancingV2::LoadBalancer",
      Properties: {
        Type: "network",
        Scheme: "internal",
        SubnetMappings: [{ SubnetId: subnets[0], PrivateIPv4Address: "10.20.0.77" }],
        LoadBalancerAttributes: attributes({ "load_balancing.cross_zone.enabled": true }),
      },
    },
    OuterGroup: {
      Type: "AWS::ElasticLoadBalancingV2::TargetGroup",
      DependsOn: "Http",
      Properties: {
        TargetType: "alb",
        Protocol: "TCP",
        Port: 80,
        VpcId,
        Targets: [{ Id: { Ref: "Front" }, Port: 80 }],
        HealthCheckProtocol: "HTTP",
        HealthCheckPath: "/",
        Matcher: { HttpCode: "200-499" },
      },
    },
    OuterListener: {
      Type: "AWS::ElasticLoadBalancingV2::Listener",
      Properties: {
        LoadBalancerArn: { Ref: "Outer" },
        Port: 80,
        Protocol: "TCP",
        DefaultActions: [{ Type: "forward", TargetGroupArn: { Ref: "OuterGroup" } }],
      },
    },
  });
  const got = (of: string, attribute: string) => ({ Value: { "Fn::GetAtt": [of, attribute] } });
  const Outputs = {
    Arn: { Value: { Ref: "Front" } },
    DnsName: got("Front", "DNSName"),
    Zone: got("Front", "CanonicalHostedZoneID"),
    FullName: got("Front", "LoadBalancerFullName"),
    Group: { Value: { Ref: "Web" } },
    GroupFullName: got("Web", "TargetGroupFullName"),
    Rule: { Value: { Ref: "Rule" } },
    Listener: { Value: { Ref: "Https" } },
    OuterGroup: { Value: { Ref: "OuterGroup" } },
  };
  const deploy = async (verb: "createStack" | "updateStack", Resources: object) => {
    const TemplateBody = JSON.stringify({ Resources, Outputs });
    const request = { StackName: "front", TemplateBody, Tags: [{ Key: "team", Value: "shop" }] };
    await (verb === "createStack" ? cfn.createStack(request) : cfn.updateStack(request));
    cloud.settle();
    const { StackStatus, Outputs: outputs = [], StackStatusReason } = (await cfn.describeStacks({ StackName: "front" })).Stacks![0]!;
    expect([StackStatus, StackStatusReason]).toEqual([verb === "createStack" ? "CREATE_COMPLETE" : "UPDATE_COMPLETE", undefined]);
    return Object.fromEntries(outputs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue])) as Record<string, string>;
  };
  return { cloud, cfn, elb, resources, deploy };
}

test("the platform's front deploys from a template, is as it says, and changes in place", async () => {
  const { cloud, cfn, elb, resources, deploy } = await platform();
  const made = await deploy("createStack", resources());
  const { LoadBalancers } = await elb.describeLoadBalancers({ LoadBalancerArns: [made.Arn!] });
  expect(LoadBalancers![0]).toMatchObject({ LoadBalancerName: "shop-internal", DNSName: made.DnsName, State: { Code: "active" } });
  expect([made.Zone, made.FullName, made.GroupFullName]).toEqual(["Z32O12XQLNTSW2", named(made.Arn!), named(made.Group!)]);
  const { TagDescriptions } = await elb.describeTags({ ResourceArns: [made.Arn!, made.Rule!] });
  for (const { Tags } of TagDescriptions!) expect(Tags).toContainEqual({ Key: "team", Value: "shop" });
  const { Certificates } = await elb.describeListenerCertificates({ ListenerArn: made.Listener });
  expect(Certificates?.map(({ CertificateArn }) => CertificateArn)).toEqual([iam("shop"), iam("more")]);
  // The inner load balancer answers with a redirect, which the outer one takes for well.
  const { TargetHealthDescriptions } = await elb.describeTargetHealth({ TargetGroupArn: made.OuterGroup });
  expect(TargetHealthDescriptions?.map(({ TargetHealth }) => TargetHealth?.State)).toEqual(["healthy"]);
  const drift = async () => {
    const { StackDriftDetectionId } = await cfn.detectStackDrift({ StackName: "front" });
    cloud.settle();
    const { StackDriftStatus } = await cfn.describeStackDriftDetectionStatus({ StackDriftDetectionId });
    const { StackResourceDrifts = [] } = await cfn.describeStackResourceDrifts({
      StackName: "front",
      StackResourceDriftStatusFilters: ["MODIFIED"],
    });
    return [
      StackDriftStatus,
      ...StackResourceDrifts.flatMap(({ PropertyDifferences = [] }) => PropertyDifferences.map(({ PropertyPath }) => PropertyPath)),
    ];
  };
  expect(await drift()).toEqual(["IN_SYNC"]);
  const changed = await deploy("updateStack", resources({ path: "/ready", priority: 20, idle: 120 }));
  expect(changed).toEqual(made); // all in place
  const { Rules } = await elb.describeRules({ RuleArns: [made.Rule!] });
  expect(Rules?.[0]?.Priority).toBe("20");
  await elb.modifyTargetGroup({ TargetGroupArn: made.Group, HealthCheckPath: "/by-hand" });
  expect(await drift()).toEqual(["DRIFTED", "/HealthCheckPath"]);
  await cfn.deleteStack({ StackName: "front" });
  cloud.settle();
  expect((await elb.describeLoadBalancers({})).LoadBalancers).toEqual([]);
  expect((await elb.describeTargetGroups({})).TargetGroups).toEqual([]);
});

test("a property that is not carried out is refused by name", async () => {
  const { cfn, cloud, resources } = await platform();
  const { Front } = resources();
  const TemplateBody = JSON.stringify({
    Resources: { Front: { ...Front, Properties: { ...Front!.Properties, MinimumLoadBalancerCapacity: { CapacityUnits: 100 } } } },
  });
  await cfn.createStack({ StackName: "front", TemplateBody });
  cloud.settle();
  const { StackEvents = [] } = await cfn.describeStackEvents({ StackName: "front" });
  expect(StackEvents.some(({ ResourceStatusReason }) => ResourceStatusReason?.includes("MinimumLoadBalancerCapacity"))).toBe(true);
});
