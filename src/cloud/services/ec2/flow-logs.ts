/** Flow logs: which traffic is to be recorded, and where. Guide: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, resource, type Call, type Known, type Operations } from "../../service.ts";
import { madeBefore, remember } from "./client-tokens.ts";
import { filtered } from "./filters.ts";
import { byId } from "./ids.ts";
import { page } from "./pages.ts";
import type { State } from "./state.ts";
import { resourceTags, retag, tagsOf } from "./tags.ts";

export type FlowLog = Known<
  sdk.FlowLog,
  "FlowLogId" | "FlowLogStatus" | "ResourceId" | "CreationTime" | "LogDestinationType" | "LogFormat" | "MaxAggregationInterval" | "Tags"
>;
type Here = Call<State>;

// docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
const FORMAT =
  "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}";

export const flowLogOperations = {
  CreateFlowLogs(call, input) {
    const { ClientToken: given, ...request } = input;
    const before = madeBefore(call, "CreateFlowLogs", given, request);
    if (before !== undefined) return { FlowLogIds: before.split(","), ClientToken: given, Unsuccessful: [] };
    check(input);
    const tags = tagsOf(call, input.TagSpecifications, "vpc-flow-log");
    const failures = input.ResourceIds.flatMap((id) => refusal(call, input, id) ?? []);
    const refused = new Set(failures.map(({ ResourceId }) => ResourceId));
    const made = input.ResourceIds.filter((id) => !refused.has(id)).map((id) => make(call, input, id, tags).FlowLogId);
    if (made.length > 0) remember(call, "CreateFlowLogs", given, request, made.join(","));
    return { FlowLogIds: made, ClientToken: given ?? call.uuid(), Unsuccessful: failures };
  },
  DeleteFlowLogs(call, { FlowLogIds }) {
    const unknown = FlowLogIds.filter((id) => !call.state.flowLogs.has(id));
    for (const id of FlowLogIds) call.state.flowLogs.delete(id);
    return {
      Unsuccessful: unknown.map((ResourceId) => ({
        ResourceId,
        Error: { Code: "InvalidFlowLogId.NotFound", Message: `These flow log ids in the input list are not found: [${ResourceId}]` },
      })),
    };
  },
  DescribeFlowLogs(call, { FlowLogIds, Filter, MaxResults, NextToken }) {
    const unknown = FlowLogIds?.filter((id) => !call.state.flowLogs.has(id)) ?? [];
    if (unknown.length > 0)
      throw new AwsError("InvalidFlowLogId.NotFound", `These flow log ids in the input list are not found: [${unknown.join(", ")}]`);
    const logs = [...call.state.flowLogs.values()].filter(({ FlowLogId }) => !FlowLogIds?.length || FlowLogIds.includes(FlowLogId));
    const kept = filtered(logs, Filter, {
      "deliver-log-status": ({ DeliverLogsStatus }) => DeliverLogsStatus,
      "log-destination-type": ({ LogDestinationType }) => LogDestinationType,
      "flow-log-id": ({ FlowLogId }) => FlowLogId,
      "log-group-name": ({ LogGroupName }) => LogGroupName,
      "resource-id": ({ ResourceId }) => ResourceId,
      "traffic-type": ({ TrafficType }) => TrafficType,
    });
    const { items, NextToken: next } = page(kept, { MaxResults, NextToken, least: 1 });
    return { FlowLogs: items, NextToken: next };
  },
} satisfies Operations<sdk.EC2, State>;

function make(call: Here, input: sdk.CreateFlowLogsRequest, resourceId: string, tags: sdk.Tag[]): FlowLog {
  const id = call.id("fl");
  const {
    TrafficType,
    LogDestinationType = "cloud-watch-logs",
    LogDestination,
    LogGroupName,
    LogFormat = FORMAT,
    DeliverLogsPermissionArn,
    DeliverCrossAccountRole,
    DestinationOptions,
  } = input;
  const log: FlowLog = {
    FlowLogId: id,
    FlowLogStatus: "ACTIVE",
    CreationTime: call.date,
    ResourceId: resourceId,
    TrafficType,
    LogDestinationType,
    LogDestination,
    LogGroupName: groupIn(LogDestinationType, LogGroupName, LogDestination),
    LogFormat,
    DeliverLogsPermissionArn,
    DeliverCrossAccountRole,
    DeliverLogsStatus: "SUCCESS",
    MaxAggregationInterval: input.MaxAggregationInterval ?? 600, // seconds: docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
    DestinationOptions,
    Tags: structuredClone(tags),
  };
  call.state.flowLogs.set(id, log);
  return log;
}

/** The log group's name, also where the destination names it by its ARN. */
function groupIn(type: string, name: string | undefined, destination: string | undefined): string | undefined {
  if (type !== "cloud-watch-logs" || name !== undefined) return name;
  return destination?.split(":log-group:")[1]?.replace(/:\*$/, "");
}

