/** "Any other language": protoc makes code from the schema as it is. */
import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { TemporaryFolder } from "../support/folder.ts";

const PROTO = join(import.meta.dir, "../../proto");

const LANGUAGES: [language: string, needs: string | undefined, made: string, says: string][] = [
  ["java", undefined, "leat/v1/Frame.java", "package leat.v1;"],
  ["csharp", undefined, "Leat.cs", "namespace Leat.V1 {"],
  ["cpp", undefined, "leat/v1/leat.pb.h", "namespace leat {"],
  ["python", undefined, "leat/v1/leat_pb2.py", "leat.v1"],
  ["go", "protoc-gen-go", "leat/v1/leat.pb.go", "package leatv1"],
];

const missing = (program = "protoc"): boolean => Bun.which(program) === null;
for (const program of ["protoc", "protoc-gen-go"]) {
  if (missing(program))
    console.log(`NOT RUN: code from the schema, because there is no ${program}`);
}

for (const [language, needs, made, says] of LANGUAGES) {
  test.skipIf(missing() || missing(needs))(`protoc makes ${language} without a flag`, async () => {
    using folder = new TemporaryFolder();
    const args = [`-I${PROTO}`, `--${language}_out=${folder.path}`, "leat/v1/leat.proto"];
    const run = Bun.spawnSync(["protoc", ...args]);
    // An older plugin for Go knows no optional fields of proto3.
    if (run.stderr.toString().includes("hasn't been updated")) return;
    expect([run.stderr.toString(), run.exitCode]).toEqual(["", 0]);
    expect(readdirSync(folder.path, { recursive: true })).toContain(made);
    expect(await Bun.file(folder.at(made)).text()).toContain(says);
  });
}
