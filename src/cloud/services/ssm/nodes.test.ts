/** Managed nodes and commands: machines of a data centre that register, go silent, find back, and do what they are told. */
import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { IAM } from "@aws-sdk/client-iam";
import { SSM } from "@aws-sdk/client-ssm";
import { expect, test } from "vitest";
import { days, gib, hours, minutes, plus, seconds, type Duration, type Instant } from "../../../kernel/units.ts";
import { clients } from "../../clients.ts";
import { Cloud, root, ACCOUNT } from "../../cloud.ts";

const region = "eu-west-1";

/** Hosts of the site `hq`, switched on, registered by one activation. The clock stands at zero plus 30 s, their boot. */
async function site(hosts = 1, { limit = hosts } = {}) {
  const cloud = new Cloud({ paranoid: true, latencies: "median" });
  const at = clients(cloud);
  const ssm = at(SSM, { region });
  const trust = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: "ssm.amazonaws.com" }, Action: "sts:AssumeRole" }],
  };
  await at(IAM, { region }).createRole({ RoleName: "hosts", AssumeRolePolicyDocument: JSON.stringify(trust) });
  const names = Array.from({ length: hosts }, (_, number) => `rack-${number + 1}`);
  for (const [number, machine] of names.entries()) {
    cloud.act({ act: "place-host", machine, site: "hq", address: `10.64.8.${number + 11}`, cores: 16, memory: gib(64), boot: 30_000 });
    cloud.act({ act: "power-on", machine });
  }
  const after = (delay: Duration) => void cloud.advance(plus(cloud.run.now, delay));
  after(seconds(30));
  const activation = await ssm.createActivation({ IamRole: "hosts", RegistrationLimit: limit, Tags: [{ Key: "fleet", Value: "racks" }] });
  const { ActivationId, ActivationCode } = activation as { ActivationId: string; ActivationCode: string };
  const register = (Machine: string, more: object = {}): string =>
    cloud.call({
      service: "ssm",
      operation: "RegisterManagedInstance",
      input: { ActivationId, ActivationCode, Machine, ...more },
      region,
      principal: root(ACCOUNT),
    }).InstanceId;
  const nodes = names.map((name) => register(name));
  const status = async (InstanceId: string) => {
    const { InstanceInformationList } = await ssm.describeInstanceInformation({ Filters: [{ Key: "InstanceIds", Values: [InstanceId] }] });
    const [{ PingStatus, LastPingDateTime }] = InstanceInformationList as [{ PingStatus: string; LastPingDateTime: Date }];
    return { PingStatus, ping: LastPingDateTime.getTime() / 1000 };
  };
  return { cloud, ssm, nodes, register, after, status, now: () => cloud.run.now / 1000, ActivationId };
}

test("SSM-001 an activation takes as many machines as it is for, until it expires, and gives them its tags", async () => {
  const { ssm, register, nodes, after, cloud, ActivationId } = await site(1);
  cloud.act({ act: "place-host", machine: "rack-9", site: "hq", address: "10.64.8.99", cores: 1, memory: gib(1), boot: 1000 });
  cloud.act({ act: "power-on", machine: "rack-9" });
  after(seconds(1));
  expect(() => register("rack-9")).toThrow("as many machines as it is for");
  expect(() => register("rack-9", { ActivationCode: "guessed" })).toThrow("do not match");
  const { ActivationList } = await ssm.describeActivations({ Filters: [{ FilterKey: "ActivationIds", FilterValues: [ActivationId] }] });
  expect(ActivationList).toMatchObject([{ RegistrationLimit: 1, RegistrationsCount: 1, Expired: false }]);
  after(hours(24));
  expect((await ssm.describeActivations({})).ActivationList?.[0]?.Expired).toBe(true);
  // The machine that is registered stays.
  const byTag = await ssm.describeInstanceInformation({ Filters: [{ Key: "tag:fleet", Values: ["racks"] }] });
  expect(byTag.InstanceInformationList?.map(({ InstanceId }) => InstanceId)).toEqual(nodes);
  await expect(
    ssm.createActivation({ IamRole: "hosts", ExpirationDate: new Date(Number(cloud.run.now) + 31 * 86_400_000) }),
  ).rejects.toThrow("30 days");
  await expect(ssm.createActivation({ IamRole: "hosts", RegistrationLimit: 1001 })).rejects.toThrow("1000");
});

