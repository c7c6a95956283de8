/** Two of the three kinds of error: `assert` is our bug and stops the run, `UserError` is the user's to fix and says how. */

export class AssertionFailure extends Error {
  override name = "AssertionFailure";
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

export class UserError extends Error {
  override name = "UserError";
  constructor(
    readonly code: string,
    message: string,
    /** How to fix it: one line that can be copied where there is one. */
    readonly hint: string,
  ) {
    super(message);
  }
}
