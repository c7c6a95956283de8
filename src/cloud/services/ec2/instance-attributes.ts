/** What of an instance can be asked and changed one by one. Reference: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceAttribute.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { machineOf } from "../../../world/machines.ts";
import { AwsError, type Checked, type Operations } from "../../service.ts";
import { filtered } from "./filters.ts";
import { byIds } from "./ids.ts";
import { instanceType } from "./instance-types.ts";
import { disks } from "./instance-view.ts";
import { creditsOf, reservationWish, typeOf } from "./instance-wishes.ts";
import { findInstance, type Instance } from "./instances.ts";
import { groupsOf } from "./interfaces.ts";
import { hardware, reservationFacts, typeFacts } from "./launches.ts";
import { page } from "./pages.ts";
import { findReservation } from "./capacity-reservations.ts";
import type { Here, State } from "./state.ts";

type Change = Checked<sdk.ModifyInstanceAttributeRequest>;

const invalid = (message: string) => new AwsError("InvalidParameterValue", message);

export const instanceAttributeOperations = {
  DescribeInstanceAttribute(call, { InstanceId, Attribute }) {
    const found = findInstance(call, InstanceId);
    const show = Object.hasOwn(attributes, Attribute) ? attributes[Attribute] : undefined;
    if (!show) throw new AwsError("NotImplemented", `Causeway does not emulate this attribute of instances: ${Attribute}.`, 501);
    return { InstanceId, ...show(found, call) };
  },

  ModifyInstanceAttribute(call, request) {
    const found = findInstance(call, request.InstanceId);
    const { name, value } = wanted(request);
    const change = Object.hasOwn(changes, name) ? changes[name] : undefined;
    if (!change) throw new AwsError("NotImplemented", `Causeway does not emulate this attribute of instances: ${name}.`, 501);
    if (found.state === "terminated" || found.state === "shutting-down")
      throw new AwsError("IncorrectInstanceState", `The instance '${found.InstanceId}' is ${found.state}.`);
    change(call, found, value);
  },

  ModifyInstanceCapacityReservationAttributes(call, { InstanceId, CapacityReservationSpecification }) {
    const found = findInstance(call, InstanceId);
    checkStopped(found, "CapacityReservationSpecification");
    const wish = reservationWish(CapacityReservationSpecification);
    if (wish?.id !== undefined) findReservation(call, wish.id);
    found.CapacityReservationSpecification = reservationFacts(wish);
    return { Return: true };
  },

  DescribeInstanceCreditSpecifications(call, { InstanceIds, Filters, MaxResults, NextToken }) {
    const all = byIds(call.state.instances, "i", InstanceIds);
    const strange = InstanceIds?.length ? all.find(({ credits }) => credits === undefined) : undefined;
    if (strange) throw invalid(`The instance '${strange.InstanceId}' is not a burstable performance instance.`);
    // Unless they are asked for by id, those with the credits of their kind's old default are left out.
    const shown = all.filter(({ credits }) => credits === "unlimited" || (credits !== undefined && InstanceIds?.length));
    const kept = filtered(shown, Filters, { "instance-id": ({ InstanceId }) => InstanceId });
    const { items, NextToken: next } = page(kept, { MaxResults, NextToken });
    return { InstanceCreditSpecifications: items.map(({ InstanceId, credits }) => ({ InstanceId, CpuCredits: credits })), NextToken: next };
  },

  ModifyInstanceCreditSpecification(call, { InstanceCreditSpecifications }) {
    const found = InstanceCreditSpecifications.map(({ InstanceId = "", CpuCredits }) => {
      const instance = findInstance(call, InstanceId);
      return { instance, credits: creditsOf(instanceType(instance.InstanceType)!, { CpuCredits }) };
    });
    for (const { instance, credits } of found) instance.credits = credits;
    const SuccessfulInstanceCreditSpecifications = found.map(({ instance }) => ({ InstanceId: instance.InstanceId }));
    return { SuccessfulInstanceCreditSpecifications, UnsuccessfulInstanceCreditSpecifications: [] };
  },
} satisfies Operations<sdk.EC2, State>;

type Answer = Omit<sdk.InstanceAttribute, "InstanceId">;

const attributes: Record<string, (instance: Instance, call: Here) => Answer> = {
  blockDeviceMapping: ({ volumes }, call) => ({ BlockDeviceMappings: disks(call, volumes) }),
  disableApiStop: ({ protection }) => ({ DisableApiStop: { Value: protection.stop } }),
  disableApiTermination: ({ protection }) => ({ DisableApiTermination: { Value: protection.termination } }),
  ebsOptimized: ({ EbsOptimized }) => ({ EbsOptimized: { Value: EbsOptimized ?? false } }),
  enaSupport: ({ EnaSupport }) => ({ EnaSupport: { Value: EnaSupport ?? false } }),
  enclaveOptions: () => ({ EnclaveOptions: { Enabled: false } }),
  groupSet: ({ interfaceId }, { state }) => ({ Groups: state.networkInterfaces.get(interfaceId)?.Groups ?? [] }),
  instanceInitiatedShutdownBehavior: ({ shutdown }) => ({ InstanceInitiatedShutdownBehavior: { Value: shutdown } }),
  instanceType: ({ InstanceType }) => ({ InstanceType: { Value: InstanceType } }),
  kernel: () => ({ KernelId: {} }),
  productCodes: () => ({ ProductCodes: [] }),
  ramdisk: () => ({ RamdiskId: {} }),
  rootDeviceName: ({ RootDeviceName }) => ({ RootDeviceName: { Value: RootDeviceName } }),
  sourceDestCheck: ({ interfaceId }, { state }) => ({
    SourceDestCheck: { Value: state.networkInterfaces.get(interfaceId)?.SourceDestCheck ?? true },
  }),
  sriovNetSupport: () => ({ SriovNetSupport: { Value: "simple" } }),
  userData: ({ userData }) => ({ UserData: userData === undefined ? {} : { Value: userData } }),
};

/** One attribute a call, by its own member or by name and value; the value is as the member has it. */
function wanted({ InstanceId: _id, DryRun: _dryRun, Attribute, Value, ...members }: Change): { name: string; value: unknown } {
  const given = Object.entries(members).filter(([, value]) => value !== undefined);
  if (given.length + (Attribute === undefined ? 0 : 1) !== 1)
    throw new AwsError("InvalidParameterCombination", "Exactly one attribute of an instance can be modified at a time.");
  if (Attribute !== undefined) return { name: Attribute, value: Value };
  const [member, value] = given[0]!;
  if (member === "Groups" || member === "BlockDeviceMappings")
    return { name: member === "Groups" ? "groupSet" : "blockDeviceMapping", value };
  const inner = (value as { Value?: unknown }).Value;
  return {
    name: member[0]!.toLowerCase() + member.slice(1),
    value: inner instanceof Uint8Array ? Buffer.from(inner).toString("base64") : inner,
  };
}

