/**
 * Service Quotas: what is allowed, and asking for more. API: https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/
 *
 * A granted increase is what this service answers from then on, as AWS's does. The services themselves go on refusing at their
 * default values: none of them reads an increased quota yet.
 */
import type * as sdk from "@aws-sdk/client-service-quotas";
import { minutes } from "../../kernel/units.ts";
import { AwsError, type Call, type Known, type Operations, type Service } from "../service.ts";
import { OWNERS, type Owner, type Quota } from "./service-quotas/catalogue.ts";

type Change = Known<sdk.RequestedServiceQuotaChange, "Id" | "ServiceCode" | "QuotaCode" | "DesiredValue" | "Status" | "Created">;

const state = () => ({
  /** Granted values by `service/code`. */
  granted: new Map<string, number>(),
  /** By id, the oldest first. */
  changes: new Map<string, Change>(),
  /** By the quota's ARN. */
  tags: new Map<string, Record<string, string>>(),
});
type State = ReturnType<typeof state>;
type Timers = { caseOpened: { id: string }; decided: { id: string } };
type Here = Call<State, Timers>;

// Our figures: AWS grants some increases at once and others within days, docs.aws.amazon.com/servicequotas/latest/userguide/request-quota-increase.html
const CASE_DELAY = minutes(1);
const DECISION_DELAY = minutes(30);
const OPEN: readonly string[] = ["PENDING", "CASE_OPENED"];

const illegal = (message: string) => new AwsError("IllegalArgumentException", message, 400);
const missing = (message: string) => new AwsError("NoSuchResourceException", message, 400);

/** Global quotas are seen in us-east-1 only. */
const seen = (call: Here, { quotas }: Owner): Quota[] => quotas.filter(({ global }) => !global || call.region === "us-east-1");

function findOwner(call: Here, code: string): Owner {
  const owner = OWNERS.find((each) => each.code === code);
  if (!owner || seen(call, owner).length === 0) throw missing("The request failed because the specified service does not exist.");
  return owner;
}

function findQuota(call: Here, serviceCode: string, quotaCode: string): { owner: Owner; quota: Quota } {
  const owner = findOwner(call, serviceCode);
  const quota = seen(call, owner).find(({ code }) => code === quotaCode);
  if (!quota) throw missing("The request failed because the specified quota does not exist.");
  return { owner, quota };
}

const arnOf = (call: Here, owner: Owner, { code, global }: Quota, account = call.account) =>
  call.arn("servicequotas", `${owner.code}/${code}`, { region: global ? "" : call.region, account });

function shown(call: Here, owner: Owner, quota: Quota, { byDefault = false } = {}): sdk.ServiceQuota {
  return {
    ServiceCode: owner.code,
    ServiceName: owner.name,
    QuotaArn: arnOf(call, owner, quota, byDefault ? "" : call.account),
    QuotaCode: quota.code,
    QuotaName: quota.name,
    Value: byDefault ? quota.value : valueOf(call, owner, quota),
    Unit: quota.unit,
    Adjustable: quota.adjustable,
    GlobalQuota: quota.global,
    QuotaAppliedAtLevel: "ACCOUNT",
  };
}

const valueOf = (call: Here, owner: Owner, quota: Quota): number => call.state.granted.get(`${owner.code}/${quota.code}`) ?? quota.value;

type Paging = { NextToken?: string; MaxResults?: number };

function page<Item>(items: readonly Item[], { NextToken, MaxResults = 100 }: Paging): { page: Item[]; NextToken?: string } {
  if (MaxResults < 1 || MaxResults > 100)
    throw illegal(
      `1 validation error detected: Value '${MaxResults}' at 'maxResults' failed to satisfy constraint: Member must have value between 1 and 100`,
    );
  const from = NextToken === undefined ? 0 : Number(Buffer.from(NextToken, "base64").toString());
  if (!Number.isInteger(from) || from < 0) throw new AwsError("InvalidPaginationTokenException", "Invalid token was used.", 400);
  const to = from + MaxResults;
  return { page: items.slice(from, to), NextToken: to < items.length ? Buffer.from(String(to)).toString("base64") : undefined };
}

