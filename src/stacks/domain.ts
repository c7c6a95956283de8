/** The public name's zone, made once, and its certificate, made in each region before any disaster. */
import { CfnDeletionPolicy, Fn, type Stack } from "aws-cdk-lib";
import * as acm from "aws-cdk-lib/aws-certificatemanager";
import * as route53 from "aws-cdk-lib/aws-route53";
import type { Domain } from "./parts.ts";
import type { Place } from "./place.ts";
import { handedOver, output } from "./template.ts";

export function domain(stack: Stack, place: Place): Domain {
  const { name } = place.definition.domain!;
  const zoneId = zone(stack, place);
  const certificate = new acm.CfnCertificate(stack, "Certificate", {
    domainName: name,
    // The regions' own names, which health checks and rehearsals use.
    subjectAlternativeNames: [`*.${name}`],
    validationMethod: "DNS",
    // The wildcard has the same validation record as the name itself: docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
    domainValidationOptions: [{ domainName: name, hostedZoneId: zoneId }],
    keyAlgorithm: "RSA_2048",
  });
  output(stack, "CertificateArn", certificate.ref, "The load balancer's certificate.");
  return { zoneId, certificateArn: certificate.ref };
}

function zone(stack: Stack, place: Place): string {
  const { name, zone: given } = place.definition.domain!;
  if (given) return given;
  if (place.role === "recovery") return handedOver(stack, place, "HostedZoneId", "hosted-zone-id");
  const made = new route53.CfnHostedZone(stack, "HostedZone", {
    name,
    hostedZoneConfig: { comment: `Public name of ${place.definition.name}` },
    // Record changes stay possible about 60 minutes after us-east-1 is impaired; no failover of ours needs one.
    hostedZoneFeatures: { enableAcceleratedRecovery: true },
  });
  // Another zone would have other name servers, and the name would be delegated to none of them.
  made.cfnOptions.deletionPolicy = made.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN;
  output(stack, "HostedZoneId", made.ref, "The public zone; the recovery region's stacks read it as a handover.");
  output(stack, "NameServers", Fn.join(" ", made.attrNameServers), "Delegate the name to these.");
  return made.ref;
}
