/** What physically is, whoever watches. Zones, hosts and lines come with the services that look at them. */

export type World = {
  /** Regions that are lost as a whole. */
  regionsLost: Set<string>;
};

export const createWorld = (): World => ({ regionsLost: new Set() });