function check(input: sdk.CreateFlowLogsRequest): void {
  const {
    ResourceIds = [],
    ResourceType = "",
    TrafficType,
    LogDestinationType = "cloud-watch-logs",
    LogDestination,
    LogGroupName,
    DeliverLogsPermissionArn,
    MaxAggregationInterval = 600,
  } = input;
  if (ResourceIds.length === 0) throw new AwsError("MissingParameter", "The request must contain the parameter ResourceIds");
  if (!kinds[ResourceType]) throw new AwsError("InvalidParameter", `Unsupported resource type ${ResourceType}.`);
  if (!ResourceType.startsWith("TransitGateway") && !["ALL", "ACCEPT", "REJECT"].includes(TrafficType ?? ""))
    throw new AwsError("InvalidParameter", "TrafficType must be one of ACCEPT, REJECT, ALL.");
  if (MaxAggregationInterval !== 60 && MaxAggregationInterval !== 600)
    throw new AwsError("InvalidParameter", "MaxAggregationInterval must be 60 or 600.");
  if (LogDestinationType === "cloud-watch-logs") {
    if (LogGroupName === undefined && LogDestination === undefined)
      throw new AwsError("InvalidParameter", "LogDestination or LogGroupName can't be empty if LogDestinationType is cloud-watch-logs.");
    if (LogGroupName !== undefined && LogDestination !== undefined)
      throw new AwsError("InvalidParameter", "Please only provide LogGroupName or only provide LogDestination.");
    if (DeliverLogsPermissionArn === undefined)
      throw new AwsError("InvalidParameter", "DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs.");
  } else if (LogDestinationType === "s3" || LogDestinationType === "kinesis-data-firehose") {
    if (!LogDestination?.startsWith("arn:"))
      throw new AwsError("InvalidParameter", `LogDestination can't be empty if LogDestinationType is ${LogDestinationType}.`);
  } else {
    throw new AwsError("InvalidParameter", "LogDestinationType must be one of cloud-watch-logs, s3, kinesis-data-firehose.");
  }
}

const kinds: Record<string, (state: State) => ReadonlyMap<string, unknown>> = {
  VPC: (state) => state.vpcs,
  Subnet: (state) => state.subnets,
  NetworkInterface: (state) => state.networkInterfaces,
};

const prefixes = { VPC: "vpc", Subnet: "subnet", NetworkInterface: "eni" } as const;

/** Why a resource gets no flow log; the other resources of the request still do. */
function refusal(call: Here, input: sdk.CreateFlowLogsRequest, resourceId: string): sdk.UnsuccessfulItem | undefined {
  const { ResourceType = "", TrafficType, LogGroupName, LogDestination, LogDestinationType = "cloud-watch-logs" } = input;
  try {
    byId(kinds[ResourceType]!(call.state), prefixes[ResourceType as keyof typeof prefixes], resourceId);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { ResourceId: resourceId, Error: { Code: error.code, Message: error.message } };
  }
  const group = groupIn(LogDestinationType, LogGroupName, LogDestination);
  const same = [...call.state.flowLogs.values()].some(
    (log) =>
      log.ResourceId === resourceId &&
      log.TrafficType === TrafficType &&
      log.LogDestinationType === LogDestinationType &&
      (group === undefined ? log.LogDestination === LogDestination : log.LogGroupName === group),
  );
  if (!same) return undefined;
  return {
    ResourceId: resourceId,
    Error: {
      Code: "FlowLogAlreadyExists",
      Message: "Error. There is an existing Flow Log with the same configuration and log destination.",
    },
  };
}

export const flowLogResources = {
  "AWS::EC2::FlowLog": resource({
    create(call: Here, properties, stack) {
      const {
        ResourceId,
        ResourceType,
        TrafficType,
        LogDestinationType,
        LogDestination,
        LogGroupName,
        LogFormat,
        DeliverLogsPermissionArn,
        DeliverCrossAccountRole,
        MaxAggregationInterval,
      } = properties;
      const options = properties["DestinationOptions"];
      const { FlowLogIds, Unsuccessful } = flowLogOperations.CreateFlowLogs(call, {
        ResourceIds: [ResourceId],
        ResourceType,
        TrafficType,
        LogDestinationType,
        LogDestination,
        LogGroupName,
        LogFormat,
        DeliverLogsPermissionArn,
        DeliverCrossAccountRole,
        MaxAggregationInterval: MaxAggregationInterval === undefined ? undefined : Number(MaxAggregationInterval),
        DestinationOptions: options && {
          FileFormat: options.FileFormat,
          HiveCompatiblePartitions: String(options.HiveCompatiblePartitions) === "true",
          PerHourPartition: String(options.PerHourPartition) === "true",
        },
        TagSpecifications: [{ ResourceType: "vpc-flow-log", Tags: resourceTags(properties["Tags"], stack) }],
      });
      const failure = Unsuccessful[0]?.Error;
      if (failure) throw new AwsError(failure.Code ?? "InvalidParameter", failure.Message ?? "");
      return FlowLogIds[0]!;
    },
    update: (call: Here, id, { Tags }, previous, stack) => retag(call, id, Tags, previous["Tags"], stack),
    delete: (call: Here, id) => void call.state.flowLogs.delete(id),
    attributes: (_call, id) => ({ Id: id }),
  }),
};
