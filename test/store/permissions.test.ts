/** The permissions of a user, by name alone. */
import { describe, expect, test } from "bun:test";
import {
  PERMISSIONS,
  type Permission,
  Permissions,
} from "../../src/store/permitted/permissions.ts";

const made = (rules: Readonly<Record<string, readonly Permission[]>>): Permissions =>
  new Permissions(new Map(Object.entries(rules)));

describe("the longest path counts", () => {
  const permissions = made({ "": ["list"], a: ["read"], "a/b": [], "a/b/c": ["write"] });

  test.each([
    ["", "list", true],
    ["x/y", "list", true],
    ["a", "list", false],
    ["a/x", "read", true],
    ["ab", "list", true],
    ["a/b/x", "read", false],
    ["a/b/c/d", "write", true],
    ["a/b/c/d", "read", false],
  ] as const)("for %j and %s", (path, permission, is) => {
    expect(permissions.has(path, permission)).toBe(is);
  });

  test("and nothing is allowed where there is none", () => {
    const few = made({ a: ["list"] });
    expect([few.has("", "list"), few.has("b", "list"), few.isVisible("b")]).toEqual([
      false,
      false,
      false,
    ]);
    expect([few.isVisible(""), few.isVisible("a"), few.leadingNames("")]).toEqual([
      true,
      true,
      ["a"],
    ]);
  });
});

describe("another spelling of a name", () => {
  const permissions = made({ "": PERMISSIONS, "Großes Café": [], open: PERMISSIONS });

  test.each(["großes café", "GROSSES CAFÉ", "Großes Cafe\u0301", "Großes Caf\u200dé"])(
    "as %j has both lists",
    (name) => {
      expect(permissions.has(`${name}/f`, "read")).toBe(false);
      expect(permissions.isVisible(`${name}/f`)).toBe(false);
      expect(permissions.filterOf("")?.(name)).toBe(false);
    },
  );

  test("allows no more than the name itself", () => {
    const open = made({ "": ["list"], open: PERMISSIONS });
    expect([open.has("open/f", "read"), open.has("OPEN/f", "read")]).toEqual([true, false]);
  });
});

test("a folder where a list begins can be changed only as the folder above it can", () => {
  const permissions = made({ "": ["list"], a: PERMISSIONS });
  expect([permissions.has("a", "delete"), permissions.mayChange("a", "delete")]).toEqual([
    true,
    false,
  ]);
  expect(permissions.mayChange("a/b", "delete")).toBe(true);
});
