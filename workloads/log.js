/** One line of JSON for each event, on standard output, where the log driver collects it. */

export function log(event, details = {}) {
  process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), event, ...details })}\n`);
}

/** An error as details of a line: what code it has and what it says, without a stack that nobody can act on. */
export const problem = (error) => ({ code: error.code, message: error.message });