function history(
  call: Here,
  wanted: { ServiceCode?: string; QuotaCode?: string; Status?: string; QuotaRequestedAtLevel?: string } & Paging,
) {
  const found = [...call.state.changes.values()].filter(
    (change) =>
      (wanted.ServiceCode ?? change.ServiceCode) === change.ServiceCode &&
      (wanted.QuotaCode ?? change.QuotaCode) === change.QuotaCode &&
      (wanted.Status ?? change.Status) === change.Status &&
      wanted.QuotaRequestedAtLevel !== "RESOURCE",
  );
  const { page: RequestedQuotas, NextToken } = page(found.reverse(), wanted);
  return { RequestedQuotas, NextToken };
}

/** The quota that an ARN of this account names, and its ARN. */
function taggable(call: Here, arn: string): string {
  const [, , service, , account, resource = ""] = arn.split(":");
  const [serviceCode = "", quotaCode = ""] = resource.split("/");
  if (service !== "servicequotas" || account !== call.account)
    throw missing("The request failed because the specified resource does not exist.");
  const { owner, quota } = findQuota(call, serviceCode, quotaCode);
  return arnOf(call, owner, quota);
}

function checkTags(tags: Record<string, string>): void {
  for (const [key, value] of Object.entries(tags)) {
    if (/^aws:/i.test(key) || key.length < 1 || key.length > 128 || value.length > 256) throw illegal(`The tag ${key} is not valid.`);
  }
  // docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_TagResource.html
  if (Object.keys(tags).length > 50)
    throw new AwsError("TooManyTagsException", "You've exceeded the number of tags allowed for a resource: 50.", 400);
}

