/** Listeners. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html */
import type * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";
import { AwsError, type Operations } from "../../service.ts";
import { checkActions, ordered } from "./actions.ts";
import { attributeList, listenerAttributes, listenerDefaults } from "./attributes.ts";
import { lead } from "./leading.ts";
import { checkPolicy, USUAL_POLICY } from "./ssl-policies.ts";
import {
  balancerOf,
  digits,
  invalid,
  listenerOf,
  notImplemented,
  page,
  tagMap,
  type Here,
  type Listener,
  type LoadBalancer,
  type State,
  type Timers,
} from "./state.ts";
import { checkTags } from "./tags.ts";

// docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html, the default one not counted
const LISTENERS_MAX = 50;
const CERTIFICATES_MAX = 25;

const protocols: Record<string, readonly string[]> = {
  application: ["HTTP", "HTTPS"],
  network: ["TCP", "TLS", "UDP", "TCP_UDP"],
};
const secure = (protocol: string): boolean => protocol === "HTTPS" || protocol === "TLS";

export const listenerOperations = {
  CreateListener(call, { Tags, ...input }) {
    const balancer = balancerOf(call, input.LoadBalancerArn);
    const asked = JSON.stringify(input);
    const settings = settle(call, balancer, input);
    checkTags(Tags);
    const twin = [...balancer.listeners].map((arn) => listenerOf(call, arn)).find(({ Port }) => Port === settings.Port);
    // "If you attempt to create multiple listeners with the same settings, each call succeeds": API_CreateListener.html
    if (twin?.asked === asked) return { Listeners: [shown(twin)] };
    if (twin) throw new AwsError("DuplicateListener", "A listener already exists on this port for this load balancer");
    if (balancer.listeners.size >= LISTENERS_MAX)
      throw new AwsError(
        "TooManyListeners",
        `The maximum number of listeners has been reached on load balancer '${balancer.LoadBalancerArn}'`,
      );
    const ListenerArn = `${balancer.LoadBalancerArn.replace(":loadbalancer/", ":listener/")}/${digits(call)}`;
    const attributes = listenerDefaults(settings.Protocol);
    const listener: Listener = {
      ListenerArn,
      LoadBalancerArn: balancer.LoadBalancerArn,
      ...settings,
      rules: [],
      attributes,
      tags: tagMap(Tags),
      asked,
    };
    call.state.listeners.set(ListenerArn, listener);
    balancer.listeners.add(ListenerArn);
    lead(call, balancer, ListenerArn, { now: listener.DefaultActions });
    return { Listeners: [shown(listener)] };
  },

  ModifyListener(call, { ListenerArn, ...input }) {
    const listener = listenerOf(call, ListenerArn);
    const balancer = balancerOf(call, listener.LoadBalancerArn);
    const { Port, Protocol, DefaultActions, SslPolicy, AlpnPolicy, certificates } = listener;
    const now = { Port, Protocol, DefaultActions, AlpnPolicy, Certificates: certificates.slice(0, 1) };
    const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
    const settings = settle(call, balancer, { ...now, ...(SslPolicy !== undefined && { SslPolicy }), ...given });
    if ([...balancer.listeners].some((arn) => arn !== ListenerArn && listenerOf(call, arn).Port === settings.Port))
      throw new AwsError("DuplicateListener", "A listener already exists on this port for this load balancer");
    if (settings.Protocol !== Protocol) listener.attributes = listenerDefaults(settings.Protocol);
    const others = certificates.slice(1).filter(({ CertificateArn }) => CertificateArn !== settings.certificates[0]?.CertificateArn);
    Object.assign(listener, settings, { certificates: secure(settings.Protocol) ? [...settings.certificates, ...others] : [], asked: "" });
    lead(call, balancer, ListenerArn, { before: DefaultActions, now: listener.DefaultActions });
    return { Listeners: [shown(listener)] };
  },

  DeleteListener(call, { ListenerArn }) {
    listenerOf(call, ListenerArn);
    deleteListener(call, ListenerArn);
  },

  DescribeListeners(call, { LoadBalancerArn, ListenerArns, PageSize, Marker }) {
    if (LoadBalancerArn === undefined && !ListenerArns?.length)
      throw invalid("You must specify either listener ARNs or a load balancer ARN");
    const named = ListenerArns?.map((arn) => listenerOf(call, arn));
    const kept = named ?? [...balancerOf(call, LoadBalancerArn ?? "").listeners].map((arn) => listenerOf(call, arn));
    const { items, next } = page(kept, PageSize, Marker);
    return { Listeners: items.map(shown), NextMarker: next };
  },

  DescribeListenerAttributes(call, { ListenerArn }) {
    return { Attributes: attributeList(listenerOf(call, ListenerArn).attributes) };
  },

  ModifyListenerAttributes(call, { ListenerArn, Attributes }) {
    const listener = listenerOf(call, ListenerArn);
    listener.attributes = listenerAttributes(listener.Protocol, listener.attributes, Attributes);
    return { Attributes: attributeList(listener.attributes) };
  },

  DescribeListenerCertificates(call, { ListenerArn, PageSize, Marker }) {
    const { items, next } = page(certificatesShown(listenerOf(call, ListenerArn)), PageSize, Marker);
    return { Certificates: items, NextMarker: next };
  },

  AddListenerCertificates(call, { ListenerArn, Certificates }) {
    const listener = listenerOf(call, ListenerArn);
    if (!secure(listener.Protocol))
      throw new AwsError("UnsupportedProtocol", `Certificates cannot be added to a listener of protocol '${listener.Protocol}'`);
    for (const { CertificateArn = "" } of Certificates) checkCertificate(call, CertificateArn);
    const known = new Set(listener.certificates.map(({ CertificateArn }) => CertificateArn));
    const added = Certificates.filter(({ CertificateArn }) => !known.has(CertificateArn));
    if (listener.certificates.length + added.length - 1 > CERTIFICATES_MAX)
      throw new AwsError("TooManyCertificates", "The maximum number of certificates has been reached");
    listener.certificates.push(...added.map(({ CertificateArn }) => ({ CertificateArn })));
    return { Certificates: certificatesShown(listener).slice(1) };
  },

  RemoveListenerCertificates(call, { ListenerArn, Certificates }) {
    const listener = listenerOf(call, ListenerArn);
    const gone = new Set(Certificates.map(({ CertificateArn }) => CertificateArn));
    const [first, ...others] = listener.certificates;
    if (first && gone.has(first.CertificateArn))
      throw new AwsError("OperationNotPermitted", `Default certificate '${first.CertificateArn}' cannot be removed`);
    listener.certificates = [...(first ? [first] : []), ...others.filter(({ CertificateArn }) => !gone.has(CertificateArn))];
  },
} satisfies Operations<sdk.ElasticLoadBalancingV2, State, Timers>;

