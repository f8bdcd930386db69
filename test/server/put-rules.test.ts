/** Uploads of clients that say what they must not, and what the server makes of it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { type Server } from "../../src/index.ts";
import { crc32 } from "../../src/hash.ts";
import { KiB, MiB } from "../../src/limits.ts";
import { type FrameBodyInit } from "../../src/wire/frame.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { startServer, PARTIALS } from "../support/served.ts";
import { until } from "../support/until.ts";
import { readVectors } from "../wire/read-vectors.ts";

const library = new TemporaryFolder();
let server: Server;
let names = 0;

beforeAll(async () => {
  server = await startServer({ library: library.path });
});

afterAll(async () => {
  await server.stop({ drain: 0 });
  library[Symbol.dispose]();
});

type PutInit = Extract<
  NonNullable<Extract<FrameBodyInit, { case: "request" }>["value"]["operation"]>,
  { case: "put" }
>["value"];

interface Upload extends PutInit {
  readonly path: string;
  readonly uploadId: Uint8Array;
}

/** An upload of its own name. */
function upload(over: PutInit = {}): Upload {
  names += 1;
  const uploadId = crypto.getRandomValues(new Uint8Array(16));
  return { ...over, path: `file-${names}`, uploadId };
}

const SMALL = new TextEncoder().encode("small");
const BLOCKS = Buffer.alloc(3 * MiB, "kept");

const peerOf = (): Promise<RawPeer> => RawPeer.welcomed(server.port);
const put = (peer: RawPeer, stream: number, value: PutInit): void =>
  peer.request(stream, { case: "put", value });

async function heard(peer: RawPeer, stream: number) {
  let body = await peer.body(stream);
  while (body.case === "credit") body = await peer.body(stream);
  return body;
}

/** The end of a stream, in a word. */
async function end(peer: RawPeer, stream: number): Promise<string> {
  let body = await heard(peer, stream);
  if (body.case === "response") body = await heard(peer, stream);
  if (body.case === "receipt") return body.value.skipped ? "skipped" : "receipt";
  return body.case === "failure" ? `${body.value.code}: ${body.value.message}` : body.case;
}

const codeOf = (said: string): string => said.split(":")[0]!;

/** Still there, and nothing else is wrong with the connection. */
async function goesOn(peer: RawPeer): Promise<void> {
  peer.frame(0, { case: "ping", value: { nonce: 9 } });
  let body = await peer.body(0);
  while (body.case !== "pong") body = await peer.body(0);
}

const finishOf = (bytes: Uint8Array): FrameBodyInit => ({
  case: "finish",
  value: { size: bytes.length, crc32: crc32(bytes) },
});

/** What comes once everything of an upload is there. */
const BEHIND: [string, (peer: RawPeer, stream: number) => void][] = [
  ["Credit", (peer, id) => peer.frame(id, { case: "credit", value: { bytes: 5 } })],
  ["Credit of nothing", (peer, id) => peer.frame(id, { case: "credit", value: { bytes: 0 } })],
  ["a second Finish", (peer, id) => peer.frame(id, finishOf(SMALL))],
  ["Resend", (peer, id) => peer.frame(id, { case: "resend", value: { offset: 0, length: 5 } })],
  ["Data", (peer, id) => peer.data(id, SMALL.length, SMALL, crc32(SMALL))],
  ["Data at another offset", (peer, id) => peer.data(id, 77, SMALL)],
  ["Data beyond the credit", (peer, id) => peer.data(id, SMALL.length, new Uint8Array(64 * KiB))],
  ["a body of unknown kind", (peer, id) => peer.bytes(Uint8Array.of(5, 8, id, 0x82, 1, 0))],
  [
    "Cancel, and Data behind it",
    (peer, id) => {
      peer.frame(id, { case: "cancel", value: {} });
      peer.frame(id, { case: "cancel", value: {} });
      peer.data(id, 3, SMALL);
    },
  ],
];

