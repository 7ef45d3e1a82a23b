import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'examples/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/long/**'],
    testTimeout: 20_000,
    // Tests leave nothing behind in the modules they share, so that these are read once a worker, not once a file.
    isolate: false,
    // More than a small machine has cores: tests of the gateway mostly wait.
    maxWorkers: 3,
  },
});
