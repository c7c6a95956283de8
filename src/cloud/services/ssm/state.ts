/** What Systems Manager knows of a region. */
import type { Call } from "../../service.ts";
import type { Activation } from "./activations.ts";
import type { Command, CommandTimers } from "./commands.ts";
import type { Document } from "./documents.ts";
import type { Node, NodeTimers } from "./nodes.ts";
import type { Baseline } from "./patch-baselines.ts";
import { parameterState, type ParameterTimers } from "./parameter.ts";

export const state = () => ({
  ...parameterState(),
  activations: new Map<string, Activation>(),
  /** Managed nodes by their id: `mi-…` of other people's machines, `i-…` of EC2's. */
  nodes: new Map<string, Node>(),
  /** The user's documents; Amazon's own are in `owned-documents.ts`. */
  documents: new Map<string, Document>(),
  commands: new Map<string, Command>(),
  baselines: new Map<string, Baseline>(),
  /** `group/system` → baseline. */
  patchGroups: new Map<string, string>(),
  /** System → the baseline that is its default here, where it is not Amazon's. */
  defaultBaselines: new Map<string, string>(),
});

export type State = ReturnType<typeof state>;
export type Timers = ParameterTimers & NodeTimers & CommandTimers;
export type Here = Call<State, Timers>;
