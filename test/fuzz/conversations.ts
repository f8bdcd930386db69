/** What an honest client says, as steps that can be put in another order: requests of every kind, interleaved. */
import { crc32Join, crc32OfZeros } from "../../src/crc32.ts";
import { crc32 } from "../../src/hash.ts";
import { delimit } from "../../src/wire/delimited.ts";
import { HOLES } from "../../src/wire/features.ts";
import { dataHeadLength, encodeFrame, writeDataHead } from "../../src/wire/frame.ts";
import type { FrameBodyInit } from "../../src/wire/frame.ts";
import type {
  FolderAttributes,
  Request,
  Timestamp,
  TreeItem,
} from "../../src/wire/gen/messages.ts";
import { MAGIC } from "../../src/wire/opening.ts";
import { encodeMessage, type Init } from "../../src/wire/plain.ts";
import { type Random, join } from "../support/chop.ts";
import { parseFields } from "./fields.ts";
import { mutated } from "./mutate.ts";
import { typeOf } from "../wire/oracle.ts";

/** Bytes to send, or a stream whose answer is waited for. */
export type Step = { readonly send: Uint8Array } | { readonly wait: number };

type Operation = NonNullable<Init<NonNullable<Request["operation"]>>>;

/** Names in the library of the server: files, folders, links out, and some that are not there. */
export const NAMES = [
  "",
  "a.txt",
  "empty",
  "big",
  "sparse",
  "dir",
  "dir/b.txt",
  "dir/deep/c.txt",
  "dir/deep",
]
  .concat(["new-1", "new-2", "dir/new-3", "missing/x"])
  .concat(["out/secret", "out", "abs", "loop/x", ".leat"]);

/** What links are to lead to. */
const TARGETS = ["a.txt", "dir", "../a.txt", "../outside/secret", "../../outside", "/etc/passwd"]
  .concat(["", "..", "dir/../../outside/secret", "x".repeat(5000)])
  .concat(["new-1", "../new-1"]);

export function hello(window = 1 << 20, features: string[] = []): Uint8Array {
  const versions = { minimumVersion: 1, maximumVersion: 1 };
  const value = { magic: MAGIC, ...versions, initialWindow: window, features };
  return encodeFrame(0, { case: "hello", value });
}

/** Several conversations, each on its stream, beginning in the order of the streams. */
export function anyScript(random: Random): Step[] {
  const steps: Step[] = [
    { send: hello(random.pick([0, 1, 1000, 1 << 20]), random.pick([[], ["x", HOLES]])) },
  ];
  const open: Step[][] = [];
  let streams = 1 + random.below(5);
  let last = 0;
  while (streams > 0 || open.length > 0) {
    if (streams > 0 && random.below(2) === 0) {
      streams -= 1;
      last += 1 + random.pick([0, 0, 0, 5]);
      const [first, ...rest] = conversation(last, random);
      steps.push(first!);
      if (rest.length > 0) open.push(rest);
    } else if (open.length > 0) {
      const one = random.pick(open);
      steps.push(one.shift()!);
      if (one.length === 0) open.splice(open.indexOf(one), 1);
    }
    if (random.below(12) === 0) {
      const nonce = random.below(100);
      steps.push({ send: encodeFrame(0, { case: "ping", value: { nonce } }) });
    }
  }
  return steps;
}

function conversation(stream: number, random: Random): Step[] {
  const name = (): string => random.pick(NAMES);
  switch (random.below(8)) {
    case 0:
    case 1:
      return put(stream, name(), random);
    case 2:
    case 3:
      return putTree(stream, name(), random);
    case 4: {
      const after = random.pick([undefined, "", "a.txt", "dir/", "dir/b.txt", "zz"]);
      const contentsUpTo = random.pick([0, 100, 2 ** 53 - 1]);
      const value = {
        path: name(),
        after,
        contentsUpTo,
        linkTargets: random.below(2) === 0,
        leaveOut: random.pick([[], ["*.txt"], ["dir/", "/a"]]),
      };
      if (random.below(3) === 0) {
        const paths = Array.from({ length: 1 + random.below(5) }, name);
        return download(stream, { case: "walk", value: { path: "", paths, contentsUpTo } }, random);
      }
      return download(stream, { case: "walk", value }, random);
    }
    case 5: {
      const [offset, length] = [random.pick([0, 0, 3, 70_000]), random.pick([undefined, 0, 9])];
      const value = { path: name(), offset, length, sha256: random.below(3) === 0 };
      return download(stream, { case: "get", value }, random);
    }
    default:
      return [asks(stream, unary(random))];
  }
}

function unary(random: Random): Operation {
  const path = random.pick(NAMES);
  const ifExists = random.pick(["FAIL", "REPLACE", "SKIP"] as const);
  const cursor = random.pick([undefined, "", "a.txt", "x"]);
  return random.pick<Operation>([
    { case: "stat", value: { path } },
    { case: "list", value: { path, cursor, limit: random.below(3), hidden: true } },
    { case: "remove", value: { path } },
    { case: "rename", value: { from: path, to: random.pick(NAMES), ifExists } },
    { case: "makeDirectory", value: { path, parents: random.below(2) === 0 } },
    { case: "makeLink", value: { path, target: random.pick(TARGETS), ifExists } },
    { case: "setAttributes", value: { path, mode: random.below(0o1001), ifMatch: cursor } },
    { case: "checksum", value: { path, algorithm: random.pick(["SHA256", "CRC32"] as const) } },
    { case: "status", value: {} },
  ]);
}

