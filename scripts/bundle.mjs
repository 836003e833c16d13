/**
 * Puts the program and its engine, which `tsc` has left as several hundred modules, into a few files: a start takes two thirds of the
 * processor time then. What is native, large and seldom needed, or served to browsers stays in its own package.
 */
import { build } from 'esbuild';

await build({
  entryPoints: ['dist/main.js', 'dist/engine/worker.js'],
  outdir: 'dist',
  outbase: 'dist',
  chunkNames: 'bundle/[name]-[hash]',
  allowOverwrite: true,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: ['netlink', 'libsodium-wrappers', 'uplot'],
  // CommonJS packages ask for Node's own modules by it.
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module';\nconst require = makeRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
