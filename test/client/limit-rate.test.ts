/** A client that may move so many bytes a second. */
import { expect, test } from "bun:test";
import { connect } from "../../src/index.ts";
import { CLOSE_DEADLINE } from "../../src/limits.ts";
import { seededRandom } from "../support/chop.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";
import { startServer } from "../support/served.ts";

const RATE = 1 << 20;
const bytes = seededRandom(11).bytes(700_000);

test("a client moves no more than its rate, and all that it moves is right", async () => {
  using library = new TemporaryFolder();
  library.file("a", bytes);
  await using server = await startServer({ library: library.path });
  await using client = await connect(server.address, { limitRate: RATE });
  // A tenth of a second's worth moves at once; the rest takes at least this long, and more on a busy machine.
  const least = ((bytes.length - RATE / 10) / RATE) * 1000;
  let began = performance.now();
  expect(Buffer.from(await (await client.get("a")).bytes()).equals(bytes)).toBe(true);
  expect(performance.now() - began).toBeGreaterThanOrEqual(least);
  began = performance.now();
  const { entry } = await client.put("b", bytes);
  expect(performance.now() - began).toBeGreaterThanOrEqual(least);
  expect(entry.size).toBe(bytes.length);
});

test("two transfers of a client share its rate", async () => {
  using library = new TemporaryFolder();
  library.file("a", bytes);
  await using server = await startServer({ library: library.path });
  await using client = await connect(server.address, { limitRate: 2 * RATE });
  const began = performance.now();
  const got = await Promise.all(["a", "a"].map(async (name) => (await client.get(name)).bytes()));
  for (const each of got) expect(Buffer.from(each).equals(bytes)).toBe(true);
  const least = ((2 * bytes.length - RATE / 5) / (2 * RATE)) * 1000;
  expect(performance.now() - began).toBeGreaterThanOrEqual(least);
});

test.each(["get", "put"] as const)(
  "a client that is closed in the middle of a %s does not wait for its rate",
  async (way) => {
    using library = new TemporaryFolder();
    library.file("a", bytes);
    await using server = await startServer({ library: library.path });
    const client = await connect(server.address, { limitRate: 4096 });
    const begun = Promise.withResolvers<void>();
    const options = { onProgress: () => begun.resolve() };
    const moving =
      way === "get"
        ? client.get("a", options).then((download) => download.bytes())
        : client.put("b", bytes, options);
    moving.catch(() => {});
    await begun.promise;
    const began = performance.now();
    await client.close();
    expect(performance.now() - began).toBeLessThan(CLOSE_DEADLINE);
    await expect(moving).rejects.toThrow();
  },
);

test.each([0, 1023, Number.NaN, Number.POSITIVE_INFINITY])(
  "a rate of %p is refused",
  async (limitRate) => {
    expect((await refusal(connect("127.0.0.1:1", { limitRate }))).code).toBe("INVALID_ARGUMENT");
  },
);