function asks(stream: number, operation: Operation): Step {
  return frame(stream, { case: "request", value: { operation } });
}

function frame(stream: number, body: FrameBodyInit): Step {
  return { send: encodeFrame(stream, body) };
}

function dataStep(stream: number, offset: number, bytes: Uint8Array, crc?: number): Step {
  const head = dataHeadLength(stream, offset, bytes.length, crc !== undefined);
  const send = new Uint8Array(head + bytes.length);
  writeDataHead(send, 0, stream, offset, bytes.length, crc);
  send.set(bytes, head);
  return { send };
}

function download(stream: number, operation: Operation, random: Random): Step[] {
  const steps = [asks(stream, operation)];
  for (let count = random.below(3); count > 0; count -= 1) {
    steps.push(frame(stream, { case: "credit", value: { bytes: random.pick([1, 100, 65_536]) } }));
  }
  if (random.below(4) === 0) steps.push(frame(stream, { case: "cancel", value: {} }));
  return steps;
}

/** The Data of an upload in a few frames, and its Finish. @param from where they begin: behind a hole */
function upload(
  stream: number,
  bytes: Uint8Array,
  random: Random,
  crcOfEach: boolean,
  from = 0,
): Step[] {
  const steps: Step[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + 1 + random.below(bytes.length));
    const piece = bytes.subarray(at, end);
    const crc = crcOfEach ? crc32(piece) : end === bytes.length ? crc32(bytes) : undefined;
    steps.push(dataStep(stream, from + at, piece, crc));
    at = end;
  }
  const sum = crc32Join(crc32OfZeros(from), crc32(bytes), bytes.length);
  const value = { size: from + bytes.length, crc32: sum };
  return [...steps, frame(stream, { case: "finish", value })];
}

function put(stream: number, path: string, random: Random): Step[] {
  const bytes = random.bytes(random.pick([0, 1, 40, 3000]));
  const resume = random.below(4) === 0;
  const holes = Array.from({ length: random.pick([0, 0, 1, 3]) }, () => random.pick([1, 40]) << 20);
  const from = holes.reduce((sum, length) => sum + length, 0);
  const value = {
    path,
    uploadId: random.bytes(random.pick([16, 16, 16, 0, 15, 17])).fill(random.below(3)),
    size: random.pick([undefined, from + bytes.length]),
    allocated: random.pick([undefined, 0]),
    ifExists: random.pick(["FAIL", "REPLACE", "SKIP"] as const),
    resume,
  };
  const asked = asks(stream, { case: "put", value });
  const wait: Step[] = resume ? [{ wait: stream }] : [];
  const keep = random.below(2) === 0;
  const end: Step[] =
    random.below(6) === 0 ? [frame(stream, { case: "cancel", value: { keep } })] : [];
  const zeros = holeSteps(stream, holes);
  return [asked, ...wait, ...zeros, ...upload(stream, bytes, random, false, from), ...end];
}

function holeSteps(stream: number, lengths: readonly number[]): Step[] {
  let offset = 0;
  return lengths.map((length) => {
    const value = { offset, length, crc32: crc32OfZeros(length) };
    offset += length;
    return frame(stream, { case: "hole", value });
  });
}

const TreeItemType = typeOf("TreeItem");

function putTree(stream: number, path: string, random: Random): Step[] {
  const ifExists = random.pick(["FAIL", "REPLACE", "SKIP"] as const);
  const bytes = anyItems(random);
  const asked = asks(stream, { case: "putTree", value: { path, ifExists } });
  return [asked, { wait: stream }, ...upload(stream, bytes, random, true)];
}

/** Items of a tree with their contents; some of them damaged, in frames that are whole. */
export function anyItems(random: Random): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let count = random.below(7); count > 0; count -= 1) {
    const contents = random.bytes(random.pick([0, 1, 30]));
    const item = encodeMessage("TreeItem", anyItem(contents.length, random));
    const fields = random.below(3) === 0 ? parseFields(TreeItemType, item) : undefined;
    const bytes = fields === undefined ? item : mutated(fields, fields, random);
    parts.push(bytes.length === 0 ? bytes : delimit(bytes), contents);
  }
  return join(parts);
}

function anyItem(size: number, random: Random): Init<TreeItem> {
  const name = random.pick(["f", "g", "sub", "a.txt", "..", "x/y", "out", ".leat", "new-1"]);
  const leave = random.pick([0, 0, 0, 1, 2]);
  const link = random.below(9) === 0;
  const again = random.below(3) === 0;
  if (random.below(4) === 0) return { leave, entry: { name, kind: "DIRECTORY", link } };
  if (random.below(6) === 0) return { leave, attributes: anyAttributes(random) };
  if (random.below(9) === 0) return { leave, skippedNames: 3, failure: { code: "IO_ERROR" } };
  const modified = anyTime(random);
  const entry = {
    name,
    kind: "FILE",
    size,
    modified,
    mode: random.pick([0, 0o644, 0o777]),
  } as const;
  return { leave, contents: true, again, entry: { ...entry, version: "v", link } };
}

const anyTime = (random: Random): Timestamp => ({
  seconds: random.pick([0, -1, 1e9, 2 ** 53 - 1]),
  nanoseconds: random.pick([5, 2 ** 31]),
});

function anyAttributes(random: Random): Init<FolderAttributes> {
  const path = random.pick(["", "sub", "sub/sub", "f", "..", "../dir", "out", ".leat", "missing"]);
  const modified = random.below(4) === 0 ? undefined : anyTime(random);
  return { path, modified, mode: random.pick([undefined, 0, 0o500, 0o755, 0o4777]) };
}
