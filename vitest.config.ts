import { join } from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  // A definition imports "causeway"; in tests that is the source, not what was built.
  resolve: { alias: { causeway: join(import.meta.dirname, "src", "index.ts") } },
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    pool: "threads",
    // The CDK prints pages about templates that `causeway check` judges in tests of its own.
    env: { CDK_VALIDATION: "false" },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