describe("behind an upload that is whole", () => {
  test.each(BEHIND)("%s: what becomes of the file is the answer", async (_what, more) => {
    using peer = await peerOf();
    const asked = Array.from({ length: 10 }, () => upload({ size: SMALL.length }));
    for (const [i, value] of asked.entries()) {
      peer.together(() => {
        put(peer, i + 1, value);
        peer.data(i + 1, 0, SMALL, crc32(SMALL));
        peer.frame(i + 1, finishOf(SMALL));
        more(peer, i + 1);
      });
      expect(await end(peer, i + 1)).toBe("receipt");
      expect(readFileSync(library.at(value.path), "utf8")).toBe("small");
    }
    await goesOn(peer);
  });

  test.each(BEHIND)(
    "and was refused, %s: why it was refused is the answer",
    async (_what, more) => {
      using peer = await peerOf();
      peer.together(() => {
        put(peer, 1, upload({ size: SMALL.length }));
        peer.data(1, 0, SMALL, crc32(SMALL));
        peer.frame(1, { case: "finish", value: { size: SMALL.length, crc32: 1 } });
        more(peer, 1);
      });
      expect(codeOf(await end(peer, 1))).toBe("CHECKSUM_MISMATCH");
      await goesOn(peer);
    },
  );
});

describe("behind a request that changes a name", () => {
  const CHANGES: [string, () => Parameters<RawPeer["request"]>[1], (name: string) => boolean][] = [
    ["makeDirectory", () => ({ case: "makeDirectory", value: { path: "made" } }), existsSync],
    ["rename", () => ({ case: "rename", value: { from: "made", to: "named" } }), existsSync],
    ["remove", () => ({ case: "remove", value: { path: "named" } }), (at) => !existsSync(at)],
  ];

  test.each<[string, FrameBodyInit]>([
    ["Credit", { case: "credit", value: { bytes: 5 } }],
    ["Cancel", { case: "cancel", value: {} }],
    ["Finish", { case: "finish", value: { size: 0, crc32: 0 } }],
  ])("%s: whether it was done is the answer", async (_what, frame) => {
    using peer = await peerOf();
    for (const [i, [, operation, isSo]] of CHANGES.entries()) {
      peer.together(() => {
        peer.request(i + 1, operation());
        peer.frame(i + 1, frame);
      });
      expect((await heard(peer, i + 1)).case).toBe("response");
      expect(isSo(library.at(i === 0 ? "made" : "named"))).toBe(true);
    }
    await goesOn(peer);
  });
});

/** Sends whole blocks, each in pieces. @param from its first byte */
function blocks(peer: RawPeer, stream: number, from: number, to: number): void {
  for (let at = from; at < to; at += 64 * KiB) {
    const behind = at + 64 * KiB;
    const block = BLOCKS.subarray(behind - MiB, behind);
    const crc = behind % MiB === 0 ? crc32(block) : undefined;
    peer.data(stream, at, BLOCKS.subarray(at, behind), crc);
  }
}

const partial = (id: Uint8Array): string | undefined => {
  const names = readdirSync(library.at(PARTIALS));
  return names.find((name) => name.startsWith(Buffer.from(id).toString("hex")));
};

/** An upload of which a block was kept. */
async function kept(): Promise<Upload> {
  const value = { ...upload({ size: BLOCKS.length }), resume: true };
  using peer = await peerOf();
  put(peer, 1, { ...value, resume: false });
  expect((await heard(peer, 1)).case).toBe("response");
  blocks(peer, 1, 0, MiB);
  peer.fin();
  expect(codeOf(await end(peer, 1))).toBe("CONNECTION_LOST");
  await until(
    () => sizeOf(value.uploadId) === MiB,
    () => sizeOf(value.uploadId),
  );
  return value;
}

function sizeOf(id: Uint8Array): number | undefined {
  const name = partial(id);
  return name === undefined ? undefined : statSync(library.at(PARTIALS, name)).size;
}

/** How far an upload is, as a new try hears it; a server that was left may still hold it. */
async function offsetOf(value: PutInit): Promise<number> {
  for (;;) {
    using peer = await peerOf();
    put(peer, 1, value);
    const body = await heard(peer, 1);
    if (body.case === "failure" && body.value.code === "UNAVAILABLE") continue;
    if (body.case !== "response" || body.value.result?.case !== "put") throw new Error(body.case);
    peer.fin();
    await end(peer, 1);
    return body.value.result.value.durableOffset;
  }
}

const CREDIT: FrameBodyInit = { case: "credit", value: { bytes: 1 } };

