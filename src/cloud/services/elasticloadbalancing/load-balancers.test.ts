/** The API as its clients meet it. */
import { ACM } from "@aws-sdk/client-acm";
import { ResourceGroupsTaggingAPI } from "@aws-sdk/client-resource-groups-tagging-api";
import { expect, test } from "vitest";
import { minutes, stage } from "./stage.ts";

const refused = (name: string) => ({ name });

test("ALB-016 ALB-017 a load balancer stands in two zones or more, with an interface of its own in each, and is active after two minutes", async () => {
  const { elb, ec2, subnets, zones, after, VpcId } = await stage({ machines: 0 });
  await expect(elb.createLoadBalancer({ Name: "one", Subnets: [subnets[0]!] })).rejects.toMatchObject(refused("ValidationError"));
  const { LoadBalancers } = await elb.createLoadBalancer({ Name: "front", Subnets: subnets });
  const made = LoadBalancers![0]!;
  expect(made).toMatchObject({
    Type: "application",
    Scheme: "internet-facing",
    VpcId,
    State: { Code: "provisioning" },
    IpAddressType: "ipv4",
  });
  expect(made.LoadBalancerArn).toMatch(/^arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer\/app\/front\/[0-9a-f]{16}$/);
  expect(made.DNSName).toMatch(/^front-\d{9,10}\.eu-west-1\.elb\.amazonaws\.com$/);
  expect(made.CanonicalHostedZoneId).toBe("Z32O12XQLNTSW2");
  expect(made.AvailabilityZones?.map(({ ZoneName }) => ZoneName)).toEqual(zones);
  const interfaces = async () =>
    (await ec2.describeNetworkInterfaces({ Filters: [{ Name: "description", Values: ["ELB app/front/*"] }] })).NetworkInterfaces ?? [];
  const own = await interfaces();
  expect(own.map(({ SubnetId, RequesterManaged, Status }) => [SubnetId, RequesterManaged, Status])).toEqual(
    subnets.map((subnet) => [subnet, true, "in-use"]),
  );
  expect(own.every(({ Association }) => Association?.PublicIp !== undefined)).toBe(true);
  after(minutes(2));
  const { LoadBalancers: later } = await elb.describeLoadBalancers({ Names: ["front"] });
  expect(later![0]!.State).toEqual({ Code: "active" });
  // The same wish again is answered with what is there, another one of that name is refused.
  const again = await elb.createLoadBalancer({ Name: "front", Subnets: subnets });
  expect(again.LoadBalancers![0]!.LoadBalancerArn).toBe(made.LoadBalancerArn);
  const other = elb.createLoadBalancer({ Name: "front", Subnets: subnets, Scheme: "internal" });
  await expect(other).rejects.toMatchObject(refused("DuplicateLoadBalancerNameException"));
  await elb.deleteLoadBalancer({ LoadBalancerArn: made.LoadBalancerArn });
  await elb.deleteLoadBalancer({ LoadBalancerArn: made.LoadBalancerArn });
  expect(await interfaces()).toEqual([]);
  await expect(elb.describeLoadBalancers({ Names: ["front"] })).rejects.toMatchObject(refused("LoadBalancerNotFoundException"));
});

test("ALB-019 attributes have AWS's defaults and bounds; deletion protection protects", async () => {
  const { elb, subnets } = await stage({ machines: 0 });
  const { LoadBalancers } = await elb.createLoadBalancer({ Name: "front", Subnets: subnets, Scheme: "internal" });
  const LoadBalancerArn = LoadBalancers![0]!.LoadBalancerArn!;
  const { Attributes = [] } = await elb.describeLoadBalancerAttributes({ LoadBalancerArn });
  expect(Object.fromEntries(Attributes.map(({ Key, Value }) => [Key, Value]))).toMatchObject({
    "idle_timeout.timeout_seconds": "60",
    "client_keep_alive.seconds": "3600",
    "load_balancing.cross_zone.enabled": "true",
    "ipv6.deny_all_igw_traffic": "true",
    "routing.http2.enabled": "true",
    "zonal_shift.config.enabled": "false",
  });
  const set = (Key: string, Value: string) => elb.modifyLoadBalancerAttributes({ LoadBalancerArn, Attributes: [{ Key, Value }] });
  await expect(set("idle_timeout.timeout_seconds", "4001")).rejects.toMatchObject(refused("ValidationError"));
  await expect(set("client_keep_alive.seconds", "59")).rejects.toMatchObject(refused("ValidationError"));
  await expect(set("nothing", "1")).rejects.toThrow("Load balancer attribute key 'nothing' is not recognized");
  await expect(set("access_logs.s3.enabled", "true")).rejects.toMatchObject(refused("InvalidConfigurationRequestException"));
  await expect(set("load_balancing.cross_zone.enabled", "false")).rejects.toMatchObject(refused("InvalidConfigurationRequestException"));
  await set("deletion_protection.enabled", "true");
  await expect(elb.deleteLoadBalancer({ LoadBalancerArn })).rejects.toMatchObject(refused("OperationNotPermittedException"));
});

