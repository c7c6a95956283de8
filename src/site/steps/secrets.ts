/** Secrets that only people know. */
import type { Definition } from "../../platform/definition.ts";
import { dockerHubSecret } from "../../platform/docker-hub.ts";
import { regionsKept, type Step } from "./step.ts";

/** `password` for the container agent, `accessToken` for ECR: docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-secret.html */
export const dockerHub = (definition: Definition): Step[] =>
  definition.registry.mode === "ecr"
    ? []
    : regionsKept(definition).map(({ role, region }) => {
        const secret = dockerHubSecret(definition);
        const key = definition.registry.mode === "pull-through" ? "accessToken" : "password";
        return {
          id: `docker-hub-${role}`,
          who: "person",
          title: `Enter Docker Hub's credentials in ${region}`,
          why: "Without them pulls are counted by address, and run out when many tasks start at once.",
          check: {
            command: `aws secretsmanager get-secret-value --region ${region} --secret-id ${secret} --query SecretString --output text | jq -r .username`,
            done: "your user name",
          },
          do: [
            "# A read-only access token: hub.docker.com, Account settings, Personal access tokens. It stays out of the shell's history this way:",
            `read -r DOCKER_USER && read -rs DOCKER_TOKEN && export DOCKER_USER DOCKER_TOKEN`,
            `aws secretsmanager put-secret-value --region ${region} --secret-id ${secret} --secret-string "$(jq -n '{username: env.DOCKER_USER, ${key}: env.DOCKER_TOKEN}')"`,
          ],
        };
      });
