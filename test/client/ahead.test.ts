/** A request that is sent together with Hello: its answer is that of the first call, if that makes the same one. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { getRequest, statRequest } from "../../src/client/calls/requests.ts";
import { connectAhead } from "../../src/client/connect.ts";
import type { LeatError } from "../../src/index.ts";
import { MAGIC } from "../../src/wire/opening.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";
import {
  type Operation,
  type Peer,
  type Script,
  ScriptedServer,
} from "../support/scripted-server.ts";
import { until } from "../support/until.ts";

const BYTES = Buffer.from("some bytes");

/** Welcome comes behind the first request, and not before. */
function lateWelcome(peer: Peer): void {
  const value = { magic: MAGIC, version: 1, maxStreams: 8, initialWindow: 65_536 };
  peer.frame(0, { case: "welcome", value });
}

function answer(operation: Operation, stream: number, peer: Peer): void {
  if (operation.case === "get") return peer.file(stream, { name: "f" }, BYTES);
  if (operation.case !== "stat") return peer.fail(stream, "UNIMPLEMENTED");
  if (operation.value.path === "missing") return peer.fail(stream, "NOT_FOUND");
  peer.answer(stream, { case: "stat", value: { name: operation.value.path, kind: "FILE" } });
}

/** Answers as soon as it is asked. */
const PROMPT: Script = {
  silent: true,
  request(operation, stream, peer) {
    if (stream === 1) lateWelcome(peer);
    answer(operation, stream, peer);
  },
  said(said, peer) {
    if (!("body" in said) || said.body.case !== "ping") return;
    peer.frame(0, { case: "pong", value: { nonce: said.body.value.nonce } });
  },
};

describe("a request that is sent ahead", () => {
  test("reaches the server before it has accepted the connection, and is asked once", async () => {
    using server = new ScriptedServer(PROMPT);
    await using client = await connectAhead(server.address, {}, statRequest("f"));
    expect((await client.stat("f")).name).toBe("f");
    expect(server.asked).toEqual(["stat"]);
    expect((await client.stat("f")).name).toBe("f");
    expect(server.asked).toEqual(["stat", "stat"]);
  });

  test("brings a file whose answer came before", async () => {
    using here = new TemporaryFolder();
    using server = new ScriptedServer(PROMPT);
    await using client = await connectAhead(server.address, {}, getRequest("f", {}));
    await client.ping(); // its answer comes behind the file
    await client.download("f", here.at("f"));
    expect(readFileSync(here.at("f"), "utf8")).toBe(BYTES.toString());
    expect(server.asked).toEqual(["get"]);
  });

  test("brings a file whose answer comes later", async () => {
    using here = new TemporaryFolder();
    let send: (() => void) | undefined;
    using server = new ScriptedServer({
      silent: true,
      request(operation, stream, peer) {
        lateWelcome(peer);
        send = () => answer(operation, stream, peer);
      },
    });
    await using client = await connectAhead(server.address, {}, getRequest("f", {}));
    const download = client.download("f", here.at("f"));
    await Bun.sleep(0);
    send!();
    await download;
    expect(readFileSync(here.at("f"), "utf8")).toBe(BYTES.toString());
    expect(server.asked).toEqual(["get"]);
  });

  test("fails with the server's refusal", async () => {
    using server = new ScriptedServer(PROMPT);
    await using client = await connectAhead(server.address, {}, statRequest("missing"));
    expect((await refusal(client.stat("missing"))).code).toBe("NOT_FOUND");
    expect(server.asked).toEqual(["stat"]);
  });

  test("is cancelled when the first call makes another one", async () => {
    using server = new ScriptedServer({
      silent: true,
      request(operation, stream, peer) {
        if (stream === 1) lateWelcome(peer);
        else answer(operation, stream, peer);
      },
    });
    await using client = await connectAhead(server.address, {}, getRequest("f", {}));
    expect((await client.stat("f")).name).toBe("f");
    expect(server.asked).toEqual(["get", "stat"]);
    await until(
      () =>
        server.heard.some(
          (said) => said.stream === 1 && "body" in said && said.body.case === "cancel",
        ),
      () => server.heard,
    );
  });

  test("is made again when the connection is lost before the call", async () => {
    using server = new ScriptedServer({
      request(operation, stream, peer) {
        if (server.opened === 1) peer.cut();
        else answer(operation, stream, peer);
      },
    });
    const options = { retry: 5000 };
    await using client = await connectAhead(server.address, options, statRequest("f"));
    await client.closed;
    expect((await client.stat("f")).name).toBe("f");
    expect(server.asked).toEqual(["stat", "stat"]);
  });

  test("is made again on another connection after a GoAway", async () => {
    using server = new ScriptedServer({
      request(operation, stream, peer) {
        if (server.opened > 1) return answer(operation, stream, peer);
        const reason = { code: "UNAVAILABLE", message: "no", retryAfterMilliseconds: 0 } as const;
        peer.frame(0, { case: "goAway", value: { ...reason, lastStream: 0 } });
      },
    });
    const options = { retry: 5000 };
    await using client = await connectAhead(server.address, options, statRequest("f"));
    await until(
      () => client.isOver,
      () => client.isOver,
    );
    expect((await client.stat("f")).name).toBe("f");
    expect(server.asked).toEqual(["stat", "stat"]);
  });

  test("is sent again with each try while the server has no room", async () => {
    using server = new ScriptedServer({
      silent: true,
      request(operation, stream, peer) {
        if (server.opened > 1) return PROMPT.request!(operation, stream, peer);
        const full = { code: "RESOURCE_EXHAUSTED", message: "full", retryable: true } as const;
        peer.frame(0, { case: "failure", value: { ...full, retryAfterMilliseconds: 1 } });
      },
    });
    const options = { retry: 5000 };
    await using client = await connectAhead(server.address, options, statRequest("f"));
    expect((await client.stat("f")).name).toBe("f");
    expect(server.asked).toEqual(["stat", "stat"]);
  });

  test("has the error of connecting when the server refuses the client", async () => {
    using server = new ScriptedServer({
      silent: true,
      request(_operation, _stream, peer) {
        const refused = { code: "UNAUTHENTICATED", message: "who are you?" } as const;
        peer.frame(0, { case: "failure", value: refused });
      },
    });
    const error = await connectAhead(server.address, {}, statRequest("f")).catch(
      (thrown: LeatError) => thrown,
    );
    expect(error).toHaveProperty("code", "UNAUTHENTICATED");
    expect(server.asked).toEqual(["stat"]);
  });

  test("that cannot be encoded is not sent: the call says why", async () => {
    using server = new ScriptedServer({ request: answer });
    const path = "\ud800";
    await using client = await connectAhead(server.address, {}, statRequest(path));
    expect((await refusal(client.stat(path))).code).toMatch(/INVALID/);
    expect(server.asked).toEqual([]);
  });

  test("is given up by a signal that aborts before its answer", async () => {
    using server = new ScriptedServer({
      silent: true,
      request: (_operation, _stream, peer) => lateWelcome(peer),
    });
    await using client = await connectAhead(server.address, {}, statRequest("f"));
    const stop = new AbortController();
    const call = client.stat("f", { signal: stop.signal });
    stop.abort();
    expect((await refusal(call)).code).toBe("CANCELLED");
  });
});
