/** Load balancers: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html */
import type * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";
import { minutes } from "../../../kernel/units.ts";
import { AwsError, type Operations } from "../../service.ts";
import { createInterface, deleteInterface } from "../ec2/interfaces.ts";
import type { Here as Networking } from "../ec2/state.ts";
import { deleteListener } from "./listeners.ts";
import { balancerOf, invalid, page, tagMap, type Here, type LoadBalancer, type State, type Tags, type Timers } from "./state.ts";

const BALANCERS_MAX = 50; // docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
const PROVISIONING = minutes(2); // ours: AWS says "a few minutes"

/** docs.aws.amazon.com/general/latest/gr/elb.html: the zones of Route 53 that a region's load balancers have their names in. */
const zones: Record<string, { application: string; network: string }> = {
  "eu-west-1": { application: "Z32O12XQLNTSW2", network: "Z2IFOLAFXWLO4F" },
  "eu-west-2": { application: "ZHURV8PSTC4K8", network: "ZD4D7Y8KGAS4G" },
  "eu-west-3": { application: "Z3Q77PNBQS71R4", network: "Z1CMS0P5QUZ6D5" },
  "eu-central-1": { application: "Z215JYRZR1TBD5", network: "Z3F0SRJ5LGBH90" },
  "eu-north-1": { application: "Z23TAZ6LKFMNIO", network: "Z1UDT6IFJ4EJM" },
  "us-east-1": { application: "Z35SXDOTRQ7X7K", network: "Z26RNL4JYFTOTI" },
  "us-east-2": { application: "Z3AADJGX6KTTL2", network: "ZLMOA37VPKANP" },
  "us-west-2": { application: "Z1H1FL5HABSF5", network: "Z18D5FSROUN65G" },
};

/** docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html */
const attributesOf = (type: string): Tags =>
  type === "network"
    ? {
        "access_logs.s3.bucket": "",
        "access_logs.s3.enabled": "false",
        "access_logs.s3.prefix": "",
        "deletion_protection.enabled": "false",
        "dns_record.client_routing_policy": "any_availability_zone",
        "load_balancing.cross_zone.enabled": "false",
        "zonal_shift.config.enabled": "false",
      }
    : {
        "access_logs.s3.bucket": "",
        "access_logs.s3.enabled": "false",
        "access_logs.s3.prefix": "",
        "client_keep_alive.seconds": "3600", // ALB-019
        "connection_logs.s3.bucket": "",
        "connection_logs.s3.enabled": "false",
        "connection_logs.s3.prefix": "",
        "deletion_protection.enabled": "false",
        "idle_timeout.timeout_seconds": "60",
        "load_balancing.cross_zone.enabled": "true", // ALB-016
        "routing.http.desync_mitigation_mode": "defensive",
        "routing.http.drop_invalid_header_fields.enabled": "false",
        "routing.http.preserve_host_header.enabled": "false",
        "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
        "routing.http.xff_client_port.enabled": "false",
        "routing.http.xff_header_processing.mode": "append",
        "routing.http2.enabled": "true",
        "waf.fail_open.enabled": "false",
        "zonal_shift.config.enabled": "false",
      };

