/** The cluster does not depend on one kind of machine. */
import type { Check } from "../check.ts";

export const singleType: Check = {
  id: "RES043",
  title: "The cluster may take several instance types",
  // docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-mixed-instances-groups.html
  why: "A type can be sold out in a zone for hours, and most surely when everybody has lost the other zone.",
  fix: 'instanceTypes: ["m6i.large", "m7i.large", "m5.large"]',
  *check({ definition: { cluster, services } }) {
    if (cluster.instanceTypes.length > 1 || Object.values(services).every(({ runsOn }) => runsOn === "site")) return;
    const message = `The cluster takes ${cluster.instanceTypes[0]} and nothing else.`;
    yield { message, severity: "warning", place: { path: ["cluster", "instanceTypes"] } };
  },
};