const isSet = (value: unknown): boolean => value === true || value === "true";

const changes: Record<string, (call: Here, instance: Instance, value: unknown) => void> = {
  disableApiTermination: (_call, { protection }, value) => void (protection.termination = isSet(value)),
  disableApiStop: (_call, { protection }, value) => void (protection.stop = isSet(value)),
  ebsOptimized(_call, instance, value) {
    checkStopped(instance, "ebsOptimized");
    instance.EbsOptimized = isSet(value);
  },
  instanceInitiatedShutdownBehavior(_call, instance, value) {
    if (value !== "stop" && value !== "terminate")
      throw invalid(`Value (${String(value)}) for parameter instanceInitiatedShutdownBehavior is invalid.`);
    instance.shutdown = value;
  },
  sourceDestCheck(call, { interfaceId }, value) {
    const own = call.state.networkInterfaces.get(interfaceId);
    if (own) own.SourceDestCheck = isSet(value);
  },
  groupSet(call, { interfaceId, SubnetId, VpcId }, value) {
    const ids = value as string[];
    const own = call.state.networkInterfaces.get(interfaceId);
    const groups = groupsOf(call, ids, { SubnetId, VpcId });
    if (own) own.Groups = groups;
  },
  userData(_call, instance, value) {
    checkStopped(instance, "userData");
    instance.userData = typeof value === "string" && value !== "" ? value : undefined;
  },
  instanceType(call, instance, value) {
    checkStopped(instance, "instanceType");
    const type = typeOf(String(value), instance);
    const credits = creditsOf(type);
    Object.assign(instance, typeFacts(type), { credits });
    // It comes up on another machine when it starts.
    Object.assign(machineOf(call.world, instance.InstanceId), hardware(type));
  },
  blockDeviceMapping(call, instance, value) {
    const mappings = value as sdk.InstanceBlockDeviceMappingSpecification[];
    const found = mappings.map(({ DeviceName, Ebs }) => {
      const disk = instance.volumes.find(({ device }) => device === DeviceName);
      if (!disk) throw new AwsError("InvalidInstanceAttributeValue", `No device is currently mapped at ${DeviceName}`);
      return { disk, gone: Ebs?.DeleteOnTermination ?? disk.gone };
    });
    for (const { disk, gone } of found) {
      disk.gone = gone;
      for (const attachment of call.state.volumes.get(disk.volumeId)?.Attachments ?? []) attachment.DeleteOnTermination = gone;
    }
  },
};

function checkStopped({ InstanceId, state }: Instance, attribute: string): void {
  if (state !== "stopped")
    throw new AwsError(
      "IncorrectInstanceState",
      `The instance '${InstanceId}' is not in the 'stopped' state: ${attribute} cannot be changed.`,
    );
}
