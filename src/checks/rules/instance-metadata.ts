/** Instances hand out their credentials to whoever asks in two steps only. */
import type { Check } from "../check.ts";
import { placeOf } from "../reach/intent.ts";
import { named } from "../values.ts";

export const instanceMetadata: Check = {
  id: "RES005",
  title: "Instances answer metadata requests with a session token only (IMDSv2)",
  // docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
  why: "Without tokens a container that can be made to fetch an address can be made to fetch the host's credentials.",
  fix: "MetadataOptions: { HttpTokens: required }",
  *check({ model }) {
    for (const template of model.byType("AWS::EC2::LaunchTemplate")) {
      const { HttpTokens, HttpEndpoint } = template.properties.LaunchTemplateData?.MetadataOptions ?? {};
      if (HttpTokens === "required" || HttpEndpoint === "disabled") continue;
      yield { message: `${named(template)} lets its instances answer without a token.`, place: placeOf(template) };
    }
  },
};
