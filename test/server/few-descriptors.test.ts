/** A process that may open hardly any files serves few at once, but serves them. */
import { expect, test } from "bun:test";
import { connect } from "../../src/index.ts";
import { drawPlan } from "../chaos/plan.ts";
import { Serving } from "../chaos/serving.ts";
import { TemporaryFolder } from "../support/folder.ts";

test.if(process.platform === "linux")("with 64 descriptors everything is served", async () => {
  using folder = new TemporaryFolder();
  const { server } = drawPlan("proxy", 1);
  const serving = await Serving.start(folder.path, { ...server, descriptors: 64 });
  try {
    await using client = await connect(serving.address);
    await client.put("a", new Uint8Array(100));
    const names: string[] = [];
    for await (const { name } of client.list()) names.push(name);
    expect(names).toEqual(["a"]);
    expect((await (await client.get("a")).bytes()).length).toBe(100);
  } finally {
    expect(await serving.stop()).toEqual([]);
  }
});
