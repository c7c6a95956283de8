/** The machine image is one that was tested. */
import type { Check } from "../check.ts";
import { placeOf } from "../reach/intent.ts";
import { named, text } from "../values.ts";

/** Parameters that AWS moves to another image: docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html */
const moving = /recommended|latest|\/current\b/;

export const machineImage: Check = {
  id: "RES050",
  title: "The machine image is pinned",
  why: "AWS moves the recommended image when it likes: on the day of a disaster the recovery region would start one that nobody ever ran.",
  fix: 'cluster: { image: "al2023-ami-ecs-hvm-2023.0.20250610-kernel-6.1-x86_64" }',
  *check({ definition: { cluster }, model }) {
    if (moving.test(cluster.image)) {
      yield { message: `The image ${cluster.image} is another one tomorrow.`, place: { path: ["cluster", "image"] } };
      return;
    }
    for (const template of model.byType("AWS::EC2::LaunchTemplate")) {
      const image = text(template.properties.LaunchTemplateData?.ImageId ?? "");
      if (moving.test(image))
        yield { message: `${named(template)} starts ${image}, which is another one tomorrow.`, place: placeOf(template) };
    }
  },
};
