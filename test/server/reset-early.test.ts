/** Peers that have reset their connection before the server came to accept it. */
import { expect, test } from "bun:test";
import { connect } from "../../src/index.ts";
import { drawPlan } from "../chaos/plan.ts";
import { Serving } from "../chaos/serving.ts";
import { stateOf } from "../support/held.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";

test("who is gone when it is accepted is a connection like any other", async () => {
  using folder = new TemporaryFolder();
  const serving = await Serving.start(folder.path, drawPlan("proxy", 1).server);
  try {
    const before = serving.descriptors();
    process.kill(serving.pid, "SIGSTOP");
    await until(
      () => stateOf(serving.pid) === "T",
      () => stateOf(serving.pid),
    );
    for (let n = 0; n < 20; n += 1) (await RawPeer.connect(serving.port))[Symbol.dispose]();
    process.kill(serving.pid, "SIGCONT");
    {
      await using client = await connect(serving.address);
      await client.ping();
    }
    expect(await serving.settled(before)).toEqual([]);
    expect(serving.log).toBe("");
  } finally {
    expect(await serving.stop()).toEqual([]);
  }
});
