/** Wire names: which are taken, which rule refuses the others, and what the refusal says. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { LeatError } from "../../src/errors.ts";
import { MAX_PATH, MAX_SEGMENT } from "../../src/limits.ts";
import { checkPath, isSegment, quote } from "../../src/store/names.ts";

const long = (length: number): string => "n".repeat(length);
const deep = (segments: number): string => Array(segments).fill("abcdefg").join("/");

describe("checkPath takes", () => {
  test.each<[string, string[]]>([
    ["", []],
    ["a", ["a"]],
    ["a/b/c", ["a", "b", "c"]],
    [".hidden", [".hidden"]],
    ["...", ["..."]],
    ["..a/b..", ["..a", "b.."]],
    [" ", [" "]],
    ["a b/## c", ["a b", "## c"]],
    ["back\\slash", ["back\\slash"]],
    ["C:", ["C:"]],
    ["~root", ["~root"]],
    ["%2e%2e", ["%2e%2e"]],
    ["文/🙂", ["文", "🙂"]],
    ["\u00a0\u2028", ["\u00a0\u2028"]],
    ["\ufeffmark", ["\ufeffmark"]],
    ["a/.leat", ["a", ".leat"]],
    [".leat2", [".leat2"]],
    [long(MAX_SEGMENT), [long(MAX_SEGMENT)]],
    ["é".repeat(127), ["é".repeat(127)]],
    [deep(512), Array(512).fill("abcdefg")],
  ])("%j", (path, segments) => {
    expect(checkPath(path)).toEqual(segments);
  });
});

describe("checkPath refuses", () => {
  test.each<[string, string]>([
    ["/", "begins with a slash"],
    ["/etc/passwd", "begins with a slash"],
    ["//", "begins with a slash"],
    ["a/", "ends with a slash"],
    ["a//b", "has an empty segment"],
    [".", 'has a "." segment'],
    ["..", 'has a ".." segment'],
    ["./a", 'has a "." segment'],
    ["a/./b", 'has a "." segment'],
    ["../a", 'has a ".." segment'],
    ["a/../../b", 'has a ".." segment'],
    ["a/..", 'has a ".." segment'],
    ["\0", "has a NUL at position 0"],
    ["a\0/../b", "has a NUL at position 1"],
    ["a\nb", "has the control character U+000A at position 1"],
    ["\u001b[2J", "has the control character U+001B at position 0"],
    ["a\u007f", "has the control character U+007F at position 1"],
    ["a\u0080", "has the control character U+0080 at position 1"],
    ["a\u009f", "has the control character U+009F at position 1"],
    ["\ud800", "is not Unicode"],
    ["a\udc00b", "is not Unicode"],
    ["\udc00\ud800", "is not Unicode"],
    [".leat", "begins with .leat"],
    [".leat/partial", "begins with .leat"],
    [".LEAT/partial", "begins with .leat"],
    [".Leat", "begins with .leat"],
    [long(MAX_SEGMENT + 1), "has a segment of 256 bytes; 255 are allowed"],
    ["é".repeat(128), "has a segment of 256 bytes; 255 are allowed"],
    ["🙂".repeat(64), "has a segment of 256 bytes; 255 are allowed"],
    [`${deep(512)}/a`, "is 4097 bytes long; 4096 are allowed"],
    [long(5000), "is 5000 bytes long; 4096 are allowed"],
    ["文".repeat(1366), "is 4098 bytes long; 4096 are allowed"],
  ])("%j", (path, why) => {
    const error = refusal(path);
    expect(error).toMatchObject({ code: "INVALID_NAME", retryable: false });
    expect(error?.message).toContain(why);
    expect(error?.message).toStartWith('the name "');
  });
});

describe("messages", () => {
  test("a long name does not make a long message", () => {
    expect(refusal(long(5000))?.message.length).toBeLessThan(250);
    expect(refusal(long(1_000_000))?.message.length).toBeLessThan(250);
  });

  test("nothing in a name reaches a terminal as a command", () => {
    expect(quote("\u001b[31m\u0007\r\n")).toBe('"\\u{1b}[31m\\u{7}\\u{d}\\u{a}"');
    expect(quote("\u202egpj.exe")).toBe('"\\u{202e}gpj.exe"');
    expect(quote('a"b\\c')).toBe('"a\\"b\\\\c"');
    expect(quote("\ud800")).toBe('"\ufffd"');
    expect(quote("ünï 文 🙂")).toBe('"ünï 文 🙂"');
  });

  test("any name is shown in few bytes, on one line", () => {
    fc.assert(
      fc.property(anything, (name) => {
        const shown = quote(name);
        expect(Buffer.byteLength(shown)).toBeLessThan(900);
        expect(shown.isWellFormed()).toBe(true);
        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      }),
    );
  });
});

/** Strings of code units, so with halves of pairs, and of the characters the rules are about. */
const anything = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc.string({ unit: fc.constantFrom("/", ".", "a", "\0", "\u0085", "é", "🙂") }),
  fc.string({ unit: "grapheme", minLength: 200, maxLength: 400 }),
);

const segment = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
  .filter((name) => isSegment(name) && name.toLowerCase() !== ".leat");

describe("for any name", () => {
  test("a path is taken as it is, or refused with a reason", () => {
    fc.assert(
      fc.property(anything, (path) => {
        const error = refusal(path);
        if (error === undefined) {
          expect(checkPath(path).join("/")).toBe(path);
          expect(slowlyAllowed(path)).toBe(true);
        } else {
          expect(error.code).toBe("INVALID_NAME");
          expect(Buffer.byteLength(error.message)).toBeLessThanOrEqual(1024);
          expect(slowlyAllowed(path)).toBe(false);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("segments that may stand alone may stand together", () => {
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 20 }), (segments) => {
        expect(checkPath(segments.join("/"))).toEqual(segments);
      }),
    );
  });

  test("isSegment agrees with checkPath", () => {
    fc.assert(
      fc.property(anything, (name) => {
        const alone = refusal(name) === undefined && name !== "" && !name.includes("/");
        expect(isSegment(name)).toBe(alone || (name.toLowerCase() === ".leat" && isSegment(name)));
      }),
    );
  });
});

/** The rules of proto/leat/v1/leat.proto once more, as plainly as they can be said. */
function slowlyAllowed(path: string): boolean {
  if (path === "") return true;
  const bytes = Buffer.from(path);
  if (bytes.toString() !== path || bytes.length > MAX_PATH) return false;
  if (/\p{Cc}/u.test(path)) return false;
  const segments = path.split("/");
  if (segments[0]?.toLowerCase() === ".leat") return false;
  return segments.every(
    (name) => !["", ".", ".."].includes(name) && Buffer.byteLength(name) <= MAX_SEGMENT,
  );
}

function refusal(path: string): LeatError | undefined {
  try {
    checkPath(path);
    return undefined;
  } catch (error) {
    if (error instanceof LeatError) return error;
    throw error;
  }
}