test("SSM-002 a role that Systems Manager may not take is refused, and registering again gives a new id", async () => {
  const { ssm, nodes, register } = await site(1, { limit: 2 });
  expect(nodes[0]).toMatch(/^mi-[0-9a-f]{17}$/);
  await expect(ssm.createActivation({ IamRole: "nobody" })).rejects.toMatchObject({ name: "ValidationException" });
  const again = register("rack-1");
  expect(again).not.toBe(nodes[0]);
  const { InstanceInformationList } = await ssm.describeInstanceInformation({});
  expect(InstanceInformationList?.map(({ InstanceId }) => InstanceId)).toEqual([again]);
});

test("SSM-005 SSM-006 a node whose line is cut stays Online until two heartbeats are missed, and is back at its next one", async () => {
  const { cloud, nodes, status, after, ssm } = await site();
  // Registered at 30 s; heartbeats at 330, 630, …
  after(seconds(700)); // 730
  expect(await status(nodes[0]!)).toEqual({ PingStatus: "Online", ping: 630 });
  cloud.act({ act: "cut-lines", site: "hq", region });
  // The last heartbeat was at 630: ten minutes later is 1230.
  after(seconds(499)); // 1229
  expect(await status(nodes[0]!)).toEqual({ PingStatus: "Online", ping: 630 });
  after(seconds(1));
  expect(await status(nodes[0]!)).toEqual({ PingStatus: "ConnectionLost", ping: 630 });
  after(seconds(70)); // 1300
  cloud.act({ act: "mend-lines", site: "hq", region });
  after(seconds(229)); // 1529
  expect((await status(nodes[0]!)).PingStatus).toBe("ConnectionLost");
  after(seconds(1)); // 1530
  expect(await status(nodes[0]!)).toEqual({ PingStatus: "Online", ping: 1530 });
  expect((await ssm.getConnectionStatus({ Target: nodes[0] })).Status).toBe("notconnected"); // SSM-007: the standard tier
});

test("SSM-004 after hours without AWS the node comes back when it next asks for credentials, within half an hour", async () => {
  const { cloud, nodes, status, after, now } = await site();
  after(seconds(300)); // 330, a heartbeat
  cloud.act({ act: "cut-lines", site: "hq", region });
  after(hours(3));
  cloud.act({ act: "mend-lines", site: "hq", region });
  const mended = now(); // 11130
  // Credentials ran out at 330 + 3600 = 3930. Asked for after 1, 3, 7, … 2^n - 1 s: to 5977 (2047 s); then every 1800 s: 7777, 9577, 11377.
  after(seconds(11_377 - mended - 1));
  expect((await status(nodes[0]!)).PingStatus).toBe("ConnectionLost");
  after(seconds(1));
  expect((await status(nodes[0]!)).PingStatus).toBe("Online");
});

test("SSM-007 SSM-017 sessions to machines outside AWS need the advanced tier", async () => {
  const { ssm, nodes } = await site();
  expect((await ssm.getConnectionStatus({ Target: nodes[0] })).Status).toBe("notconnected");
  await ssm.updateServiceSetting({ SettingId: "/ssm/managed-instance/activation-tier", SettingValue: "advanced" });
  expect((await ssm.getConnectionStatus({ Target: nodes[0] })).Status).toBe("connected");
});

const shell = { DocumentName: "AWS-RunShellScript", Parameters: { commands: ["systemctl restart app"] } };

