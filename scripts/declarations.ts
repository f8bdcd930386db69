/**
 * `bun scripts/declarations.ts [FOLDER]`: what the package exports, as declarations in dist/types, which
 * is where package.json says they are. npm calls it before it packs. Bun runs the sources, but a
 * project that uses them should check its own code, not leat's by its own rules.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const ROOT = resolve(import.meta.dir, "..");
const ENTRIES = ["index", "codec", "testing"];
const folder = resolve(process.argv[2] ?? join(ROOT, "dist/types"));

rmSync(folder, { recursive: true, force: true });
const { exitCode } = Bun.spawnSync(
  [
    join(ROOT, "node_modules/.bin/tsc"),
    "--project",
    join(import.meta.dir, "declarations.json"),
    "--outDir",
    folder,
  ],
  { stdout: "inherit", stderr: "inherit" },
);
if (exitCode !== 0) process.exit(exitCode);

// tsc writes what the sources import; what the declarations import is a third of that.
const reached = new Set<string>();
for (const entry of ENTRIES) reach(join(folder, `${entry}.d.ts`));
for (const path of new Bun.Glob("**/*.d.ts").scanSync(folder)) {
  if (!reached.has(join(folder, path))) rmSync(join(folder, path));
}
console.log(`${relative(process.cwd(), folder)}  ${reached.size} files`);

function reach(path: string): void {
  if (reached.has(path)) return;
  if (!existsSync(path)) throw new Error(`${path} is imported and not declared`);
  reached.add(path);
  for (const [, of] of readFileSync(path, "utf8").matchAll(/["'](\.\.?\/[^"'\n]+)\.ts["']/g)) {
    reach(join(dirname(path), `${of}.d.ts`));
  }
}
