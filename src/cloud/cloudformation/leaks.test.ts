import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { SSM } from "@aws-sdk/client-ssm";
import * as fc from "fast-check";
import { test } from "vitest";
import { clients } from "../clients.ts";
import { Cloud } from "../cloud.ts";
import { isDeepStrictEqual } from "node:util";

/** A step: some of four parameters with a name and a value each, some of them in a chain; perhaps one that cannot be made. */
const step = fc.record({
  parts: fc.array(fc.record({ id: fc.constantFrom("A", "B", "C", "D"), name: fc.nat(2), value: fc.nat(2), after: fc.boolean() }), {
    minLength: 1,
    maxLength: 4,
  }),
  fails: fc.boolean(),
  keeps: fc.boolean(),
});

function template({ parts, fails }: { parts: { id: string; name: number; value: number; after: boolean }[]; fails: boolean }) {
  const ids = [...new Set(parts.map(({ id }) => id))].toSorted();
  const Resources: Record<string, object> = Object.fromEntries(
    ids.map((id, index) => {
      const { name, value, after } = parts.find((part) => part.id === id)!;
      const Value = after && index > 0 ? { "Fn::Sub": `\${${ids[index - 1]}.Value}+` } : `${value}`;
      return [id, { Type: "AWS::SSM::Parameter", Properties: { Type: "String", Name: `/${id}/${name}`, Value } }];
    }),
  );
  if (fails) Resources.Z = { Type: "AWS::SSM::Parameter", DependsOn: ids, Properties: { Type: "String", Name: "/taken", Value: "x" } };
  return JSON.stringify({ Resources });
}

test("whatever is deployed, fails and goes back, the stack's resources are those that exist, with the values that it gave them", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
      const cloud = new Cloud();
      const [cfn, ssm] = [clients(cloud)(CloudFormation), clients(cloud)(SSM)];
      await ssm.putParameter({ Name: "/taken", Value: "x", Type: "String" });
      const existing = async () =>
        Object.fromEntries(
          (await ssm.getParametersByPath({ Path: "/", Recursive: true }))
            .Parameters!.filter(({ Name }) => Name !== "/taken")
            .map(({ Name, Value }) => [Name!, Value!]),
        );
      await cfn.createStack({ StackName: "s", TemplateBody: template({ ...steps[0]!, fails: false }) });
      cloud.settle();
      for (const { keeps, ...wanted } of steps) {
        const before = await existing();
        const failed = await cfn.updateStack({ StackName: "s", TemplateBody: template(wanted), DisableRollback: keeps }).then(
          () => false,
          (error: Error) => /No updates/.test(error.message),
        );
        cloud.settle();
        if (failed) continue;
        let status = (await cfn.describeStacks({ StackName: "s" })).Stacks![0]!.StackStatus;
        if (status === "UPDATE_FAILED") {
          await cfn.rollbackStack({ StackName: "s" });
          cloud.settle();
          status = (await cfn.describeStacks({ StackName: "s" })).Stacks![0]!.StackStatus;
        }
        if (status !== (wanted.fails ? "UPDATE_ROLLBACK_COMPLETE" : "UPDATE_COMPLETE")) return false;
        const now = await existing();
        if (wanted.fails && !isDeepStrictEqual(now, before)) return false;
        const own = (await cfn.listStackResources({ StackName: "s" }))
          .StackResourceSummaries!.map(({ PhysicalResourceId }) => PhysicalResourceId!)
          .toSorted();
        if (!isDeepStrictEqual(own, Object.keys(now).toSorted())) return false;
      }
      await cfn.deleteStack({ StackName: "s" });
      cloud.settle();
      return Object.keys(await existing()).length === 0;
    }),
    { numRuns: 40 },
  );
});