test("SSM-008 SSM-010 a command begins with one node and doubles with each answer", async () => {
  const { cloud, ssm, nodes, after } = await site(8);
  cloud.act({ act: "script", part: "restart app", takes: 9000, exit: 0, output: "done\n" });
  const { Command } = await ssm.sendCommand({ ...shell, Targets: [{ Key: "tag:fleet", Values: ["racks"] }] });
  const CommandId = Command?.CommandId ?? "";
  const counts = async () => {
    const { CommandInvocations = [] } = await ssm.listCommandInvocations({ CommandId });
    const count = (status: string) => CommandInvocations.filter(({ Status }) => Status === status).length;
    return [count("Pending"), count("InProgress"), count("Success")];
  };
  // Delivered after 1 s, done 9 s later: rounds of ten seconds. One; then two; four; and the last, which is alone.
  after(seconds(5));
  expect(await counts()).toEqual([7, 1, 0]);
  after(seconds(10));
  expect(await counts()).toEqual([5, 2, 1]);
  after(seconds(10));
  expect(await counts()).toEqual([1, 4, 3]);
  after(seconds(10));
  expect(await counts()).toEqual([0, 1, 7]);
  after(seconds(10));
  expect((await ssm.listCommands({ CommandId })).Commands).toMatchObject([{ Status: "Success", TargetCount: 8, CompletedCount: 8 }]);
  expect(await ssm.getCommandInvocation({ CommandId, InstanceId: nodes[0] })).toMatchObject({
    ResponseCode: 0,
    StandardOutputContent: "done\n",
  });
});

test("SSM-010 SSM-012 after one failure too many no more are sent: the rest is Terminated", async () => {
  const { cloud, ssm, nodes, after } = await site(4);
  cloud.act({ act: "script", part: "restart app", takes: 1000, exit: 3, output: "no such unit" });
  const { Command } = await ssm.sendCommand({ ...shell, InstanceIds: nodes, MaxErrors: "1" });
  after(minutes(1));
  // One fails; then two more go, both fail: the second of them all is one too many, and what is under way goes on.
  const { CommandInvocations = [] } = await ssm.listCommandInvocations({ CommandId: Command?.CommandId });
  expect(CommandInvocations.map(({ StatusDetails }) => StatusDetails)).toEqual(["Failed", "Failed", "Failed", "Terminated"]);
  expect((await ssm.listCommands({ CommandId: Command?.CommandId })).Commands).toMatchObject([
    { Status: "Failed", StatusDetails: "Failed" },
  ]);
});

test("SSM-009 SSM-011 a node that is away gets its command when it is back, and none when its time is over", async () => {
  const { cloud, ssm, nodes, after } = await site();
  cloud.act({ act: "cut-lines", site: "hq", region });
  const late = await ssm.sendCommand({ ...shell, InstanceIds: nodes, TimeoutSeconds: 60 });
  const patient = await ssm.sendCommand({ ...shell, InstanceIds: nodes, TimeoutSeconds: 3600 });
  after(minutes(20));
  cloud.act({ act: "mend-lines", site: "hq", region });
  after(minutes(6));
  const details = async (command: typeof late) =>
    (await ssm.getCommandInvocation({ CommandId: command.Command?.CommandId, InstanceId: nodes[0] })).StatusDetails;
  expect([await details(late), await details(patient)]).toEqual(["Delivery Timed Out", "Success"]);
});

test("SSM-009 SSM-012 a node that never comes back: the command times out after delivery and execution, 60 + 3600 s", async () => {
  const { cloud, ssm, nodes, after } = await site();
  cloud.act({ act: "power-off", machine: "rack-1" });
  const { Command } = await ssm.sendCommand({ ...shell, InstanceIds: nodes, TimeoutSeconds: 60 });
  const status = async () => (await ssm.listCommands({ CommandId: Command?.CommandId })).Commands?.[0]?.StatusDetails;
  after(seconds(3659));
  expect(await status()).toBe("Pending");
  after(seconds(1));
  expect(await status()).toBe("DeliveryTimedOut");
});

