/** Commands that send their first request together with Hello, which saves a round trip. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { MAGIC } from "../../src/wire/opening.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { type Operation, type Peer, ScriptedServer } from "../support/scripted-server.ts";
import { client } from "./support.ts";

const BYTES = Buffer.from("some bytes");

function answer(operation: Operation, stream: number, peer: Peer): void {
  if (operation.case === "get") return peer.file(stream, { name: "f" }, BYTES);
  if (operation.case === "stat") {
    return peer.answer(stream, { case: "stat", value: { name: "f", kind: "FILE" } });
  }
  peer.answer(stream, { case: "list", value: { entries: [{ name: "f", kind: "FILE" }] } });
  peer.frame(stream, { case: "finish", value: {} });
}

/** It accepts nobody before it was asked for something. */
function curious(): ScriptedServer {
  return new ScriptedServer({
    silent: true,
    request(operation, stream, peer) {
      const value = { magic: MAGIC, version: 1, maxStreams: 8, initialWindow: 65_536 };
      if (stream === 1) peer.frame(0, { case: "welcome", value });
      answer(operation, stream, peer);
    },
  });
}

describe("the first request is sent before the server has accepted the connection", () => {
  test("by get", async () => {
    using here = new TemporaryFolder();
    using server = curious();
    const ran = await client(server.address, ["get", "f", "--to", here.at("f")]);
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(readFileSync(here.at("f"), "utf8")).toBe(BYTES.toString());
    expect(server.asked).toEqual(["get"]);
  });

  test("by get of several files", async () => {
    using here = new TemporaryFolder();
    using server = curious();
    const ran = await client(server.address, ["get", "f", "g", "--to", here.path]);
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(server.asked).toEqual(["get", "get"]);
  });

  test("by get to stdout", async () => {
    using server = curious();
    const ran = await client(server.address, ["get", "f", "--to", "-"]);
    expect(ran).toMatchObject({ code: 0, stdout: BYTES.toString(), stderr: "" });
    expect(server.asked).toEqual(["get"]);
  });

  test.each(["list", "stat"])("by %s", async (command) => {
    using server = curious();
    const ran = await client(server.address, [command, "f"]);
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toContain("f");
    expect(server.asked).toEqual([command]);
  });
});
