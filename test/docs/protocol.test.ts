/** docs/protocol.md says what the code does: its tables and its bytes are compared here. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import protobuf from "protobufjs";
import { find, parts } from "../../scripts/protocol-dumps.ts";
import { CODES, type ErrorCode } from "../../src/errors.ts";
import {
  BLOCK_SIZE,
  CLOSE_DEADLINE,
  HELLO_DEADLINE,
  IDLE_DEADLINE,
  MAX_FRAME,
  MAX_FRAME_RANGE,
  MAX_HELLO,
  SILENCE,
  SYNC_DEADLINE,
  TRANSFER_DEADLINE,
  TRANSFER_WINDOW,
  UPLOAD_WINDOW,
  WRITE_DEADLINE,
} from "../../src/limits.ts";
import { ReceiveWindow, SendWindow, UNBOUNDED } from "../../src/session/flow.ts";
import { DOCS, numberOf, part, plain, readDocument, rows } from "./document.ts";

const document = readDocument("protocol.md");
const made = await parts();

test.each(Object.keys(made))("%s is what the code makes", (name) => {
  const [, written] = find(document, name);
  if (plain(written) !== plain(made[name]!)) {
    expect(plain(written)).toBe(plain(made[name]!)); // shows where
    throw new Error("stale: run bun scripts/protocol-dumps.ts --write");
  }
});

test("the codes are those of the schema, with what a server says of each", () => {
  const proto = join(DOCS, "../proto/leat/v1/leat.proto");
  const { values } = protobuf.loadSync(proto).resolveAll().lookupEnum("leat.v1.Code");
  const expected = Object.entries(values)
    .filter(([, number]) => number > 0)
    .map(([code, number]) => [`${number}`, code, yesNo(CODES[code as ErrorCode].retryable)]);
  const written = rows(part(document, "codes")).map((row) => row.slice(0, 3));
  expect(written).toEqual(expected);
});

const yesNo = (value: boolean): string => (value ? "yes" : "no");

test("the example of credit is what the windows do", () => {
  const receive = new ReceiveWindow(UPLOAD_WINDOW, TRANSFER_WINDOW, UNBOUNDED);
  const send = new SendWindow(UPLOAD_WINDOW);
  let owed = 0;
  let offset = 0;
  for (const [what, bytesCell, leftCell] of rows(part(document, "credit"))) {
    const bytes = numberOf(bytesCell!);
    if (what!.startsWith("the client sends")) {
      expect((offset % BLOCK_SIZE) + bytes).toBeLessThanOrEqual(BLOCK_SIZE);
      receive.receive(bytes);
      send.spend(bytes);
      offset += bytes;
    } else if (what!.startsWith("the server has written")) {
      owed = receive.consume(bytes, 0, 0);
    } else if (what!.startsWith("the server sends")) {
      if (offset === UPLOAD_WINDOW) owed = receive.widen(TRANSFER_WINDOW);
      expect(bytes).toBe(owed);
      send.add(owed);
      owed = 0;
    }
    expect(send.credit).toBe(numberOf(leftCell!));
  }
  expect(offset).toBe(BLOCK_SIZE);
  expect(owed).toBe(0);
});

test("deadlines and limits in the text are those of src/limits.ts", () => {
  const deadlines = rows(document.slice(document.indexOf("### Deadlines")).split("\n## ")[0]!);
  expect(deadlines.map(([, after]) => after)).toEqual(
    [
      HELLO_DEADLINE,
      HELLO_DEADLINE,
      TRANSFER_DEADLINE,
      IDLE_DEADLINE,
      SYNC_DEADLINE,
      WRITE_DEADLINE,
      SILENCE,
      CLOSE_DEADLINE,
    ].map((milliseconds) => `${milliseconds / 1000} s`),
  );
  const numbers = [BLOCK_SIZE, MAX_FRAME, MAX_FRAME_RANGE.least, MAX_FRAME_RANGE.most, MAX_HELLO];
  for (const number of numbers) expect(document).toContain(number.toLocaleString("en-US"));
});
