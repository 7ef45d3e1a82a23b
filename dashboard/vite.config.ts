import { defineConfig } from 'vite';

/** Relative paths, so that the page works under any prefix; no inlined scripts, so that the CSP can stay strict. */
export default defineConfig({
  base: './',
  build: { outDir: '../dist/dashboard', emptyOutDir: true, modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
});
