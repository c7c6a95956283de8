/** What synthesis gives: one template for each part of each region, and what deploying them needs to know. All of it plain data. */
import type { Role } from "../platform/definition.ts";
import type { Handover } from "../platform/handovers.ts";
import type { PartName } from "./parts.ts";

export type TemplateResource = {
  Type: string;
  Properties?: Record<string, any>;
  Condition?: string;
  DependsOn?: string | string[];
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
  UpdatePolicy?: unknown;
  Metadata?: Record<string, any>;
};

export type Template = {
  Description?: string;
  Parameters?: Record<string, { Type: string; Default?: any; Description?: string; AllowedValues?: any[]; NoEcho?: boolean }>;
  Conditions?: Record<string, any>;
  Resources: Record<string, TemplateResource>;
  Outputs?: Record<string, { Value: any; Export?: { Name: any }; Description?: string; Condition?: string }>;
};

export type SynthesizedStack = {
  /** Unique in the assembly and the template's file name: `eu-west-1-network`. */
  id: string;
  /** CloudFormation's stack name: the same in each region. */
  name: string;
  part: PartName;
  role: Role;
  region: string;
  /** `recovery`: the template waits in its region until the platform is recovered there. */
  when: "deploy" | "recovery";
  /** Ids of stacks that must be there before, in any region. */
  dependsOn: string[];
  template: Template;
};

export type Assembly = {
  /** In an order in which they can be deployed. */
  stacks: SynthesizedStack[];
  handovers: Handover[];
};
