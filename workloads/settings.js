/** What a program is told by its environment. ECS gives what is required; everything else has a default that fits the reference platform. */

export function required(name) {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`The environment variable ${name} is missing.`);
  return value;
}

export const optional = (name, otherwise) => process.env[name] ?? otherwise;

export function optionalNumber(name, otherwise) {
  const value = Number(process.env[name] ?? otherwise);
  if (!Number.isFinite(value) || value < 0) throw new Error(`The environment variable ${name} is not a number: ${process.env[name]}.`);
  return value;
}
