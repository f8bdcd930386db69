/** The small parts: words, names, numbers, and what they look like. */
import { describe, expect, test } from "bun:test";
import { UsageError, combine, exitCodeOf } from "../../src/cli/program/exit-codes.ts";
import { StreamLog } from "../../src/cli/server/log.ts";
import { nearest } from "../../src/cli/program/nearest.ts";
import { lastSegment, meansFolder, remoteName } from "../../src/cli/program/paths.ts";
import { fit, pad, printable } from "../../src/cli/terminal/terminal-text.ts";
import { bytesText, clockText, durationText, timeText } from "../../src/cli/terminal/units.ts";
import { quoteWord, splitWords, wordsOf } from "../../src/cli/shell/words.ts";
import { CODES, LeatError } from "../../src/errors.ts";

describe("words", () => {
  test.each([
    ["", []],
    ["  list  ", ["list"]],
    ["get a b\tc", ["get", "a", "b", "c"]],
    ["get \"a b\" 'c d'", ["get", "a b", "c d"]],
    ["a\\ b it\\'s", ["a b", "it's"]],
    ['"say \\"hi\\" \\\\ \\n"', ['say "hi" \\ \\n']],
    ["'no \\ escape'", ["no \\ escape"]],
    ['mid"dle of"word', ["middle ofword"]],
    ['get ""', ["get", ""]],
    ["# a remark", []],
    ["get #1", ["get", "#1"]],
    ["trailing\\", ["trailing\\"]],
    ["get a\u00a0b \ufeffc\u2003d", ["get", "a\u00a0b", "\ufeffc\u2003d"]],
    ['"\\$x" "\\`date\\`" "\\a"', ["$x", "`date`", "\\a"]],
  ])("%j", (line, words) => {
    expect(splitWords(line)).toEqual(words);
  });

  test("an open quote is a mistake", () => {
    expect(() => splitWords("get 'a")).toThrow(UsageError);
    expect(wordsOf("get 'a b").at(-1)).toEqual({
      text: "a b",
      pattern: "a b",
      start: 4,
      open: "'",
    });
  });

  test.each([
    "a",
    "a b",
    "it's",
    "~",
    "~/x",
    "$x `y`",
    "a\u00a0b",
    'say "x"',
    "back\\slash",
    "#1",
    "täß 日本",
  ])("%j, quoted for completion, is read back", (name) => {
    expect(splitWords(quoteWord(name, undefined))).toEqual([name]);
    expect(splitWords(`${quoteWord(name, '"')}"`)).toEqual([name]);
    const single = quoteWord(name, "'");
    expect(splitWords(single + single[0])).toEqual([name]);
  });
});

test("a near name is found, a far one is not", () => {
  const names = ["list", "get", "upload", "stat", "status", "quit"];
  const pairs = [
    ["lsit", "list"],
    ["lst", "list"],
    ["gte", "get"],
    ["uplaod", "upload"],
    ["up", "upload"],
    ["stats", "stat"],
    ["nonsense", undefined],
    ["x", undefined],
    ["", undefined],
    ["l".repeat(100_000), undefined],
  ] as const;
  for (const [typed, meant] of pairs)
    expect([typed, nearest(typed, names)]).toEqual([typed, meant]);
});

describe("names", () => {
  test("are tidied where a person is meant well, and never repaired", () => {
    expect(["./a", "././a/b", "a/", ".", "./", "/", ""].map(remoteName)).toEqual([
      "a",
      "a/b",
      "a",
      "",
      "",
      "",
      "",
    ]);
    for (const name of ["..", "./..", "a/..", "/a", "a//b", "a/./b", "a\u0000", ".leat", "//a"]) {
      expect(() => remoteName(name)).toThrow(LeatError);
    }
    expect([lastSegment("a/b"), lastSegment("a"), lastSegment("")]).toEqual(["b", "a", ""]);
    expect(["a/", ".", "..", "a"].map(meansFolder)).toEqual([true, true, true, false]);
  });

  test("are harmless and fit, once shown", () => {
    expect(printable("a\u001b[2J\u0007\u009b\u202e\u2028\ud800é日👩‍👩‍👧")).toBe(
      "a\\x1b[2J\\x07\\x9b\\u{202e}\\u{2028}\\u{d800}é日👩‍👩‍👧",
    );
    expect([fit("name", 4), fit("names", 4), fit("日本語", 4), fit("x", 0)]).toEqual([
      "name",
      "nam…",
      "日…",
      "",
    ]);
    expect(pad("日", 4)).toBe("日  ");
  });
});