test("SSM-009 only the agent says that a script took too long", async () => {
  const { cloud, ssm, nodes, after } = await site();
  cloud.act({ act: "script", part: "sleep", takes: 7_200_000, exit: 0, output: "" });
  const Parameters = { commands: ["sleep 7200"], executionTimeout: ["600"] };
  const { Command } = await ssm.sendCommand({ DocumentName: "AWS-RunShellScript", InstanceIds: nodes, Parameters });
  after(seconds(602));
  expect((await ssm.getCommandInvocation({ CommandId: Command?.CommandId, InstanceId: nodes[0] })).StatusDetails).toBe(
    "Execution Timed Out",
  );
});

test("SSM-011 what is under way when the line goes is finished, and told when it is back", async () => {
  const { cloud, ssm, nodes, after } = await site();
  cloud.act({ act: "script", part: "restart app", takes: 60_000, exit: 0, output: "done" });
  const { Command } = await ssm.sendCommand({ ...shell, InstanceIds: nodes });
  after(seconds(10));
  cloud.act({ act: "cut-lines", site: "hq", region });
  after(minutes(8));
  const invocation = () => ssm.getCommandInvocation({ CommandId: Command?.CommandId, InstanceId: nodes[0] });
  expect((await invocation()).Status).toBe("InProgress");
  cloud.act({ act: "mend-lines", site: "hq", region });
  after(minutes(5));
  expect(await invocation()).toMatchObject({ Status: "Success", StandardOutputContent: "done" });
});

test("SSM-013 SSM-014 a baseline approves by days since the release; what waits for a restart is not compliant until then", async () => {
  const { cloud, ssm, nodes, after } = await site();
  const PatchRules = [
    {
      PatchFilterGroup: { PatchFilters: [{ Key: "PRIORITY" as const, Values: ["Required"] }] },
      ApproveAfterDays: 7,
    },
  ];
  const { BaselineId } = await ssm.createPatchBaseline({
    Name: "racks",
    OperatingSystem: "DEBIAN",
    ApprovalRules: { PatchRules },
    RejectedPatches: ["bad-1.1"],
  });
  await ssm.registerDefaultPatchBaseline({ BaselineId });
  for (const [patch, reboot] of [
    ["openssl-3.0.17", false],
    ["linux-6.1.150", true],
    ["bad-1.1", false],
  ] as const)
    cloud.act({ act: "publish-patch", patch, system: "DEBIAN", reboot });
  const run = async (Operation: string, RebootOption = "NoReboot") => {
    await ssm.sendCommand({
      DocumentName: "AWS-RunPatchBaseline",
      InstanceIds: nodes,
      Parameters: { Operation: [Operation], RebootOption: [RebootOption] },
    });
    after(minutes(5));
    const { Patches = [] } = await ssm.describeInstancePatches({ InstanceId: nodes[0] });
    return Object.fromEntries(Patches.map(({ Title = "", State }) => [Title, State]));
  };
  after((days(7) - minutes(10)) as Duration);
  expect(await run("Scan")).toEqual({}); // seven days have not passed yet
  after(minutes(10));
  expect(await run("Scan")).toEqual({ "linux-6.1.150": "MISSING", "openssl-3.0.17": "MISSING" });
  expect(await run("Install")).toEqual({ "linux-6.1.150": "INSTALLED_PENDING_REBOOT", "openssl-3.0.17": "INSTALLED" });
  expect((await ssm.describeInstancePatchStates({ InstanceIds: nodes })).InstancePatchStates).toMatchObject([
    { InstalledCount: 1, InstalledPendingRebootCount: 1, MissingCount: 0, Operation: "Install" },
  ]);
  cloud.act({ act: "power-off", machine: "rack-1" });
  cloud.act({ act: "power-on", machine: "rack-1" });
  after(minutes(1));
  expect(await run("Scan")).toEqual({ "linux-6.1.150": "INSTALLED", "openssl-3.0.17": "INSTALLED" });
});

