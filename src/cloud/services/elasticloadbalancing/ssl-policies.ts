/** Security policies of HTTPS and TLS listeners. docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html */
import type * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";
import { AwsError, type Operations } from "../../service.ts";
import { page, type State, type Timers } from "./state.ts";

const tls13 = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];
const both = (...suites: string[]) => suites.flatMap((suite) => [`ECDHE-ECDSA-${suite}`, `ECDHE-RSA-${suite}`]);
// Forward secrecy in three steps of age, then without it in two.
const gcm = both("AES128-GCM-SHA256", "AES256-GCM-SHA384");
const sha2 = both("AES128-SHA256", "AES256-SHA384");
const sha1 = both("AES128-SHA", "AES256-SHA");
const plain2 = ["AES128-GCM-SHA256", "AES128-SHA256", "AES256-GCM-SHA384", "AES256-SHA256"];
const plain1 = ["AES128-SHA", "AES256-SHA"];
const forward = [...gcm, ...sha2, ...sha1];
const every = [...forward, ...plain2, ...plain1];

const versions = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];
const from = (first: string, last: string) => versions.slice(versions.indexOf(first), versions.indexOf(last) + 1);

const policies: Record<string, { protocols: string[]; ciphers: string[] }> = {
  "ELBSecurityPolicy-TLS13-1-2-Res-2021-06": { protocols: from("TLSv1.2", "TLSv1.3"), ciphers: [...tls13, ...gcm] },
  "ELBSecurityPolicy-TLS13-1-2-2021-06": { protocols: from("TLSv1.2", "TLSv1.3"), ciphers: [...tls13, ...gcm, ...sha2] },
  "ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06": { protocols: from("TLSv1.2", "TLSv1.3"), ciphers: [...tls13, ...gcm, ...sha2, ...plain2] },
  "ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06": { protocols: from("TLSv1.2", "TLSv1.3"), ciphers: [...tls13, ...every] },
  "ELBSecurityPolicy-TLS13-1-3-2021-06": { protocols: from("TLSv1.3", "TLSv1.3"), ciphers: tls13 },
  "ELBSecurityPolicy-TLS13-1-1-2021-06": { protocols: from("TLSv1.1", "TLSv1.3"), ciphers: [...tls13, ...every] },
  "ELBSecurityPolicy-TLS13-1-0-2021-06": { protocols: from("TLSv1", "TLSv1.3"), ciphers: [...tls13, ...every] },
  "ELBSecurityPolicy-2016-08": { protocols: from("TLSv1", "TLSv1.2"), ciphers: every },
  "ELBSecurityPolicy-TLS-1-2-2017-01": { protocols: from("TLSv1.2", "TLSv1.2"), ciphers: [...gcm, ...sha2, ...plain2] },
  "ELBSecurityPolicy-TLS-1-2-Ext-2018-06": { protocols: from("TLSv1.2", "TLSv1.2"), ciphers: every },
  "ELBSecurityPolicy-TLS-1-1-2017-01": { protocols: from("TLSv1.1", "TLSv1.2"), ciphers: every },
  "ELBSecurityPolicy-TLS-1-0-2015-04": { protocols: from("TLSv1", "TLSv1.2"), ciphers: [...every, "DES-CBC3-SHA"] },
  "ELBSecurityPolicy-FS-2018-06": { protocols: from("TLSv1", "TLSv1.2"), ciphers: forward },
  "ELBSecurityPolicy-FS-1-1-2019-08": { protocols: from("TLSv1.1", "TLSv1.2"), ciphers: forward },
  "ELBSecurityPolicy-FS-1-2-2019-08": { protocols: from("TLSv1.2", "TLSv1.2"), ciphers: forward },
  "ELBSecurityPolicy-FS-1-2-Res-2019-08": { protocols: from("TLSv1.2", "TLSv1.2"), ciphers: [...gcm, ...sha2] },
  "ELBSecurityPolicy-FS-1-2-Res-2020-10": { protocols: from("TLSv1.2", "TLSv1.2"), ciphers: gcm },
};

/** What a listener has that names none, made by the API; the console proposes another: create-https-listener.html */
export const USUAL_POLICY = "ELBSecurityPolicy-2016-08";

export function checkPolicy(name: string): void {
  if (!(name in policies)) throw new AwsError("SSLPolicyNotFound", `SSL policy '${name}' not found`);
}

export const policyOperations = {
  DescribeSSLPolicies(_call, { Names, PageSize, Marker }) {
    for (const name of Names ?? []) checkPolicy(name);
    const kept = Names?.length ? Names : Object.keys(policies);
    const { items, next } = page(kept, PageSize, Marker);
    return {
      SslPolicies: items.map((Name) => ({
        Name,
        SslProtocols: policies[Name]?.protocols,
        Ciphers: policies[Name]?.ciphers.map((cipher, at) => ({ Name: cipher, Priority: at + 1 })),
        SupportedLoadBalancerTypes: ["application", "network"],
      })),
      NextMarker: next,
    };
  },
} satisfies Operations<sdk.ElasticLoadBalancingV2, State, Timers>;