test("numbers are written with three digits and a unit", () => {
  expect(bytesText(9.8376)).toBe("10 B"); // a rate
  expect([0, 1, 1023, 1024, 10_240, 1_048_575, 1.5 * 2 ** 30, 2 ** 53].map(bytesText)).toEqual([
    "0 B",
    "1 B",
    "1023 B",
    "1.00 KiB",
    "10.0 KiB",
    "1.00 MiB",
    "1.50 GiB",
    "8.00 PiB",
  ]);
  expect([0, 3, 999.4, 999.6, 59_900, 59_960, 125_000, 4_800_000].map(durationText)).toEqual([
    "1 ms",
    "3 ms",
    "999 ms",
    "1.0 s",
    "59.9 s",
    "1 min 0 s",
    "2 min 5 s",
    "1 h 20 min",
  ]);
  expect([0, 6.2, 723, 4800].map(clockText)).toEqual(["0:00", "0:07", "12:03", "1:20:00"]);
  expect(timeText({ seconds: -1, nanoseconds: 0 })).toBe("1969-12-31T23:59:59Z");
  expect(timeText({ seconds: 8.64e12, nanoseconds: 0 })).toBe("+275760-09-13T00:00:00Z");
  expect(timeText({ seconds: 8.64e12 + 1, nanoseconds: 0 })).toBe("+275760-09-13T00:00:01Z");
  expect(timeText({ seconds: -8.64e12 - 1, nanoseconds: 0 })).toBe("-271821-04-19T23:59:59Z");
  // The calendar repeats every 400 years.
  const cycle = 146_097 * 86_400;
  expect(timeText({ seconds: 700_000 * cycle, nanoseconds: 0 })).toBe("+280001970-01-01T00:00:00Z");
  expect(timeText({ seconds: 2 ** 53 - 1, nanoseconds: 0 })).toMatch(/^\+285428751-.* or later$/);
  expect(timeText(undefined)).toBe("-");
});

test("every failure has its exit code", () => {
  for (const [code, { exit, retryable }] of Object.entries(CODES)) {
    const own = exitCodeOf(new LeatError(code as keyof typeof CODES, ""));
    expect(own).toBe(exit);
    if (exit !== 1) expect(retryable).toBe(own >= 40 && own < 60);
  }
  expect(new Set(Object.values(CODES).map(({ exit }) => exit)).size).toBe(
    Object.keys(CODES).length,
  );
  expect(exitCodeOf(new UsageError(""))).toBe(2);
  expect(exitCodeOf(new Error("?"))).toBe(1);
  expect([combine([]), combine([12, 12]), combine([12, 13])]).toEqual([0, 12, 3]);
});

describe("the log", () => {
  const lines: string[] = [];
  const options = {
    level: "info",
    format: "pretty",
    terminal: true,
    colour: false,
    stream: { write: (line: string) => lines.push(line) > 0, on() {} },
  } as const;

  test("is one line for each event, whatever a peer says", () => {
    lines.length = 0;
    const log = new StreamLog(options);
    log.debug({}, "too small");
    log.info({ peer: "127.0.0.1:5", connections: 1 }, "connect");
    log.warn({ peer: "x", text: 'two\nlines "and" \u001b[2J' }, "bad\u001b[2J");
    expect(lines.map((line) => line.slice(9))).toEqual([
      "info  connect 127.0.0.1:5 connections=1\n",
      'warn  bad\\x1b[2J x text="two\\\\x0alines \\"and\\" \\\\x1b[2J"\n',
    ]);
  });

  test("tells the time of each line, and nothing of what is missing", () => {
    lines.length = 0;
    const log = new StreamLog({ ...options, terminal: false });
    const before = Date.now();
    log.warn({ peer: undefined, path: undefined, seconds: 3 }, "still");
    log.warn({}, "still");
    expect(lines[0]).toMatch(/ warn {2}still seconds=3\n$/);
    for (const line of lines) {
      const told = new Date(line.slice(0, 23).replace(" ", "T")).getTime();
      expect(told).toBeWithin(before, Date.now() + 1);
    }
  });

  test("as JSON keeps what an error says", () => {
    lines.length = 0;
    new StreamLog({ ...options, format: "json" }).error(
      { err: new RangeError("broken") },
      "defect",
    );
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      level: 50,
      msg: "defect",
      err: { type: "RangeError", message: "broken", stack: expect.any(String) },
    });
  });
});
