/** OpenID Connect identity providers. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html */
import type * as sdk from "@aws-sdk/client-iam";
import type { Operations } from "../../service.ts";
import { checkQuota, exists, invalidInput, noSuch, validation } from "./names.ts";
import type { Here, OidcProvider, State } from "./state.ts";
import { checkTags, someTags, tagMap } from "./tags.ts";

// docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, and the page above for thumbprints
const PROVIDERS_MAX = 100;
const CLIENTS_MAX = 100;
const THUMBPRINTS_MAX = 5;

export const oidcOperations = {
  CreateOpenIDConnectProvider(call, { Url, ClientIDList = [], ThumbprintList = [], Tags }) {
    const url = address(Url);
    checkThumbprints(ThumbprintList);
    checkQuota(ClientIDList.length, CLIENTS_MAX, "ClientIdsPerOpenIdConnectProvider");
    checkTags({}, Tags);
    const arn = `arn:aws:iam::${call.account}:oidc-provider/${url}`;
    if (call.state.oidcProviders.has(arn)) throw exists(`Provider with url ${Url} already exists.`);
    checkQuota(call.state.oidcProviders.size + 1, PROVIDERS_MAX, "OpenIdConnectProvidersPerAccount");
    const provider: OidcProvider = {
      arn,
      url,
      clients: [...new Set(ClientIDList)],
      thumbprints: ThumbprintList,
      created: call.date,
      tags: tagMap(Tags),
    };
    call.state.oidcProviders.set(arn, provider);
    return { OpenIDConnectProviderArn: arn, ...someTags(provider.tags) };
  },
  GetOpenIDConnectProvider(call, { OpenIDConnectProviderArn }) {
    const { url, clients, thumbprints, created, tags } = providerOf(call, OpenIDConnectProviderArn);
    return { Url: url, ClientIDList: clients, ThumbprintList: thumbprints, CreateDate: created, ...someTags(tags) };
  },
  ListOpenIDConnectProviders(call) {
    return { OpenIDConnectProviderList: [...call.state.oidcProviders.keys()].map((Arn) => ({ Arn })) };
  },
  AddClientIDToOpenIDConnectProvider(call, { OpenIDConnectProviderArn, ClientID }) {
    const { clients } = providerOf(call, OpenIDConnectProviderArn);
    if (clients.includes(ClientID)) return;
    checkQuota(clients.length + 1, CLIENTS_MAX, "ClientIdsPerOpenIdConnectProvider");
    clients.push(ClientID);
  },
  RemoveClientIDFromOpenIDConnectProvider(call, { OpenIDConnectProviderArn, ClientID }) {
    const provider = providerOf(call, OpenIDConnectProviderArn);
    provider.clients = provider.clients.filter((client) => client !== ClientID);
  },
  UpdateOpenIDConnectProviderThumbprint(call, { OpenIDConnectProviderArn, ThumbprintList }) {
    const provider = providerOf(call, OpenIDConnectProviderArn);
    checkThumbprints(ThumbprintList);
    provider.thumbprints = ThumbprintList;
  },
  // Deleting what is gone is no failure: docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteOpenIDConnectProvider.html
  DeleteOpenIDConnectProvider(call, { OpenIDConnectProviderArn }) {
    call.state.oidcProviders.delete(OpenIDConnectProviderArn);
  },
} satisfies Operations<sdk.IAM, State>;

export function providerOf(call: Here, arn: string): OidcProvider {
  const provider = call.state.oidcProviders.get(arn);
  if (!provider) throw noSuch(`OpenIDConnect Provider not found for arn ${arn}`);
  return provider;
}

/** `https://host/path`, without the scheme: that is how AWS gives it back and names it in the ARN. */
function address(url: string): string {
  if (!/^https:\/\/[^\s/?#:]+(\/[^\s?#]*)?$/.test(url) || url.length > 255) throw validation("Invalid Open ID Connect Provider URL");
  return url.slice("https://".length).replace(/\/$/, "");
}

function checkThumbprints(thumbprints: readonly string[]): void {
  if (thumbprints.length > THUMBPRINTS_MAX) throw invalidInput(`Thumbprint list must contain fewer than ${THUMBPRINTS_MAX} entries.`);
  for (const thumbprint of thumbprints) {
    if (!/^[0-9a-f]{40}$/i.test(thumbprint)) throw validation("Thumbprint must be 40 hexadecimal characters.");
  }
}