const operations = {
  ListServices(call, input) {
    const { page: found, NextToken } = page(
      OWNERS.filter((owner) => seen(call, owner).length > 0),
      input,
    );
    return { Services: found.map(({ code, name }) => ({ ServiceCode: code, ServiceName: name })), NextToken };
  },
  ListServiceQuotas(call, input) {
    const owner = findOwner(call, input.ServiceCode);
    const all = seen(call, owner).filter(({ code }) => (input.QuotaCode ?? code) === code && input.QuotaAppliedAtLevel !== "RESOURCE");
    const { page: found, NextToken } = page(all, input);
    return { Quotas: found.map((quota) => shown(call, owner, quota)), NextToken };
  },
  ListAWSDefaultServiceQuotas(call, input) {
    const owner = findOwner(call, input.ServiceCode);
    const { page: found, NextToken } = page(seen(call, owner), input);
    return { Quotas: found.map((quota) => shown(call, owner, quota, { byDefault: true })), NextToken };
  },
  GetServiceQuota(call, { ServiceCode, QuotaCode }) {
    const { owner, quota } = findQuota(call, ServiceCode, QuotaCode);
    return { Quota: shown(call, owner, quota) };
  },
  GetAWSDefaultServiceQuota(call, { ServiceCode, QuotaCode }) {
    const { owner, quota } = findQuota(call, ServiceCode, QuotaCode);
    return { Quota: shown(call, owner, quota, { byDefault: true }) };
  },
  RequestServiceQuotaIncrease(call, { ServiceCode, QuotaCode, DesiredValue, SupportCaseAllowed = true, ContextId }) {
    const { owner, quota } = findQuota(call, ServiceCode, QuotaCode);
    if (ContextId !== undefined) throw illegal("The quota is applied at the level of the account: it takes no ContextId.");
    if (!quota.adjustable) throw illegal("The quota is not adjustable.");
    if (DesiredValue <= valueOf(call, owner, quota)) throw illegal("You must provide a quota value greater than the current quota value.");
    const open = [...call.state.changes.values()].some(
      (change) => change.ServiceCode === ServiceCode && change.QuotaCode === QuotaCode && OPEN.includes(change.Status),
    );
    if (open)
      throw new AwsError("ResourceAlreadyExistsException", "Only one open service quota increase request is allowed per quota.", 400);
    const Id = `${call.uuid().replaceAll("-", "")}${call.token(8)}`;
    const change: Change = {
      Id,
      ServiceCode,
      ServiceName: owner.name,
      QuotaCode,
      QuotaName: quota.name,
      DesiredValue,
      Status: "PENDING",
      Created: call.date,
      LastUpdated: call.date,
      Requester: JSON.stringify({ accountId: call.account, callerArn: call.principal.arn }),
      QuotaArn: arnOf(call, owner, quota),
      GlobalQuota: quota.global,
      Unit: quota.unit,
      QuotaRequestedAtLevel: "ACCOUNT",
    };
    call.state.changes.set(Id, change);
    call.after(CASE_DELAY, SupportCaseAllowed ? "caseOpened" : "decided", { id: Id });
    return { RequestedQuota: change };
  },
  GetRequestedServiceQuotaChange(call, { RequestId }) {
    const change = call.state.changes.get(RequestId);
    if (!change) throw missing("The request failed because the specified request does not exist.");
    return { RequestedQuota: change };
  },
  ListRequestedServiceQuotaChangeHistory: (call, input) => history(call, input),
  ListRequestedServiceQuotaChangeHistoryByQuota(call, input) {
    findQuota(call, input.ServiceCode, input.QuotaCode);
    return history(call, input);
  },
  TagResource(call, { ResourceARN, Tags }) {
    const arn = taggable(call, ResourceARN);
    const tags = { ...call.state.tags.get(arn), ...Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value])) } as Record<
      string,
      string
    >;
    checkTags(tags);
    call.state.tags.set(arn, tags);
  },
  UntagResource(call, { ResourceARN, TagKeys }) {
    const arn = taggable(call, ResourceARN);
    const left = Object.entries(call.state.tags.get(arn) ?? {}).filter(([key]) => !TagKeys.includes(key));
    call.state.tags.set(arn, Object.fromEntries(left));
  },
  ListTagsForResource(call, { ResourceARN }) {
    const tags = call.state.tags.get(taggable(call, ResourceARN)) ?? {};
    return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
  },
} satisfies Operations<sdk.ServiceQuotas, State, Timers>;

const timers = {
  caseOpened(call: Here, { id }: Timers["caseOpened"]) {
    const change = call.state.changes.get(id);
    if (!change) return;
    const CaseId = String(Math.floor(call.random() * 1e10)).padStart(10, "1");
    Object.assign(change, { Status: "CASE_OPENED", CaseId, LastUpdated: call.date });
    call.after(DECISION_DELAY, "decided", { id });
  },
  decided(call: Here, { id }: Timers["decided"]) {
    const change = call.state.changes.get(id);
    if (!change) return;
    Object.assign(change, { Status: "APPROVED", LastUpdated: call.date });
    call.state.granted.set(`${change.ServiceCode}/${change.QuotaCode}`, change.DesiredValue);
  },
};

export const servicequotas = {
  api: { signing: "servicequotas", protocol: "awsJson1_1", version: "2019-06-24", target: "ServiceQuotasV20190624" },
  sdk: () => import("@aws-sdk/client-service-quotas"),
  state,
  operations,
  timers,
  *tagged(call: Here) {
    for (const [arn, tags] of call.state.tags) yield { arn, tags };
  },
  tag(call: Here, arn: string, set: Record<string, string>, remove: readonly string[]) {
    if (!arn.startsWith("arn:aws:servicequotas:")) return false;
    const own = taggable(call, arn);
    const tags = Object.fromEntries(Object.entries({ ...call.state.tags.get(own), ...set }).filter(([key]) => !remove.includes(key)));
    checkTags(tags);
    call.state.tags.set(own, tags);
    return true;
  },
} satisfies Service;