describe("an upload that is continued, and whose client makes a mistake, loses nothing:", () => {
  const MISTAKES: [string, string, (peer: RawPeer, stream: number) => void, boolean][] = [
    [
      "Finish that came along, and too early",
      `SIZE_MISMATCH: ${2 * MiB}`,
      (peer, id) => peer.frame(id, finishOf(BLOCKS)),
      true,
    ],
    [
      "Data at 0 that came along",
      `PROTOCOL_ERROR: Data at offset 0 came before the Response, and the upload resumes at ${MiB}`,
      (peer, id) => peer.data(id, 0, SMALL),
      true,
    ],
    ["Data at 0 later", "PROTOCOL_ERROR", (peer, id) => peer.data(id, 0, SMALL), false],
    ["Credit", "PROTOCOL_ERROR", (peer, id) => peer.frame(id, CREDIT), false],
    [
      "Finish too early",
      "SIZE_MISMATCH",
      (peer, id) => peer.frame(id, finishOf(BLOCKS.subarray(0, MiB))),
      false,
    ],
  ];
  test.each(MISTAKES)("%s", async (_what, told, mistake, along) => {
    const value = await kept();
    using peer = await peerOf();
    peer.together(() => {
      put(peer, 1, value);
      if (along) mistake(peer, 1);
    });
    if (!along) {
      expect((await heard(peer, 1)).case).toBe("response");
      mistake(peer, 1);
    }
    const said = await end(peer, 1);
    expect(codeOf(said)).toBe(codeOf(told));
    if (told.includes(":") && !told.startsWith("SIZE")) expect(said).toBe(told);
    put(peer, 2, value);
    expect(await heard(peer, 2)).toMatchObject({
      case: "response",
      value: { result: { value: { durableOffset: MiB } } },
    });
    // And it is finished like any other.
    blocks(peer, 2, MiB, BLOCKS.length);
    peer.frame(2, finishOf(BLOCKS));
    expect(await end(peer, 2)).toBe("receipt");
    expect(Buffer.compare(readFileSync(library.at(value.path)), BLOCKS)).toBe(0);
  });

  test("a rule of the whole connection broken, what was verified since is kept too", async () => {
    const value = await kept();
    using peer = await peerOf();
    put(peer, 1, value);
    expect((await heard(peer, 1)).case).toBe("response");
    blocks(peer, 1, MiB, 2 * MiB);
    peer.bytes(Uint8Array.of(2, 8, 255));
    expect((await peer.failure(0)).code).toBe("PROTOCOL_ERROR");
    peer[Symbol.dispose]();
    expect(await offsetOf(value)).toBe(2 * MiB);
  });

  test("Finish that came along with the request, and all of it was there: the file is", async () => {
    const value = await kept();
    {
      using peer = await peerOf();
      put(peer, 1, value);
      expect((await heard(peer, 1)).case).toBe("response");
      blocks(peer, 1, MiB, BLOCKS.length);
      peer.fin();
      await end(peer, 1);
      await until(
        () => sizeOf(value.uploadId) === BLOCKS.length,
        () => sizeOf(value.uploadId),
      );
    }
    let said: string;
    do {
      using peer = await peerOf();
      peer.together(() => {
        put(peer, 1, value);
        peer.frame(1, finishOf(BLOCKS));
      });
      said = await end(peer, 1);
    } while (said.startsWith("UNAVAILABLE"));
    expect(said).toBe("receipt");
    expect(Buffer.compare(readFileSync(library.at(value.path)), BLOCKS)).toBe(0);
  });
});

