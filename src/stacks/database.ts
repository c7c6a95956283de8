/** The database: the writer, its replica in the recovery region, or the ground on which a runbook restores it. */
import { CfnDeletionPolicy, Fn, type Stack } from "aws-cdk-lib";
import * as rds from "aws-cdk-lib/aws-rds";
import * as ssm from "aws-cdk-lib/aws-ssm";
import { days, gib } from "../kernel/units.ts";
import { databasePort } from "../platform/database-port.ts";
import type { Database } from "../platform/definition.ts";
import type { Foundation, Network } from "./parts.ts";
import type { Place } from "./place.ts";
import { allow, makeRole } from "./role.ts";
import { acknowledge, arn, output, replicaKeyArn, roleArn } from "./template.ts";

/** Newest versions that RDS offers; the parameter group's family is the major one. */
const versions = { postgres: "17.6", mysql: "8.4.6", mariadb: "11.8.3" } as const;
export const engineVersion = ({ engine, version }: Database): string => version ?? versions[engine];

/** `postgres17`, `mysql8.4`, `mariadb11.8`. */
const family = (database: Database): string => {
  const [major, minor] = engineVersion(database).split(".");
  return database.engine === "postgres" ? `postgres${major}` : `${database.engine}${major}.${minor}`;
};

/** Clients must encrypt; the name of the switch is the engine's. */
const encrypted = {
  postgres: { "rds.force_ssl": "1" },
  mysql: { require_secure_transport: "ON" },
  mariadb: { require_secure_transport: "1" },
} as const;
const logExports = { postgres: ["postgresql", "upgrade"], mysql: ["error", "slowquery"], mariadb: ["error", "slowquery"] } as const;

const monitoring = "database-monitoring";

export function databaseRoles(stack: Stack, place: Place): void {
  if (!place.definition.database) return;
  const role = makeRole(stack, "DatabaseMonitoringRole", place, monitoring, {
    service: "monitoring.rds.amazonaws.com",
    statements: [
      allow(["logs:CreateLogGroup", "logs:PutRetentionPolicy"], arn("logs", "log-group:RDS*")),
      allow(
        ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams", "logs:GetLogEvents"],
        arn("logs", "log-group:RDS*:log-stream:*"),
      ),
    ],
  });
  acknowledge(
    role,
    "AwsSolutions-IAM5",
    "RDS chooses the names of its monitoring group's streams: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html",
  );
}

export function database(stack: Stack, place: Place, { foundation, network }: { foundation: Foundation; network: Network }): void {
  const database = place.definition.database!;
  const subnets = new rds.CfnDBSubnetGroup(stack, "DatabaseSubnets", {
    dbSubnetGroupName: place.names.database,
    dbSubnetGroupDescription: `Data subnets of ${place.definition.name}`,
    subnetIds: network.dataSubnets,
  });
  const parameters = new rds.CfnDBParameterGroup(stack, "DatabaseParameters", {
    dbParameterGroupName: place.names.database,
    family: family(database),
    description: `Parameters of ${place.definition.name}`,
    parameters: { ...encrypted[database.engine], ...database.parameters },
  });
  parameter(stack, place, "port", String(databasePort(database)));
  // The runbook restores the instance under the same identifier, and writes its host.
  if (place.holdings.database === "restored") return;
  const common = shared(place, foundation, network, subnets.ref, parameters.ref);
  const instance = new rds.CfnDBInstance(
    stack,
    "Database",
    place.holdings.database === "writer" ? writer(place, common) : replica(place, common),
  );
  instance.cfnOptions.deletionPolicy = instance.cfnOptions.updateReplacePolicy =
    place.holdings.database === "writer" ? CfnDeletionPolicy.SNAPSHOT : CfnDeletionPolicy.RETAIN;
  acknowledge(instance, "AwsSolutions-RDS11", "The security group decides who reaches the port; an unusual number would only hide it.");
  if (place.holdings.database === "replica") {
    acknowledge(
      instance,
      "AwsSolutions-RDS2",
      "A replica is encrypted because its source is; CloudFormation refuses to be told again. Its key is this region's.",
    );
    acknowledge(
      instance,
      "AwsSolutions-RDS3",
      "A standby of the standby is a choice of the definition (database.replica.multiAz); promotion can add it.",
    );
  }
  parameter(stack, place, "host", instance.attrEndpointAddress);
  output(stack, "DatabaseHost", instance.attrEndpointAddress, "It stays the same when a replica is promoted.");
}

