/** Amazon's own documents that the embedded cloud carries out. docs.aws.amazon.com/systems-manager/latest/userguide/documents-command-ssm-plugin-reference.html */
import type { Document, Step } from "./documents.ts";

type Parameters = Record<string, { type: string; default?: unknown; allowedValues?: string[]; description?: string }>;

const command = (name: string, description: string, parameters: Parameters, mainSteps: Step[]): Document => ({
  name,
  type: "Command",
  versions: [
    {
      number: "1",
      content: JSON.stringify({ schemaVersion: "2.2", description, parameters, mainSteps }),
      format: "JSON",
      created: new Date(0),
    },
  ],
  standard: "1",
  shared: [],
  tags: {},
});

const all: Document[] = [
  command(
    "AWS-RunShellScript",
    "Run a shell script or specify the commands to run.",
    {
      commands: { type: "StringList", description: "(Required) Specify a shell script or a command to run." },
      workingDirectory: { type: "String", default: "" },
      // SSM-009
      executionTimeout: { type: "String", default: "3600" },
    },
    [
      {
        action: "aws:runShellScript",
        name: "runShellScript",
        inputs: { runCommand: "{{ commands }}", workingDirectory: "{{ workingDirectory }}", timeoutSeconds: "{{ executionTimeout }}" },
      },
    ],
  ),
  command(
    "AWS-RunPatchBaseline",
    "Scans for or installs patches from a patch baseline to a Linux or Windows operating system.",
    {
      Operation: { type: "String", allowedValues: ["Scan", "Install"] },
      RebootOption: { type: "String", default: "RebootIfNeeded", allowedValues: ["RebootIfNeeded", "NoReboot"] },
      SnapshotId: { type: "String", default: "" },
      InstallOverrideList: { type: "String", default: "" },
      BaselineOverride: { type: "String", default: "" },
      AssociationId: { type: "String", default: "" },
    },
    [{ action: "causeway:patch", name: "PatchLinux", inputs: { operation: "{{ Operation }}", rebootOption: "{{ RebootOption }}" } }],
  ),
  command(
    "AWS-UpdateSSMAgent",
    "Update the Amazon SSM Agent to the latest version or specified version.",
    { version: { type: "String", default: "" }, allowDowngrade: { type: "String", default: "false", allowedValues: ["true", "false"] } },
    [{ action: "aws:updateSsmAgent", name: "updateSSMAgent", inputs: { agentName: "amazon-ssm-agent" } }],
  ),
  command(
    "AWS-GatherSoftwareInventory",
    "Software Inventory Policy Document.",
    Object.fromEntries(
      ["applications", "awsComponents", "networkConfig", "instanceDetailedInformation", "services", "customInventory", "billingInfo"].map(
        (name) => [name, { type: "String", default: "Enabled", allowedValues: ["Enabled", "Disabled"] }],
      ),
    ),
    [{ action: "aws:softwareInventory", name: "collectSoftwareInventoryItems", inputs: {} }],
  ),
];

export const owned: ReadonlyMap<string, Document> = new Map(all.map((document) => [document.name, document]));
