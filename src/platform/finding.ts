/** What a check has to say: the one form of every complaint about a platform, from a wrong type to a missing path. */

export type Place = {
  /** Where in the definition: keys and indexes from its top. */
  path?: readonly (string | number)[];
  /** Where in its file, when the path could be found there. */
  file?: string;
  line?: number;
  column?: number;
  /** Where in what was synthesized. */
  stack?: string;
  resource?: string;
};

export type Finding = {
  /** Stable, such as `ADR002`; cdk-nag's and cloudformation-validate's keep their own. */
  code: string;
  severity: "error" | "warning";
  /** What is wrong, with the values that are. One sentence. */
  message: string;
  why: string;
  /** One line; code or a command that can be copied where there is one. */
  fix: string;
  place: Place;
};

/** `services.web.image`, `site.routers[1]`. */
export const dotted = (path: readonly (string | number)[]): string =>
  path.map((step, at) => (typeof step === "number" ? `[${step}]` : at ? `.${step}` : step)).join("");
