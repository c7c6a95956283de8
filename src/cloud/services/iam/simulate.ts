/** The policy simulator. https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html */
import type * as sdk from "@aws-sdk/client-iam";
import { AwsError, type Operations } from "../../service.ts";
import { entitlementsOf, ofGroup, userByArn, written, type Entitlements, type Written } from "./entitlements.ts";
import { contextKeys, evaluate, type Match, type Source } from "./evaluate.ts";
import { invalidInput, noSuch } from "./names.ts";
import { page } from "./pages.ts";
import type { Values } from "./patterns.ts";
import { statementPositions } from "./positions.ts";
import type { Asker } from "./principals.ts";
import type { Here, State } from "./state.ts";

export const simulationOperations = {
  SimulateCustomPolicy(call, { PolicyInputList, ...given }) {
    return simulate(call, given, { identity: inputs(PolicyInputList, "PolicyInputList") });
  },
  SimulatePrincipalPolicy(call, { PolicySourceArn, PolicyInputList = [], ...given }) {
    const { identity, boundary } = speakingFor(call, PolicySourceArn);
    const more = inputs(PolicyInputList, "PolicyInputList");
    const caller = userByArn(call.state, PolicySourceArn) ? PolicySourceArn : undefined;
    return simulate(call, { CallerArn: caller, ...given }, { identity: [...identity, ...more], boundary });
  },
  GetContextKeysForCustomPolicy(_call, { PolicyInputList }) {
    return { ContextKeyNames: keysOf(inputs(PolicyInputList, "PolicyInputList")) };
  },
  GetContextKeysForPrincipalPolicy(call, { PolicySourceArn, PolicyInputList = [] }) {
    const { identity } = speakingFor(call, PolicySourceArn);
    return { ContextKeyNames: keysOf([...identity, ...inputs(PolicyInputList, "PolicyInputList")]) };
  },
} satisfies Operations<sdk.IAM, State>;

type Given = Omit<Partial<sdk.SimulateCustomPolicyRequest>, "PolicyInputList">;

function simulate(call: Here, given: Given, { identity, boundary }: Entitlements) {
  const {
    ActionNames = [],
    ResourceArns = ["*"],
    ResourceOwner,
    ResourcePolicy,
    PermissionsBoundaryPolicyInputList,
    ContextEntries = [],
    Marker,
    MaxItems,
  } = given;
  for (const action of ActionNames) if (!/^[\w-]+:[\w*?]+$/.test(action)) throw invalidInput(`Invalid Entity Action: ${action}`);
  const limits = PermissionsBoundaryPolicyInputList?.length
    ? inputs(PermissionsBoundaryPolicyInputList, "PermissionsBoundaryPolicyInputList")
    : boundary;
  const resource = ResourcePolicy === undefined ? [] : [written("ResourcePolicy", "resource", ResourcePolicy, "resource")];
  const asker = askerOf(call, given.CallerArn, resource.length > 0);
  const context = contextOf(ContextEntries);
  const results = ActionNames.flatMap((action) =>
    ResourceArns.map((name) => {
      const owner = ResourceOwner === undefined ? undefined : accountOf(ResourceOwner);
      const verdict = evaluate(
        { asker, action, resource: name, resourceAccount: owner, context },
        { identity, boundary: limits, resource },
      );
      const missing = keysOf([...identity, ...(limits ?? []), ...resource]).filter((key) => !context.has(key.toLowerCase()));
      return {
        EvalActionName: action,
        EvalResourceName: name,
        EvalDecision: verdict.decision,
        MatchedStatements: verdict.matched.map(place),
        MissingContextValues: missing,
        ...(limits && { PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: verdict.byBoundary ?? false } }),
        // Only of interest when the resource is another account's.
        ...(owner !== undefined &&
          owner !== asker.account && {
            EvalDecisionDetails: { "IAM Policy": verdict.identityDecision, "Resource Policy": verdict.resourceDecision },
          }),
      };
    }),
  );
  const numbered = results.map((result, index) => ({ result, at: String(index).padStart(8, "0") }));
  const { items, ...rest } = page(numbered, ({ at }) => at, { Marker, MaxItems });
  return { EvaluationResults: items.map(({ result }) => result), ...rest };
}

function place({ source, statement }: Match) {
  const position = statementPositions((source as Written).text)[statement];
  return {
    SourcePolicyId: source.name,
    SourcePolicyType: source.type as sdk.PolicySourceType,
    StartPosition: position?.start,
    EndPosition: position?.end,
  };
}

function inputs(policies: readonly string[], list: string): Written[] {
  return policies.map((text, index) => {
    try {
      return written(`${list}.${index + 1}`, "none", text, "identity");
    } catch (error) {
      // What is malformed elsewhere is invalid input here.
      throw error instanceof AwsError ? invalidInput(error.message) : error;
    }
  });
}

function keysOf(sources: readonly Source[]): string[] {
  const keys = new Map(sources.flatMap(({ document }) => contextKeys(document)).map((name) => [name.toLowerCase(), name]));
  return [...keys.values()];
}

function contextOf(entries: readonly sdk.ContextEntry[]): Values {
  return new Map(entries.map(({ ContextKeyName = "", ContextKeyValues = [] }) => [ContextKeyName.toLowerCase(), ContextKeyValues]));
}

function speakingFor(call: Here, arn: string): Entitlements {
  const group = [...call.state.groups.values()].find(({ Arn }) => Arn === arn);
  const found = group
    ? { identity: ofGroup(call.state, group) }
    : arn.includes(":assumed-role/")
      ? undefined
      : entitlementsOf(call.state, arn);
  if (!found) throw noSuch(`The entity ${arn} cannot be found.`);
  return found;
}

const accountOf = (arn: string): string => /^arn:aws:iam::(\d{12}):/.exec(arn)?.[1] ?? arn;

/** A simulated caller is a user; without one nobody in particular of the account. */
function askerOf(call: Here, arn: string | undefined, needed: boolean): Asker {
  if (arn === undefined) {
    if (needed) throw invalidInput("CallerArn must be provided when ResourcePolicy is provided.");
    return { account: call.account, arn: `arn:aws:iam::${call.account}:user/simulated` };
  }
  if (!/^arn:aws:iam::\d{12}:user\/.+$/.test(arn)) throw invalidInput(`Invalid caller arn ${arn}: only users are supported.`);
  return { account: accountOf(arn), arn, id: userByArn(call.state, arn)?.UserId };
}
