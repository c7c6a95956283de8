/** SSM documents for people: the definition's scripts, and the settings of their shells. */
import type { Stack } from "aws-cdk-lib";
import * as logs from "aws-cdk-lib/aws-logs";
import * as ssm from "aws-cdk-lib/aws-ssm";
import { days } from "../../kernel/units.ts";
import type { Foundation } from "../parts.ts";
import { pascal, type Place } from "../place.ts";

export function documents(stack: Stack, place: Place, { keyArn }: Foundation): void {
  const { scripts, sessions } = place.definition.operations;
  for (const [name, { description, commands, timeout }] of Object.entries(scripts)) {
    new ssm.CfnDocument(stack, `${pascal(name)}Script`, {
      name: place.names.document(name),
      documentType: "Command",
      documentFormat: "JSON",
      targetType: "/",
      updateMethod: "NewVersion",
      content: {
        schemaVersion: "2.2",
        description,
        mainSteps: [
          { action: "aws:runShellScript", name: "run", inputs: { runCommand: commands, timeoutSeconds: String(timeout / 1000) } },
        ],
      },
    });
  }
  if (sessions.cloud || sessions.site) shells(stack, place, keyArn);
}

/** Every shell is encrypted with the platform's key and written down. docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-configure-preferences-cli.html */
function shells(stack: Stack, { definition, names }: Place, keyArn: string): void {
  const log = new logs.CfnLogGroup(stack, "SessionLog", {
    logGroupName: names.logGroup("sessions"),
    kmsKeyId: keyArn,
    retentionInDays: definition.logs / days(1),
  });
  new ssm.CfnDocument(stack, "SessionSettings", {
    name: names.document("session"),
    documentType: "Session",
    documentFormat: "JSON",
    updateMethod: "NewVersion",
    content: {
      schemaVersion: "1.0",
      description: "Shells on the platform's machines: encrypted, logged, ended when idle.",
      sessionType: "Standard_Stream",
      inputs: {
        kmsKeyId: keyArn,
        cloudWatchLogGroupName: log.ref,
        cloudWatchEncryptionEnabled: true,
        cloudWatchStreamingEnabled: true,
        idleSessionTimeout: "20",
        maxSessionDuration: "480",
        runAsEnabled: false,
      },
    },
  });
}
