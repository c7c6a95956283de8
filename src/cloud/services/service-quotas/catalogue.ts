/**
 * The quotas that are listed: those that our services and the rules in docs/semantics name, with AWS's codes, names and default
 * values (docs.aws.amazon.com/general/latest/gr/aws-service-information.html and each service's own quota page). AWS has
 * thousands more; one that is not here is refused as AWS refuses an unknown code.
 */

export type Quota = { code: string; name: string; value: number; adjustable: boolean; global: boolean; unit: string };
export type Owner = { code: string; name: string; quotas: readonly Quota[] };

const quota = (code: string, name: string, value: number): Quota => ({ code, name, value, adjustable: true, global: false, unit: "None" });
const fixed = (each: Quota): Quota => ({ ...each, adjustable: false });
/** Of the account, and seen in us-east-1 only. */
const global = (each: Quota): Quota => ({ ...each, global: true });

const NETWORK: Owner[] = [
  {
    code: "vpc",
    name: "Amazon Virtual Private Cloud (Amazon VPC)",
    quotas: [
      quota("L-F678F1CE", "VPCs per Region", 5),
      quota("L-407747CB", "Subnets per VPC", 200),
      quota("L-83CA0A9D", "IPv4 CIDR blocks per VPC", 5),
      quota("L-A4707A72", "Internet gateways per Region", 5),
      quota("L-45FE3B85", "Egress-only internet gateways per Region", 5),
      quota("L-FE5A380F", "NAT gateways per Availability Zone", 5),
      quota("L-589F43AA", "Route tables per VPC", 200),
      quota("L-93826ACB", "Routes per route table", 500),
      quota("L-B4A6D682", "Network ACLs per VPC", 200),
      quota("L-2AEEBF1A", "Rules per network ACL", 20),
      quota("L-DF5E4CA3", "Network interfaces per Region", 5000),
      quota("L-E79EC296", "VPC security groups per Region", 2500),
      quota("L-0EA8095F", "Inbound or outbound rules per security group", 60),
      quota("L-2AFB9258", "Security groups per network interface", 5),
      quota("L-7E9ECCDB", "Active VPC peering connections per VPC", 50),
      quota("L-1B52E74A", "Gateway VPC endpoints per Region", 20),
      quota("L-29B6F2EB", "Interface VPC endpoints per VPC", 50),
    ],
  },
  {
    code: "ec2",
    name: "Amazon Elastic Compute Cloud (Amazon EC2)",
    quotas: [
      quota("L-0263D0A3", "EC2-VPC Elastic IPs", 5),
      quota("L-1216C47A", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 5),
      quota("L-34B43A08", "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests", 5),
      quota("L-A2478D36", "Transit gateways per account", 5),
      quota("L-43872EB7", "Route tables per transit gateway", 20),
      quota("L-E0233F82", "Attachments per transit gateway", 5000),
      quota("L-A1B5A36F", "Peering attachments per transit gateway", 50),
      quota("L-4FB7FF5D", "Customer gateways per region", 50),
      quota("L-7029FAB6", "Virtual private gateways per region", 5),
      quota("L-3E6EC3A3", "VPN connections per region", 50),
      quota("L-B91E5754", "VPN connections per VGW", 10),
    ],
  },
  {
    // DX-20
    code: "directconnect",
    name: "AWS Direct Connect",
    quotas: [
      quota("L-A2659207", "Dedicated connections per location", 10),
      quota("L-42DEC0EF", "LAGs per Region", 10),
      quota("L-62B7491E", "Direct Connect gateways per account", 200),
      fixed(quota("L-53A26B6D", "Total virtual interfaces per dedicated connection", 51)),
      fixed(quota("L-3745876E", "Private or public or transit virtual interfaces per hosted connection", 1)),
      fixed(quota("L-59AD3548", "Virtual interfaces per LAG", 51)),
    ],
  },
  {
    code: "elasticloadbalancing",
    name: "Elastic Load Balancing (ELB)",
    quotas: [
      quota("L-53DA6B97", "Application Load Balancers per Region", 50),
      quota("L-69A177A2", "Network Load Balancers per Region", 50),
      quota("L-B22855CB", "Target Groups per Region", 3000),
    ],
  },
  {
    code: "route53",
    name: "Amazon Route 53",
    quotas: [global(quota("L-4EA4796A", "Hosted zones", 500)), global(quota("L-ACB674F3", "Health checks", 200))],
  },
  { code: "route53resolver", name: "Amazon Route 53 Resolver", quotas: [quota("L-4A669CC0", "Resolver endpoints per AWS Region", 4)] },
];