export const loadBalancerOperations = {
  CreateLoadBalancer(
    call,
    { Name, Type = "application", Scheme = "internet-facing", Subnets, SubnetMappings, SecurityGroups, IpAddressType = "ipv4", Tags },
  ) {
    if (!/^(?!-)(?!internal-)[A-Za-z0-9-]{1,32}(?<!-)$/.test(Name)) throw invalid(`The load balancer name '${Name}' is not valid.`);
    if (Type === "gateway") throw new AwsError("NotImplemented", "Causeway does not emulate Gateway Load Balancers.", 501);
    if ([...call.state.loadBalancers.values()].some((each) => each.LoadBalancerName === Name))
      throw new AwsError("DuplicateLoadBalancerName", `A load balancer with the same name '${Name}' exists, but with different settings`);
    if (call.state.loadBalancers.size >= BALANCERS_MAX)
      throw new AwsError("TooManyLoadBalancers", `The maximum number of load balancers has been reached (${BALANCERS_MAX}).`);
    const mappings = SubnetMappings ?? (Subnets ?? []).map((SubnetId): sdk.SubnetMapping => ({ SubnetId }));
    const subnets = mappings.map(({ SubnetId = "" }) => subnetOf(call, SubnetId));
    checkSubnets(subnets, Type);
    const token = call.token(16).toLowerCase();
    const fullName = `${Type === "network" ? "net" : "app"}/${Name}/${token}`;
    const VpcId = subnets[0]!.VpcId;
    const groups = Type === "application" || SecurityGroups?.length ? (SecurityGroups ?? []) : [];
    const interfaces = subnets.map(({ SubnetId }) => {
      const description = `ELB ${fullName}`;
      const type = Type === "network" ? ("network_load_balancer" as const) : ("interface" as const);
      return createInterface(call.within("ec2") as Networking, { subnetId: SubnetId, groups, description, type, requesterManaged: true })
        .NetworkInterfaceId;
    });
    const prefix = Scheme === "internal" ? "internal-" : "";
    const balancer: LoadBalancer = {
      LoadBalancerArn: call.arn("elasticloadbalancing", `loadbalancer/${fullName}`),
      LoadBalancerName: Name,
      DNSName:
        Type === "network"
          ? `${Name}-${token}.elb.${call.region}.amazonaws.com`
          : `${prefix}${Name}-${Number.parseInt(token.replace(/\D/g, "") || "1", 10)}.${call.region}.elb.amazonaws.com`,
      CanonicalHostedZoneId: zones[call.region]?.[Type === "network" ? "network" : "application"],
      CreatedTime: call.date,
      Scheme,
      VpcId,
      State: { Code: "provisioning" },
      Type,
      AvailabilityZones: subnets.map(({ AvailabilityZone, SubnetId }) => ({
        ZoneName: AvailabilityZone,
        SubnetId,
        LoadBalancerAddresses: [],
      })),
      SecurityGroups: groups,
      IpAddressType,
      attributes: attributesOf(Type),
      tags: tagMap(Tags),
      listeners: new Set(),
      groups: new Set(),
      flowing: false,
      reported: new Map(),
      interfaces,
      fullName,
    };
    call.state.loadBalancers.set(balancer.LoadBalancerArn, balancer);
    call.state.names.set(balancer.DNSName, balancer.LoadBalancerArn);
    call.after(PROVISIONING, "active", { balancer: balancer.LoadBalancerArn });
    return { LoadBalancers: [shown(balancer)] };
  },

  DeleteLoadBalancer(call, { LoadBalancerArn }) {
    const balancer = call.state.loadBalancers.get(LoadBalancerArn);
    if (!balancer) return;
    if (balancer.attributes["deletion_protection.enabled"] === "true")
      throw new AwsError(
        "OperationNotPermitted",
        `Load balancer '${LoadBalancerArn}' cannot be deleted because deletion protection is enabled`,
      );
    for (const arn of [...balancer.listeners]) deleteListener(call, arn);
    for (const id of balancer.interfaces) deleteInterface(call.within("ec2") as Networking, id);
    call.state.loadBalancers.delete(LoadBalancerArn);
    call.state.names.delete(balancer.DNSName);
  },

  DescribeLoadBalancers(call, { LoadBalancerArns, Names, PageSize, Marker }) {
    for (const arn of LoadBalancerArns ?? []) balancerOf(call, arn);
    const all = [...call.state.loadBalancers.values()];
    const strange = Names?.find((name) => !all.some((each) => each.LoadBalancerName === name));
    if (strange !== undefined) throw new AwsError("LoadBalancerNotFound", `Load balancers '[${strange}]' not found`);
    const kept = all.filter(
      (each) =>
        (!LoadBalancerArns?.length || LoadBalancerArns.includes(each.LoadBalancerArn)) &&
        (!Names?.length || Names.includes(each.LoadBalancerName)),
    );
    const { items, next } = page(kept, PageSize, Marker);
    return { LoadBalancers: items.map(shown), NextMarker: next };
  },

  DescribeLoadBalancerAttributes(call, { LoadBalancerArn }) {
    return { Attributes: Object.entries(balancerOf(call, LoadBalancerArn).attributes).map(([Key, Value]) => ({ Key, Value })) };
  },

  ModifyLoadBalancerAttributes(call, { LoadBalancerArn, Attributes }) {
    const balancer = balancerOf(call, LoadBalancerArn);
    const strange = Attributes.find(({ Key = "" }) => !(Key in balancer.attributes));
    if (strange) throw invalid(`Load balancer attribute key '${strange.Key}' is not recognized`);
    Object.assign(balancer.attributes, tagMap(Attributes));
    return { Attributes: Object.entries(balancer.attributes).map(([Key, Value]) => ({ Key, Value })) };
  },

  SetSecurityGroups(call, { LoadBalancerArn, SecurityGroups }) {
    const balancer = balancerOf(call, LoadBalancerArn);
    balancer.SecurityGroups = SecurityGroups;
    return { SecurityGroupIds: SecurityGroups };
  },
} satisfies Operations<sdk.ElasticLoadBalancingV2, State, Timers>;

function checkSubnets(subnets: readonly { AvailabilityZone: string }[], type: string): void {
  const own = new Set(subnets.map(({ AvailabilityZone }) => AvailabilityZone));
  if (own.size < subnets.length)
    throw new AwsError(
      "InvalidConfigurationRequest",
      "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
    );
  if (type === "application" && own.size < 2) throw invalid("At least two subnets in two different Availability Zones must be specified");
  if (own.size === 0) throw invalid("At least one subnet must be specified");
}

export function active(call: Here, { balancer: arn }: Timers["active"]): void {
  const balancer = call.state.loadBalancers.get(arn);
  if (balancer) balancer.State = { Code: "active" };
}

function subnetOf(call: Here, id: string) {
  const subnet = call.peek("ec2").subnets.get(id);
  if (!subnet) throw new AwsError("SubnetNotFound", `The subnet ID '${id}' does not exist`);
  return subnet;
}

export const shown = ({
  attributes: _attributes,
  tags: _tags,
  listeners: _listeners,
  groups: _groups,
  flowing: _flowing,
  reported: _reported,
  interfaces: _interfaces,
  fullName: _fullName,
  ...balancer
}: LoadBalancer): sdk.LoadBalancer => balancer;
