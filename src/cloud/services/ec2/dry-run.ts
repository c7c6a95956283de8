/** DryRun. Reference: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html */
import { AwsError } from "../../service.ts";

/** Operations that, asked for a dry run, say that they would have succeeded, and do nothing. */
export function honouringDryRun<All extends Record<string, (call: any, input: any) => any>>(operations: All): All {
  const wrapped = Object.entries(operations).map(([name, operation]) => [
    name,
    (call: unknown, input: { DryRun?: boolean }) => {
      if (input.DryRun) throw new AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412);
      return operation(call, input);
    },
  ]);
  return Object.fromEntries(wrapped) as All;
}
