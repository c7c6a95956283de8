/** A scale-out does not depend on how many images Docker Hub still gives out. */
import type { Check } from "../check.ts";

/** Pulls in six hours with a free account's credentials: docs.docker.com/docker-hub/usage/ */
const pulls = 200;

export const pullLimit: Check = {
  id: "RES052",
  title: "Scaling out does not pull from Docker Hub",
  why: `Docker Hub gives a free account ${pulls} pulls in six hours and then refuses: tasks start, fail to pull, and start again, which pulls again.`,
  fix: 'registry: { mode: "pull-through" }',
  *check({ definition: { registry, services } }) {
    if (registry.mode !== "docker-hub") return;
    const tasks = Object.values(services).reduce((sum, { scaling }) => sum + scaling.max, 0);
    const message = `Up to ${tasks} tasks pull straight from Docker Hub, and again each time they are replaced.`;
    yield { message, severity: "warning", place: { path: ["registry", "mode"] } };
  },
};
