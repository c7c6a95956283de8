/** The lines: ports that are ordered, connections that are accepted, keys of MACsec, routers that are configured. */
import { gbps, mbps, type BitRate } from "../../kernel/units.ts";
import type { Definition, Site } from "../../platform/definition.ts";
import { lines } from "../../platform/lines.ts";
import { names } from "../../platform/names.ts";
import { holdings } from "../../platform/strategies.ts";
import type { Step } from "./step.ts";

type Direct = NonNullable<Site["directConnect"]>;

export function directConnect(definition: Definition): Step[] {
  const wishes = definition.site?.directConnect;
  if (!wishes) return [];
  const { region } = definition.regions.primary;
  const { connection } = wishes;
  const made =
    "order" in connection
      ? order(definition, wishes, region)
      : "hosted" in connection
        ? [accept(connection.hosted, wishes, region)]
        : [available("use" in connection ? connection.use : connection.lag, region)];
  return [...made, ...(wishes.macsec ? [macsec(region)] : [])];
}

/** Dollars for a port and hour; what is sent to the data centre is billed apart. Source: aws.amazon.com/directconnect/pricing/ */
const dedicatedHour = new Map<BitRate, number>([
  [gbps(1), 0.3],
  [gbps(10), 2.25],
  [gbps(100), 22.5],
  [gbps(400), 85],
]);
const hostedHour = new Map<BitRate, number>([
  [mbps(50), 0.03],
  [mbps(100), 0.06],
  [mbps(200), 0.08],
  [mbps(300), 0.12],
  [mbps(400), 0.16],
  [mbps(500), 0.2],
  [gbps(1), 0.33],
  [gbps(2), 0.66],
  [gbps(5), 1.65],
  [gbps(10), 2.48],
  [gbps(25), 6.2],
]);

/** AWS's month has 730 hours. */
function monthly(hour: number | undefined, ports: number): string {
  if (hour === undefined) return "aws.amazon.com/directconnect/pricing/ says";
  return `$${hour} an hour for each of ${ports} port${ports > 1 ? "s" : ""}, $${Math.round(hour * ports * 730)} a month, from the day the port is up or 90 days after the order; traffic out of AWS comes on top`;
}

function order(definition: Definition, { bandwidth, connection }: Direct, region: string): Step[] {
  if (!("order" in connection)) return [];
  const { locations, ports } = connection.order;
  const count = locations.length * ports;
  const state = `aws directconnect describe-connections --region ${region} --query "connections[?starts_with(connectionName, '${definition.name}')].[connectionId,location,connectionState]" --output text`;
  return [
    {
      id: "direct-connect-order",
      who: "machine",
      title: `Order ${count} Direct Connect port${count > 1 ? "s" : ""} of ${bandwidth / gbps(1)} Gbps at ${locations.join(" and ")}`,
      why: "The stack `link` makes the connections, and each is a real port.",
      check: { command: state, done: `${count} connection${count > 1 ? "s" : ""}, none deleted or rejected` },
      do: ["# Deploy the stack `link` of the primary region."],
      takes: "AWS offers the port within 72 hours; the cross-connect takes days to weeks",
      costs: monthly(dedicatedHour.get(bandwidth), count),
      confirm: "confirm-order",
    },
    {
      id: "direct-connect-cross-connect",
      who: "person",
      title: "Have the cross-connects made",
      why: "AWS's port is in AWS's cage. The letter of authorization lets the location's operator run the fibre to yours.",
      check: { command: state, done: "available" },
      do: [
        `aws directconnect describe-loa --region ${region} --connection-id ID --provider-name OPERATOR --query loaContent --output text | base64 -d > loa-ID.pdf`,
        "# Send the letter to the operator of the location within 90 days; afterwards it is void.",
        "# Ask for diverse paths where there are two.",
      ],
      takes: "days to weeks",
      costs: "the operator's fee",
    },
  ];
}

const accept = (id: string, { bandwidth }: Direct, region: string): Step => ({
  id: "direct-connect-accept",
  who: "machine",
  title: `Accept the hosted connection ${id}`,
  why: "A partner makes it, and it waits until the account that pays says yes.",
  check: {
    command: `aws directconnect describe-connections --region ${region} --connection-id ${id} --query "connections[0].connectionState" --output text`,
    done: "available",
  },
  do: [`aws directconnect confirm-connection --region ${region} --connection-id ${id}`],
  takes: "hours to days",
  costs: `${monthly(hostedHour.get(bandwidth), 1)}; and the partner's fee`,
  confirm: "confirm-order",
});

const available = (id: string, region: string): Step => ({
  id: "direct-connect-available",
  who: "person",
  title: `See that ${id} is up`,
  why: "Virtual interfaces are made on it, and come up with it.",
  check: {
    command: id.startsWith("dxlag-")
      ? `aws directconnect describe-lags --region ${region} --lag-id ${id} --query "lags[0].lagState" --output text`
      : `aws directconnect describe-connections --region ${region} --connection-id ${id} --query "connections[0].connectionState" --output text`,
    done: "available",
  },
  do: ["# Ask the location's operator for light levels; AWS's are in CloudWatch: ConnectionLightLevelRx."],
});

const macsec = (region: string): Step => ({
  id: "direct-connect-macsec",
  who: "person",
  title: "Give the port its MACsec key",
  why: "Template and repository are no place for it. Until both ends have it, a port that must encrypt carries nothing.",
  check: {
    command: `aws directconnect describe-connections --region ${region} --query "connections[].[connectionId,portEncryptionStatus,macSecKeys[0].state]" --output text`,
    done: "Encryption Up, associated",
  },
  do: [
    `aws directconnect associate-mac-sec-key --region ${region} --connection-id ID --ckn "$CKN" --cak "$CAK"`,
    "# Configure the same key on the router (MKA, GCM-AES-XPN-256).",
  ],
});

export function routers(definition: Definition): Step[] {
  const { site } = definition;
  if (!site || lines(definition).length === 0) return [];
  const late = holdings(definition, "recovery").link === "prepared";
  return site.routers.map((router) => {
    const own = lines(definition).filter((line) => line.router === router.name);
    return {
      id: `router-${router.name}`,
      who: "person",
      title: `Configure ${router.name}: ${own.length} session${own.length === 1 ? "" : "s"} with AWS`,
      why: `AWS has chosen the tunnels' addresses and keys by now.${late ? " The recovery region's tunnels follow when it is recovered: fill again then." : ""}`,
      check: {
        command: router.system === "frr" ? `ssh ${router.name} vtysh -c '"show bgp summary"'` : `ssh ${router.name} show bgp summary`,
        done: `${own.map(({ aws }) => aws).join(", ") || "the other router"}: established`,
      },
      do: ["causeway site fill --to site", `# Install site/routers/${router.name} as site/README.md says.`, "rm -r site"],
    };
  });
}

/** Replies of AWS to people, over the lines. */
export function resolvers(definition: Definition): Step[] {
  const { dns } = definition.site ?? {};
  if (!dns) return [];
  const { region } = definition.regions.primary;
  return [
    {
      id: "dns-forwarding",
      who: "person",
      title: `Forward AWS's names from ${dns.servers.join(", ")}`,
      why: "Hosts find AWS's services by private addresses, over the lines.",
      check: {
        command: `dig +short @${dns.servers[0]} ssm.${region}.amazonaws.com`,
        done: `addresses of ${names(definition).stack("network")}'s VPC`,
      },
      do: ["causeway site fill --to site", "# Install site/dns as site/README.md says."],
    },
  ];
}
