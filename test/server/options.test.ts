/** Options are checked against their table before anything is opened, for programs as for flags. */
import { expect, test } from "bun:test";
import { createServer, LeatError, type ServerOptions } from "../../src/index.ts";
import { OPTIONS, inherited, settle } from "../../src/server/options/table.ts";

test.each<[Record<string, unknown>, string]>([
  [{ port: -1 }, "port is -1; it should be a whole number, 0 to 65535"],
  [{ port: 65_536 }, "port is 65536; it should be a whole number, 0 to 65535"],
  [{ port: 80.5 }, "port is 80.5; it should be a whole number, 0 to 65535"],
  [{ port: "80" }, 'port is "80"; it should be a whole number, 0 to 65535'],
  [{ port: Number.NaN }, "port is NaN; it should be a whole number, 0 to 65535"],
  [{ maxConnections: 0 }, "maxConnections is 0; it should be a whole number, 1 or more"],
  [{ workers: 65 }, "workers is 65; it should be a whole number, 1 to 64"],
  [{ drain: -1 }, "drain is -1; it should be a number of milliseconds, 0 to 2000000000"],
  [{ model: "fork" }, `model is "fork"; it should be one of ${OPTIONS.model.choices.join(", ")}`],
  [{ durability: true }, "durability is true; it should be one of fsync, none"],
  ...["", "10.0.0.0/33", "::/129", "example.org", "10.0.0.0/8/9", "fe80::1%eth0"].map(
    (penaltyExempt): [Record<string, unknown>, string] => [
      { penaltyExempt },
      `penaltyExempt is "${penaltyExempt}"; it should be addresses and networks with commas between them: ` +
        "192.0.2.7,10.0.0.0/8,2001:db8::/32",
    ],
  ),
  [{ hostname: "" }, 'hostname is ""; it should be a text that is not empty'],
  [{ readOnly: "no" }, 'readOnly is "no"; it should be true or false'],
  [{ workers: 2, model: "threads" }, "workers run the event loop each: model threads has none"],
  [
    { workers: 3, maxConnections: 2 },
    "workers 3 with maxConnections 2: some workers would serve no client",
  ],
])("%j is refused", async (options, message) => {
  const thrown: unknown = await createServer({ library: "/", ...options } as ServerOptions).catch(
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(LeatError);
  expect(thrown).toMatchObject({ code: "INVALID_ARGUMENT", message });
});

test("an option that is undefined has its default", () => {
  const given = { port: undefined, drain: 5 } as unknown as ServerOptions;
  expect(settle(given)).toMatchObject({ port: 0, drain: 5, durability: "fsync", workers: 1 });
  expect(settle({})).not.toHaveProperty("maxStreams");
});

test("those that serve for a server have its options, and not its address", () => {
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const options: ServerOptions = {
    library: "/x",
    port: 1,
    workers: 2,
    drain: 3,
    readOnly: true,
    log,
  };
  expect(inherited(options)).toEqual({ library: "/x", drain: 3, readOnly: true });
});
