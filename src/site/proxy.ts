/**
 * A reverse proxy on every host, for what reaches containers of the data centre: ECS Anywhere has no load balancer. Docker chooses their ports and
 * Traefik asks Docker, so nothing has to know them. Syntax: doc.traefik.io/traefik/v3.0/
 */
import type { Definition, Site } from "../platform/definition.ts";
import { names } from "../platform/names.ts";
import { text, type Lines, type SiteFile } from "./file.ts";

/** ECS's agent puts it on every container: docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-examples.html */
const label = "com.amazonaws.ecs.container-name";

/** Below `directory`. Nothing when no service of the data centre listens. */
export function proxy(definition: Definition, site: Site, directory: string): SiteFile[] {
  const listening = Object.entries(definition.services).filter(([, { runsOn, port }]) => runsOn !== "cloud" && port !== undefined);
  if (listening.length === 0) return [];
  const domain = site.dns?.domain ?? `${site.name}.internal`;
  return [
    { path: `${directory}/traefik/traefik.yml`, text: settings(definition, domain, listening) },
    { path: `${directory}/traefik/certificates.yml`, text: certificates },
    { path: `${directory}/systemd/system/causeway-proxy.service`, text: unit },
  ];
}

/** Each service has its name under the site's domain; its container is left out while Docker calls it unhealthy. */
function settings(definition: Definition, domain: string, listening: [string, Definition["services"][string]][]): string {
  const ours = listening.map(([name]) => `Label(\`${label}\`, \`${name}\`)`).join(" || ");
  return text(
    "entryPoints:",
    "  plain:",
    '    address: ":80"',
    "    http:",
    "      redirections:",
    "        entryPoint: { to: secure, scheme: https }",
    "  secure:",
    '    address: ":443"',
    "    http:",
    "      tls: {}",
    "providers:",
    "  docker:",
    "    exposedByDefault: true",
    `    constraints: "Label(\`com.amazonaws.ecs.cluster\`, \`${names(definition).cluster}\`) && (${ours})"`,
    `    defaultRule: 'Host(\`{{ index .Labels "${label}" }}.${domain}\`)'`,
    "  file:",
    "    filename: /etc/traefik/certificates.yml",
    "accessLog: {}",
    "ping: {}",
    "global:",
    "  checkNewVersion: false",
    "  sendAnonymousUsage: false",
    listening.map(([name, { port }]): Lines => [`# https://${name}.${domain} is ${name}'s port ${port}.`]),
  );
}

const certificates = text(
  "tls:",
  "  stores:",
  "    default:",
  "      defaultCertificate:",
  "        certFile: /etc/traefik/tls.crt",
  "        keyFile: /run/credentials/causeway-proxy.service/tls.key",
);

/** It reads Docker's socket, which is as good as being root: so it may do nothing else. */
const unit = text(
  "[Unit]",
  "Description=Reverse proxy to this host's containers",
  "After=docker.service",
  "Requires=docker.service",
  "",
  "[Service]",
  "ExecStart=/usr/local/bin/traefik --configFile=/etc/traefik/traefik.yml",
  "Restart=always",
  "RestartSec=2",
  "DynamicUser=yes",
  "SupplementaryGroups=docker",
  "AmbientCapabilities=CAP_NET_BIND_SERVICE",
  "CapabilityBoundingSet=CAP_NET_BIND_SERVICE",
  "LoadCredential=tls.key:/etc/traefik/tls.key",
  "NoNewPrivileges=yes",
  "ProtectHome=yes",
  "ProtectKernelTunables=yes",
  "ProtectControlGroups=yes",
  "",
  "[Install]",
  "WantedBy=multi-user.target",
);