test("a Network Load Balancer has its elastic addresses, which are free again when it is gone", async () => {
  const { elb, ec2, subnets, VpcId } = await stage({ machines: 0 });
  const { InternetGateway } = await ec2.createInternetGateway({});
  await ec2.attachInternetGateway({ InternetGatewayId: InternetGateway!.InternetGatewayId, VpcId });
  const { AllocationId, PublicIp } = await ec2.allocateAddress({});
  const mappings = [{ SubnetId: subnets[0], AllocationId }];
  const { LoadBalancers } = await elb.createLoadBalancer({ Name: "net", Type: "network", SubnetMappings: mappings });
  const { LoadBalancerArn, DNSName, AvailabilityZones, CanonicalHostedZoneId } = LoadBalancers![0]!;
  expect(AvailabilityZones?.[0]?.LoadBalancerAddresses).toEqual([{ IpAddress: PublicIp, AllocationId }]);
  expect(DNSName).toMatch(/^net-[0-9a-f]{16}\.elb\.eu-west-1\.amazonaws\.com$/);
  expect(CanonicalHostedZoneId).toBe("Z2IFOLAFXWLO4F");
  const twice = elb.createLoadBalancer({ Name: "more", Type: "network", SubnetMappings: mappings });
  await expect(twice).rejects.toMatchObject(refused("ResourceInUseException"));
  await elb.deleteLoadBalancer({ LoadBalancerArn });
  const { Addresses } = await ec2.describeAddresses({});
  expect(Addresses?.[0]?.AssociationId).toBeUndefined();
});

test("listeners: protocols, certificates and policies that fit, one to a port", async () => {
  const { at, elb, group, front } = await stage({ machines: 0 });
  const acm = at(ACM, { region: "eu-west-1" });
  const web = await group("web");
  const { LoadBalancerArn } = await front(web);
  const DefaultActions = [{ Type: "forward" as const, TargetGroupArn: web }];
  const create = (more: object) => elb.createListener({ LoadBalancerArn, DefaultActions, ...more });
  await expect(create({ Port: 81, Protocol: "TCP" })).rejects.toMatchObject(refused("UnsupportedProtocolException"));
  await expect(create({ Port: 443, Protocol: "HTTPS" })).rejects.toMatchObject(refused("CertificateNotFoundException"));
  await expect(
    create({
      Port: 80,
      Protocol: "HTTP",
      Tags: [{ Key: "a", Value: "b" }],
      DefaultActions: [{ Type: "redirect", RedirectConfig: { StatusCode: "HTTP_301", Port: "81" } }],
    }),
  ).rejects.toMatchObject(refused("DuplicateListenerException"));
  await expect(create({ Port: 82, Protocol: "HTTP", DefaultActions: [{ Type: "authenticate-oidc" }] })).rejects.toThrow(
    /authenticate-oidc/,
  );
  const { CertificateArn } = await acm.requestCertificate({ DomainName: "shop.example.com", ValidationMethod: "DNS" });
  const pending = create({ Port: 443, Protocol: "HTTPS", Certificates: [{ CertificateArn }] });
  await expect(pending).rejects.toMatchObject(refused("UnsupportedCertificate")); // not issued yet
  const iam = (name: string) => ({ CertificateArn: `arn:aws:iam::123456789012:server-certificate/${name}` });
  const secure = (SslPolicy?: string) => create({ Port: 443, Protocol: "HTTPS", Certificates: [iam("shop")], SslPolicy });
  await expect(secure("ELBSecurityPolicy-1999")).rejects.toMatchObject(refused("SSLPolicyNotFoundException"));
  const { Listeners } = await secure();
  const { ListenerArn, ...shown } = Listeners![0]!;
  expect(shown).toMatchObject({
    SslPolicy: "ELBSecurityPolicy-2016-08",
    Certificates: [iam("shop")],
    MutualAuthentication: { Mode: "off" },
  });
  await elb.addListenerCertificates({ ListenerArn, Certificates: [iam("other")] });
  const { Certificates } = await elb.describeListenerCertificates({ ListenerArn });
  expect(Certificates).toEqual([
    { ...iam("shop"), IsDefault: true },
    { ...iam("other"), IsDefault: false },
  ]);
  await expect(elb.removeListenerCertificates({ ListenerArn, Certificates: [iam("shop")] })).rejects.toMatchObject(
    refused("OperationNotPermittedException"),
  );
  await elb.removeListenerCertificates({ ListenerArn, Certificates: [iam("other")] });
  const { Attributes = [] } = await elb.describeListenerAttributes({ ListenerArn });
  expect(Attributes).toContainEqual({ Key: "routing.http.response.server.enabled", Value: "true" });
  await elb.modifyListener({ ListenerArn, Port: 8443, SslPolicy: "ELBSecurityPolicy-TLS13-1-2-2021-06" });
  const { Listeners: all = [] } = await elb.describeListeners({ LoadBalancerArn });
  expect(all.map(({ Port, Protocol, SslPolicy }) => [Port, Protocol, SslPolicy])).toEqual([
    [80, "HTTP", undefined],
    [8443, "HTTPS", "ELBSecurityPolicy-TLS13-1-2-2021-06"],
  ]);
});

