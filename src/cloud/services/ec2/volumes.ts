/** Volumes. Guide: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volumes.html */
import type * as sdk from "@aws-sdk/client-ec2";
import type { Operations } from "../../service.ts";
import { filtered } from "./filters.ts";
import { byIds } from "./ids.ts";
import { page } from "./pages.ts";
import type { State } from "./state.ts";

export const volumeOperations = {
  DescribeVolumes(call, { VolumeIds, Filters, MaxResults, NextToken }) {
    const all = byIds(call.state.volumes, "vol", VolumeIds);
    const kept = filtered(all, Filters, {
      "attachment.device": ({ Attachments = [] }) => Attachments.map(({ Device }) => Device),
      "attachment.instance-id": ({ Attachments = [] }) => Attachments.map(({ InstanceId }) => InstanceId),
      "attachment.status": ({ Attachments = [] }) => Attachments.map(({ State: state }) => state),
      "availability-zone": ({ AvailabilityZone }) => AvailabilityZone,
      encrypted: ({ Encrypted }) => Encrypted,
      size: ({ Size }) => Size,
      status: ({ State: state }) => state,
      "volume-id": ({ VolumeId }) => VolumeId,
      "volume-type": ({ VolumeType }) => VolumeType,
    });
    const { items, NextToken: next } = page(kept, { MaxResults, NextToken });
    return { Volumes: items, NextToken: next };
  },
} satisfies Operations<sdk.EC2, State>;
