/** Idempotency. Guide: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html */
import { hash } from "../../../kernel/digest.ts";
import { AwsError } from "../../service.ts";
import type { Here } from "./state.ts";

/** What an earlier request with this client token made; another request under the same token is refused. */
export function madeBefore(call: Here, operation: string, token: string | undefined, request: unknown): string | undefined {
  const made = token === undefined ? undefined : call.state.clientTokens.get(`${operation}/${token}`);
  if (made && made.request !== hash(request)) {
    throw new AwsError("IdempotentParameterMismatch", "The client token has been used with different parameters. Use a new client token.");
  }
  return made?.id;
}

export function remember(call: Here, operation: string, token: string | undefined, request: unknown, id: string): void {
  if (token !== undefined) call.state.clientTokens.set(`${operation}/${token}`, { id, request: hash(request) });
}
