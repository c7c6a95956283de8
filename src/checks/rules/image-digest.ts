/** Container images are named by digest. */
import type { Check } from "../check.ts";
import { placeOf } from "../reach/intent.ts";
import { members, named, text } from "../values.ts";

const digest = "@sha256:";

export const imageDigest: Check = {
  id: "RES051",
  title: "Container images are named by digest",
  why: "A tag is another image after the next push: tasks that start at a failover would run code that the other region never ran.",
  fix: 'image: "acme/web:1.4@sha256:…"',
  *check({ definition: { services }, model }) {
    for (const [name, { image }] of Object.entries(services)) {
      if (image.includes(digest)) continue;
      const repository = image.replace(/:[\w.-]+$/, "");
      yield {
        message: `${name} runs ${image}, which is a tag.`,
        severity: "warning",
        fix: `docker buildx imagetools inspect ${image} # then image: "${repository}@sha256:…"`,
        place: { path: ["services", name, "image"] },
      };
    }
    const told = Object.values(services).some(({ image }) => !image.includes(digest));
    for (const task of told ? [] : model.byType("AWS::ECS::TaskDefinition")) {
      for (const { Image } of members(task.properties.ContainerDefinitions)) {
        if (text(Image).includes(digest)) continue;
        yield { message: `${named(task)} runs ${text(Image)}, which is a tag.`, severity: "warning", place: placeOf(task) };
      }
    }
  },
};
