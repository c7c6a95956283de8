/** Dashboards: kept as they are given. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html */
import type * as sdk from "@aws-sdk/client-cloudwatch";
import { AwsError, type Operations } from "../../service.ts";
import { page, type Here, type State, type Timers } from "./state.ts";

export const dashboardOperations = {
  PutDashboard(call, { DashboardName, DashboardBody }) {
    if (!/^[\w-]{1,255}$/.test(DashboardName)) throw wrong([{ DataPath: "/", Message: "The name takes letters, digits, - and _." }]);
    const messages = complaints(DashboardBody);
    if (messages.length) throw wrong(messages);
    call.state.dashboards.set(DashboardName, { body: DashboardBody, modified: call.date });
    return { DashboardValidationMessages: [] };
  },

  GetDashboard(call, { DashboardName }) {
    return { DashboardArn: arnOf(call, DashboardName), DashboardBody: find(call, DashboardName).body, DashboardName };
  },

  ListDashboards(call, { DashboardNamePrefix = "", NextToken }) {
    const all = [...call.state.dashboards].filter(([name]) => name.startsWith(DashboardNamePrefix));
    const { items, next } = page(all, 1000, NextToken);
    const entries = items.map(([name, { body, modified }]) => ({
      DashboardName: name,
      DashboardArn: arnOf(call, name),
      LastModified: modified,
      Size: Buffer.byteLength(body),
    }));
    return { DashboardEntries: entries, NextToken: next };
  },

  DeleteDashboards(call, { DashboardNames }) {
    for (const name of DashboardNames) find(call, name);
    for (const name of DashboardNames) call.state.dashboards.delete(name);
  },
} satisfies Operations<sdk.CloudWatch, State, Timers>;

const arnOf = (call: Here, name: string): string => call.arn("cloudwatch", `dashboard/${name}`, { region: "" });

function find(call: Here, name: string) {
  const dashboard = call.state.dashboards.get(name);
  if (!dashboard) throw new AwsError("DashboardNotFoundError", `Dashboard ${name} does not exist`, 404);
  return dashboard;
}

const wrong = (dashboardValidationMessages: sdk.DashboardValidationMessage[]): AwsError =>
  new AwsError("DashboardInvalidInputError", `The dashboard body is invalid: ${dashboardValidationMessages[0]?.Message}`, 400, {
    dashboardValidationMessages,
  });

function complaints(body: string): sdk.DashboardValidationMessage[] {
  let parsed: { widgets?: unknown };
  try {
    parsed = JSON.parse(body) as typeof parsed;
  } catch {
    return [{ DataPath: "/", Message: "The body is not JSON." }];
  }
  const { widgets } = parsed;
  if (!Array.isArray(widgets)) return [{ DataPath: "/widgets", Message: "Should be an array" }];
  if (widgets.length > 500) return [{ DataPath: "/widgets", Message: "Should have at most 500 widgets" }];
  return widgets.flatMap((widget: { type?: unknown; properties?: unknown }, at) => [
    ...(typeof widget.type === "string" ? [] : [{ DataPath: `/widgets/${at}/type`, Message: "Should be a string" }]),
    ...(typeof widget.properties === "object" ? [] : [{ DataPath: `/widgets/${at}/properties`, Message: "Should be an object" }]),
  ]);
}