describe.each([false, true])("of a declared size, with resume %s,", (resume) => {
  const crc = crc32(SMALL);
  test.each<[string, string, (peer: RawPeer) => void]>([
    [
      "one byte more, in a Data behind the last CRC",
      "SIZE_MISMATCH",
      (peer) => {
        peer.data(1, 0, SMALL, crc);
        peer.data(1, 5, SMALL.subarray(0, 1), 0);
      },
    ],
    [
      "one byte more, in a Data behind the last one without CRC",
      "SIZE_MISMATCH",
      (peer) => {
        peer.data(1, 0, SMALL);
        peer.data(1, 5, SMALL.subarray(0, 1));
      },
    ],
    [
      "one byte more, in the same Data",
      "SIZE_MISMATCH",
      (peer) => peer.data(1, 0, Buffer.concat([SMALL, SMALL.subarray(0, 1)]), crc),
    ],
    [
      "all, and the last Data has no CRC",
      "PROTOCOL_ERROR",
      (peer) => {
        peer.data(1, 0, SMALL.subarray(0, 2));
        peer.data(1, 2, SMALL.subarray(2));
        peer.frame(1, finishOf(SMALL));
      },
    ],
    [
      "fewer bytes, and a CRC",
      "SIZE_MISMATCH",
      (peer) => {
        peer.data(1, 0, SMALL.subarray(0, 4), crc32(SMALL.subarray(0, 4)));
        peer.frame(1, finishOf(SMALL.subarray(0, 4)));
      },
    ],
    [
      "a byte behind the CRC of what is not the end",
      "PROTOCOL_ERROR",
      (peer) => {
        peer.data(1, 0, SMALL.subarray(0, 4), crc32(SMALL.subarray(0, 4)));
        peer.data(1, 4, SMALL.subarray(4), crc32(SMALL.subarray(4)));
      },
    ],
  ])("%s: %s", async (_what, code, send) => {
    using peer = await peerOf();
    const value = upload({ size: SMALL.length, resume });
    // In one write: with resume all of it is there before the partial is found.
    peer.together(() => {
      put(peer, 1, value);
      send(peer);
    });
    expect(codeOf(await end(peer, 1))).toBe(code);
    expect(existsSync(library.at(value.path))).toBe(false);
    await goesOn(peer);
  });

  test("that is not told, the last CRC may be missing", async () => {
    using peer = await peerOf();
    const value = upload({ resume });
    put(peer, 1, value);
    peer.data(1, 0, SMALL);
    peer.frame(1, finishOf(SMALL));
    expect(await end(peer, 1)).toBe("receipt");
  });
});

describe("if the name is taken while an upload comes", () => {
  test.each<[PutInit["ifExists"], string, number]>([
    ["SKIP", "skipped", SMALL.length],
    ["SKIP", "skipped", 2 * MiB],
    ["FAIL", "ALREADY_EXISTS", SMALL.length],
  ])("and it is to %s: %s, of %d bytes", async (ifExists, said, size) => {
    using peer = await peerOf();
    const value = upload({ size, ifExists });
    put(peer, 1, value);
    expect((await heard(peer, 1)).case).toBe("response");
    writeFileSync(library.at(value.path), "somebody was faster");
    const bytes = BLOCKS.subarray(0, size);
    if (size === SMALL.length) peer.data(1, 0, bytes, crc32(bytes));
    else blocks(peer, 1, 0, size);
    peer.frame(1, finishOf(bytes));
    const body = await heard(peer, 1);
    if (body.case === "receipt") {
      expect(body.value.entry).toMatchObject({ name: value.path, size: 19 });
      expect(body.value.entry?.version).not.toBe("");
      expect([body.value.uploadId, body.value.skipped]).toEqual([value.uploadId, true]);
    } else if (body.case === "failure") {
      expect<string>(body.value.code).toBe(said);
    }
    expect(body.case).toBe(said === "skipped" ? "receipt" : "failure");
    expect(readFileSync(library.at(value.path), "utf8")).toBe("somebody was faster");
    expect(partial(value.uploadId)).toBeUndefined();
    await goesOn(peer);
  });
});

test.each(readVectors("long-forms.hex").map((vector) => [vector.title, vector] as const))(
  "an upload takes %s",
  async (_title, { bytes, json }) => {
    using peer = await peerOf();
    const value = upload();
    put(peer, 5, value);
    expect((await heard(peer, 5)).case).toBe("response");
    const first = new Uint8Array(7);
    peer.data(5, 0, first);
    peer.bytes(bytes);
    const { payload, crc32: crc } = json!["data"] as { payload: string; crc32?: number };
    const whole = Buffer.concat([first, Buffer.from(payload, "base64")]);
    peer.frame(5, finishOf(whole));
    // Where it has a checksum it is a wrong one.
    if (crc !== undefined) return expect(codeOf(await end(peer, 5))).toBe("CHECKSUM_MISMATCH");
    expect(await end(peer, 5)).toBe("receipt");
    expect(Buffer.compare(readFileSync(library.at(value.path)), whole)).toBe(0);
  },
);