/** Containers read both when they start, so that a restored database needs no new task definition. */
function parameter(stack: Stack, { names, definition }: Place, name: "host" | "port", value: string): void {
  const id = name === "host" ? "DatabaseHostParameter" : "DatabasePortParameter";
  new ssm.CfnParameter(stack, id, {
    name: names.parameter(`database/${name}`),
    type: "String",
    value,
    description: `The ${name} of ${definition.name}'s database in this region`,
  });
}

function shared(place: Place, { keyArn }: Foundation, { groups }: Network, dbSubnetGroupName: string, dbParameterGroupName: string) {
  const { definition, names } = place;
  const database = definition.database!;
  return {
    dbInstanceIdentifier: names.database,
    dbSubnetGroupName,
    dbParameterGroupName,
    vpcSecurityGroups: [groups.database],
    port: String(databasePort(database)),
    kmsKeyId: keyArn,
    storageType: "gp3",
    // A replica without its own ceiling stops replicating when the writer's volume outgrows it.
    maxAllocatedStorage: Math.floor(database.storage.max / gib(1)),
    publiclyAccessible: false,
    copyTagsToSnapshot: true,
    deletionProtection: true,
    autoMinorVersionUpgrade: true,
    enableIamDatabaseAuthentication: true,
    enablePerformanceInsights: true,
    performanceInsightsKmsKeyId: keyArn,
    monitoringInterval: 60,
    monitoringRoleArn: roleArn(place, monitoring),
    enableCloudwatchLogsExports: [...logExports[database.engine]],
    preferredMaintenanceWindow: database.maintenanceWindow,
    preferredBackupWindow: database.backupWindow,
    tags: [{ key: "causeway:backup", value: "all" }],
  } satisfies Partial<rds.CfnDBInstanceProps>;
}

type Shared = ReturnType<typeof shared>;

function writer(place: Place, common: Shared): rds.CfnDBInstanceProps {
  const { definition, names, other } = place;
  const database = definition.database!;
  const secret = (key: string) => `{{resolve:secretsmanager:${names.secret("database")}:SecretString:${key}}}`;
  const retention = database.backupRetention / days(1);
  return {
    ...common,
    storageEncrypted: true,
    engine: database.engine,
    engineVersion: engineVersion(database),
    dbInstanceClass: database.class,
    dbName: database.name,
    multiAz: database.multiAz,
    allocatedStorage: String(Math.floor(database.storage.initial / gib(1))),
    masterUsername: secret("username"),
    masterUserPassword: secret("password"),
    backupRetentionPeriod: retention,
    deleteAutomatedBackups: false,
    ...(other?.holdings.database === "restored" && {
      automaticBackupReplicationRegion: other.region,
      automaticBackupReplicationRetentionPeriod: retention,
      // RDS takes no alias here; the region's copy of the multi-region key has the same id.
      automaticBackupReplicationKmsKeyId: replicaKeyArn(Fn.select(1, Fn.split("/", common.kmsKeyId)), other.region),
    }),
  };
}

/** Takes engine, version, user, name and size from its source; a retention of its own, or it could not be promoted into a database with backups. */
function replica(place: Place, common: Shared): rds.CfnDBInstanceProps {
  const { definition, names, other } = place;
  const { replica: wishes, class: size, backupRetention } = definition.database!;
  return {
    ...common,
    sourceDbInstanceIdentifier: arn("rds", `db:${names.database}`, other!.region),
    sourceRegion: other!.region,
    dbInstanceClass: wishes.class ?? size,
    multiAz: wishes.multiAz,
    backupRetentionPeriod: Math.max(1, backupRetention / days(1)),
  };
}