test("rules: priorities are unique and ordered, the default is last and stays", async () => {
  const { elb, group, front } = await stage({ machines: 0 });
  const web = await group("web");
  const { ListenerArn, LoadBalancerArn } = await front(web);
  const Actions = [{ Type: "forward" as const, TargetGroupArn: web }];
  const create = (Priority: number, Values: string[], Field = "path-pattern") =>
    elb.createRule({ ListenerArn, Priority, Conditions: [{ Field, Values }], Actions });
  const later = (await create(20, ["/b"])).Rules![0]!;
  const first = (await create(10, ["/a"])).Rules![0]!;
  expect(first).toMatchObject({
    Priority: "10",
    IsDefault: false,
    Conditions: [{ Field: "path-pattern", Values: ["/a"], PathPatternConfig: { Values: ["/a"] } }],
    Actions: [{ Type: "forward", TargetGroupArn: web, ForwardConfig: { TargetGroups: [{ TargetGroupArn: web, Weight: 1 }] } }],
  });
  const priorities = async () => (await elb.describeRules({ ListenerArn })).Rules!.map(({ Priority }) => Priority);
  expect(await priorities()).toEqual(["10", "20", "default"]);
  await expect(create(20, ["/c"])).rejects.toMatchObject(refused("PriorityInUseException"));
  await expect(create(0, ["/c"])).rejects.toMatchObject(refused("ValidationError"));
  await expect(create(30, ["/c"], "cookie")).rejects.toThrow(
    "Condition field 'cookie' must be one of '[http-header, http-request-method, host-header, path-pattern, query-string, source-ip]'",
  );
  await expect(create(30, ["/1", "/2", "/3", "/4", "/5", "/6"])).rejects.toMatchObject(refused("ValidationError"));
  // They change places at once.
  await elb.setRulePriorities({
    RulePriorities: [
      { RuleArn: first.RuleArn, Priority: 20 },
      { RuleArn: later.RuleArn, Priority: 10 },
    ],
  });
  const { Rules = [] } = await elb.describeRules({ ListenerArn, PageSize: 2 });
  expect(Rules.map(({ RuleArn }) => RuleArn)).toEqual([later.RuleArn, first.RuleArn]);
  await elb.deleteRule({ RuleArn: later.RuleArn });
  expect(await priorities()).toEqual(["20", "default"]);
  const standard = (await elb.describeRules({ ListenerArn })).Rules!.at(-1)!;
  await expect(elb.deleteRule({ RuleArn: standard.RuleArn })).rejects.toMatchObject(refused("OperationNotPermittedException"));
  await expect(elb.deleteTargetGroup({ TargetGroupArn: web })).rejects.toMatchObject(refused("ResourceInUseException"));
  await elb.deleteLoadBalancer({ LoadBalancerArn });
  await elb.deleteTargetGroup({ TargetGroupArn: web });
});

test("a target group has one load balancer at most", async () => {
  const { group, front } = await stage({ machines: 0 });
  const web = await group("web");
  await front(web);
  await expect(front(web, "second")).rejects.toMatchObject(refused("TargetGroupAssociationLimitException"));
});

test("tags, limits and policies", async () => {
  const { at, elb, group } = await stage({ machines: 0 });
  const web = await group("web", { Tags: [{ Key: "team", Value: "shop" }] });
  await elb.addTags({ ResourceArns: [web], Tags: [{ Key: "stage", Value: "live" }] });
  await elb.removeTags({ ResourceArns: [web], TagKeys: ["team"] });
  const { TagDescriptions } = await elb.describeTags({ ResourceArns: [web] });
  expect(TagDescriptions).toEqual([{ ResourceArn: web, Tags: [{ Key: "stage", Value: "live" }] }]);
  const { ResourceTagMappingList } = await at(ResourceGroupsTaggingAPI).getResources({ TagFilters: [{ Key: "stage" }] });
  expect(ResourceTagMappingList?.map(({ ResourceARN }) => ResourceARN)).toEqual([web]);
  const strange = elb.describeTags({ ResourceArns: [web.replace("web", "other")] });
  await expect(strange).rejects.toMatchObject(refused("TargetGroupNotFoundException"));
  const { Limits = [] } = await elb.describeAccountLimits({});
  expect(Limits.find(({ Name }) => Name === "application-load-balancers")).toEqual({ Name: "application-load-balancers", Max: "50" });
  const { SslPolicies } = await elb.describeSSLPolicies({ Names: ["ELBSecurityPolicy-TLS13-1-2-Res-2021-06"] });
  expect(SslPolicies?.[0]).toMatchObject({ SslProtocols: ["TLSv1.2", "TLSv1.3"] });
  expect(SslPolicies?.[0]?.Ciphers).toHaveLength(7);
  await expect(elb.modifyCapacityReservation({ LoadBalancerArn: "x" })).rejects.toThrow(/ModifyCapacityReservation/);
});