const COMPUTE: Owner[] = [
  // ECS-016
  {
    code: "ecs",
    name: "Amazon Elastic Container Service (Amazon ECS)",
    quotas: [quota("L-21C621EB", "Clusters per account", 10_000), quota("L-9EF96962", "Services per cluster", 5000)],
  },
  {
    code: "ecr",
    name: "Amazon Elastic Container Registry (Amazon ECR)",
    quotas: [quota("L-CFEB8E8D", "Registered repositories", 100_000)],
  },
  {
    code: "autoscaling",
    name: "Amazon EC2 Auto Scaling",
    quotas: [quota("L-CDE20ADC", "Auto Scaling groups per region", 500), quota("L-6B80B8FA", "Launch configurations per region", 200)],
  },
];

const DATA: Owner[] = [
  {
    code: "s3",
    name: "Amazon Simple Storage Service (Amazon S3)",
    quotas: [global(quota("L-DC2B2D3D", "General purpose buckets", 10_000))],
  },
  {
    code: "ebs",
    name: "Amazon Elastic Block Store (Amazon EBS)",
    quotas: [
      quota("L-D18FCD1D", "Storage for General Purpose SSD (gp2) volumes, in TiB", 50),
      quota("L-7A658B76", "Storage for General Purpose SSD (gp3) volumes, in TiB", 50),
    ],
  },
  {
    // docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html
    code: "rds",
    name: "Amazon Relational Database Service (Amazon RDS)",
    quotas: [
      quota("L-7B6409FD", "DB instances", 40),
      quota("L-952B80B8", "DB clusters", 40),
      quota("L-272F1212", "Manual DB instance snapshots", 100),
      quota("L-9B510759", "Manual DB cluster snapshots", 100),
      quota("L-DE55804A", "Parameter groups", 50),
      quota("L-E4C808A8", "DB cluster parameter groups", 50),
      quota("L-9FA33840", "Option groups", 20),
      quota("L-48C6BF61", "DB subnet groups", 50),
      quota("L-5BC124EF", "Read replicas per primary", 15),
      { ...quota("L-7ADDB58A", "Total storage for all DB instances", 100_000), unit: "Gigabytes" },
    ],
  },
  { code: "elasticfilesystem", name: "Amazon Elastic File System (EFS)", quotas: [quota("L-848C634D", "File systems per account", 1000)] },
];

const MANAGEMENT: Owner[] = [
  {
    code: "acm",
    name: "AWS Certificate Manager (ACM)",
    quotas: [
      quota("L-F141DD1D", "ACM certificates", 2500),
      quota("L-D2CB7DE9", "Imported certificates", 2500),
      quota("L-FB94F0B0", "Domain names per ACM certificate", 10),
    ],
  },
  { code: "cloudformation", name: "AWS CloudFormation", quotas: [quota("L-0485CB21", "Stack count", 2000)] },
  {
    code: "iam",
    name: "AWS Identity and Access Management (IAM)",
    quotas: [
      global(quota("L-FE177D64", "Roles per account", 1000)),
      global(quota("L-F4A5425F", "Groups per account", 300)),
      global(fixed(quota("L-F55AF5E4", "Users per account", 5000))),
      global(quota("L-6E65F664", "Instance profiles per account", 1000)),
      global(quota("L-E95E4862", "Customer managed policies per account", 1500)),
      global(quota("L-0DA4ABF3", "Managed policies per role", 10)),
    ],
  },
  { code: "secretsmanager", name: "AWS Secrets Manager", quotas: [fixed(quota("L-2F66C23C", "Secrets per Region", 500_000))] },
  { code: "sns", name: "Amazon Simple Notification Service (Amazon SNS)", quotas: [quota("L-61103206", "Topics per Account", 100_000)] },
];

export const OWNERS: readonly Owner[] = [...NETWORK, ...COMPUTE, ...DATA, ...MANAGEMENT].sort((a, b) => (a.code < b.code ? -1 : 1));
