import { join } from "node:path";

const ROOT = join(import.meta.dir, "..");

const FLAGS =
  "-t static-module -w esm --es6 --force-number --no-create --no-verify --no-delimited --no-typeurl " +
  "--no-convert --no-comments -r leat.v1";

/** Writes the schema as protobufjs' static code. @param more flags of pbjs */
export async function writeStaticCodec(path: string, ...more: readonly string[]): Promise<void> {
  const pbjs = join(ROOT, "node_modules/protobufjs-cli/bin/pbjs");
  const proto = join(ROOT, "proto/leat/v1/leat.proto");
  const words = [...FLAGS.split(" "), ...more, "-o", path, proto];
  const stdio: ["ignore", "inherit", "inherit"] = ["ignore", "inherit", "inherit"];
  const run = Bun.spawn([process.execPath, pbjs, ...words], { stdio });
  if ((await run.exited) !== 0) throw new Error("pbjs failed");
}
