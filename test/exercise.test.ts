/** The demonstrations of the old protocol still show what they are there to show. */
import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dir, "../examples/exercise");
const parts = [
  "old-server.ts",
  "old-client.ts",
  "old-transfer.ts",
  "blocking-socket.ts",
  "demo.ts",
];
const demos = readdirSync(folder).filter((name) => name.endsWith(".ts") && !parts.includes(name));

test("there is a demonstration for each defect", async () => {
  expect(demos.toSorted()).toEqual([
    "dot-dot.ts",
    "end-marker.ts",
    "half-upload.ts",
    "long-list.ts",
    "merged-reads.ts",
    "slow-reader.ts",
    "space-in-name.ts",
  ]);
  const page = await Bun.file(join(folder, "../../docs/from-the-exercise.md")).text();
  for (const name of demos) expect(page).toContain(name);
});

for (const name of demos) {
  test(`${name} shows its defect`, async () => {
    await using demo = Bun.spawn([process.execPath, join(folder, name)], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [said, complained] = await Promise.all([
      new Response(demo.stdout).text(),
      new Response(demo.stderr).text(),
    ]);
    expect({ exit: await demo.exited, complained }).toEqual({ exit: 0, complained: "" });
    expect(said).toMatch(/^leat|leat:/m);
  });
}