test("SSM-014 RebootIfNeeded restarts the machine, and the command ends when it is back", async () => {
  const { cloud, ssm, nodes, after } = await site();
  cloud.act({ act: "publish-patch", patch: "linux-6.1.150", system: "DEBIAN", reboot: true });
  const { Command } = await ssm.sendCommand({
    DocumentName: "AWS-RunPatchBaseline",
    InstanceIds: nodes,
    Parameters: { Operation: ["Install"] },
  });
  const status = async () => (await ssm.getCommandInvocation({ CommandId: Command?.CommandId, InstanceId: nodes[0] })).Status;
  // 1 s to deliver, 30 s to look and 20 s to install: at 51 s it restarts, which takes 30 s.
  after(seconds(52));
  expect([cloud.run.universe.world.machines.get("rack-1")?.state, await status()]).toEqual(["booting", "InProgress"]);
  after(seconds(30));
  expect([cloud.run.universe.world.machines.get("rack-1")?.state, await status()]).toEqual(["on", "Success"]);
});

test("a plugin that nobody has written is refused by name, and a document that is none", async () => {
  const { ssm, nodes } = await site();
  const document = { schemaVersion: "2.2", mainSteps: [{ action: "aws:runDockerAction", name: "run", inputs: {} }] };
  await ssm.createDocument({ Name: "docker", Content: JSON.stringify(document), DocumentType: "Command" });
  await expect(ssm.sendCommand({ DocumentName: "docker", InstanceIds: nodes })).rejects.toThrow("aws:runDockerAction");
  await expect(ssm.createDocument({ Name: "broken", Content: "{", DocumentType: "Command" })).rejects.toMatchObject({
    name: "InvalidDocumentContent",
  });
  await expect(ssm.sendCommand({ DocumentName: "AWS-RunShellScript", InstanceIds: nodes })).rejects.toThrow("commands is required");
});

test("CloudFormation makes a document and a baseline, changes them in place, and takes them away", async () => {
  const cloud = new Cloud({ paranoid: true });
  const [cloudformation, ssm] = [clients(cloud)(CloudFormation, { region }), clients(cloud)(SSM, { region })];
  const template = (command: string, days: string) =>
    JSON.stringify({
      Resources: {
        Script: {
          Type: "AWS::SSM::Document",
          Properties: {
            Name: "restart",
            DocumentType: "Command",
            UpdateMethod: "NewVersion",
            Content: {
              schemaVersion: "2.2",
              mainSteps: [{ action: "aws:runShellScript", name: "run", inputs: { runCommand: [command] } }],
            },
          },
        },
        Baseline: {
          Type: "AWS::SSM::PatchBaseline",
          Properties: {
            Name: "racks",
            OperatingSystem: "DEBIAN",
            PatchGroups: ["racks"],
            ApprovalRules: {
              PatchRules: [{ ApproveAfterDays: days, PatchFilterGroup: { PatchFilters: [{ Key: "PRIORITY", Values: ["Required"] }] } }],
            },
          },
        },
      },
    });
  await cloudformation.createStack({ StackName: "care", TemplateBody: template("a", "0") });
  cloud.settle();
  await cloudformation.updateStack({ StackName: "care", TemplateBody: template("b", "7") });
  cloud.settle();
  expect((await cloudformation.describeStacks({ StackName: "care" })).Stacks?.[0]?.StackStatus).toBe("UPDATE_COMPLETE");
  expect(await ssm.getDocument({ Name: "restart" })).toMatchObject({ DocumentVersion: "2", Content: expect.stringContaining('"b"') });
  const { BaselineId } = await ssm.getPatchBaselineForPatchGroup({ PatchGroup: "racks", OperatingSystem: "DEBIAN" });
  expect((await ssm.getPatchBaseline({ BaselineId })).ApprovalRules?.PatchRules).toMatchObject([{ ApproveAfterDays: 7 }]);
  await cloudformation.deleteStack({ StackName: "care" });
  cloud.settle();
  await expect(ssm.getDocument({ Name: "restart" })).rejects.toMatchObject({ name: "InvalidDocument" });
});

test("an idle fleet costs nothing: a year of heartbeats has no events", async () => {
  const { cloud, nodes, status, after } = await site(20);
  const handled = cloud.advance(plus(0 as Instant, days(365)));
  expect(handled).toBe(0);
  expect((await status(nodes[0]!)).PingStatus).toBe("Online");
  after(seconds(0));
});