export function deleteListener(call: Here, arn: string): void {
  const { rules, DefaultActions, LoadBalancerArn } = listenerOf(call, arn);
  const balancer = balancerOf(call, LoadBalancerArn);
  balancer.listeners.delete(arn);
  call.state.listeners.delete(arn);
  for (const rule of rules) {
    const before = call.state.rules.get(rule)?.Actions;
    call.state.rules.delete(rule);
    lead(call, balancer, rule, { before });
  }
  lead(call, balancer, arn, { before: DefaultActions });
}

type Settings = Pick<
  Listener,
  "Port" | "Protocol" | "DefaultActions" | "SslPolicy" | "AlpnPolicy" | "certificates" | "MutualAuthentication"
>;

/** What a listener comes to that is asked for so; refuses what cannot be. */
function settle(call: Here, balancer: LoadBalancer, input: Omit<sdk.CreateListenerInput, "LoadBalancerArn">): Settings {
  const { Port, Protocol, DefaultActions = [], Certificates = [], SslPolicy, AlpnPolicy, MutualAuthentication } = input;
  if (Port === undefined || Port < 1 || Port > 65_535) throw invalid("A listener port between 1 and 65535 must be specified");
  if (Protocol === undefined) throw invalid("A listener protocol must be specified");
  if (!protocols[balancer.Type]?.includes(Protocol))
    throw new AwsError("UnsupportedProtocol", `Listener protocol '${Protocol}' must be one of '${protocols[balancer.Type]?.join(", ")}'`);
  if (MutualAuthentication && MutualAuthentication.Mode !== "off")
    throw notImplemented(`mutual authentication in mode ${MutualAuthentication.Mode}`);
  checkActions(call, balancer, DefaultActions);
  const certificates = Certificates.map(({ CertificateArn }) => ({ CertificateArn }));
  if (!secure(Protocol)) {
    if (SslPolicy !== undefined) throw invalid(`An SSL policy cannot be specified for ${Protocol} listeners`);
    return { Port, Protocol, DefaultActions: ordered(DefaultActions), certificates: [], SslPolicy: undefined, AlpnPolicy: undefined };
  }
  if (certificates.length === 0) throw new AwsError("CertificateNotFound", `A certificate must be specified for ${Protocol} listeners`);
  if (certificates.length > 1) throw invalid("A listener must have exactly one default certificate");
  checkCertificate(call, certificates[0]?.CertificateArn ?? "");
  if (AlpnPolicy?.length && Protocol !== "TLS") throw new AwsError("ALPNPolicyNotSupported", "ALPN policies are for TLS listeners only");
  checkPolicy(SslPolicy ?? USUAL_POLICY);
  return {
    Port,
    Protocol,
    DefaultActions: ordered(DefaultActions),
    certificates,
    SslPolicy: SslPolicy ?? USUAL_POLICY,
    AlpnPolicy,
    MutualAuthentication: Protocol === "HTTPS" ? { Mode: "off" } : undefined,
  };
}

/** One of ACM's must be issued before a listener takes it; IAM's server certificates are taken as they are. */
function checkCertificate(call: Here, arn: string): void {
  if (/^arn:aws:iam::\d{12}:server-certificate\//.test(arn)) return;
  const certificate = call.peek("acm").certificates.get(arn);
  if (!certificate) throw new AwsError("CertificateNotFound", `Certificate '${arn}' not found`);
  if (certificate.detail.Status !== "ISSUED")
    throw new AwsError(
      "UnsupportedCertificate",
      `The certificate '${arn}' must have a fully-qualified domain name, a supported signature, and a supported key size.`,
    );
}

const certificatesShown = ({ certificates }: Listener): sdk.Certificate[] =>
  certificates.map(({ CertificateArn }, at) => ({ CertificateArn, IsDefault: at === 0 }));

export const shown = ({
  rules: _rules,
  certificates,
  attributes: _attributes,
  tags: _tags,
  asked: _asked,
  ...listener
}: Listener): sdk.Listener => ({
  ...listener,
  Certificates: certificates.length ? certificates.slice(0, 1) : undefined,
});
