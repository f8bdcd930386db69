/** Errors of the system, as a client is told them. */
import { describe, expect, test } from "bun:test";
import { constants } from "node:os";
import { LeatError } from "../src/index.ts";
import { ERRNO, systemError } from "../src/store/system/kernel.ts";

/** What the calls on files answer with, by their manual pages; not what a mistake of ours would. */
const OF_FILES = [
  "EACCES EAGAIN EBUSY EDQUOT EEXIST EFBIG EINTR EINVAL EIO EISDIR ELOOP EMFILE EMLINK",
  "ENAMETOOLONG ENFILE ENODEV ENOENT ENOLCK ENOMEM ENOSPC ENOSYS ENOTDIR ENOTEMPTY ENXIO",
  "EOPNOTSUPP EPERM EROFS ESTALE EXDEV",
].flatMap((names) => names.split(" "));

describe("an error of the system", () => {
  test.each(OF_FILES)("%s has a code of its own, and a sentence without its number", (name) => {
    const errno = constants.errno[name as keyof typeof constants.errno];
    const error = LeatError.from(systemError(errno, "call"), "cannot do it");
    expect(error.code).not.toBe("INTERNAL");
    expect(error.message).toMatch(/^cannot do it: [a-z ,()-]*$/);
  });

  test("that no call on a file has is INTERNAL, and named", () => {
    const error = LeatError.from(systemError(constants.errno.EDOM, "call"), "cannot do it");
    expect(error).toMatchObject({ code: "INTERNAL", message: "cannot do it: call: EDOM" });
  });
});

test("the errno values that leat tells apart are those of this system", () => {
  expect(constants.errno).toMatchObject(ERRNO);
  for (const [name, number] of Object.entries(ERRNO)) {
    const code = name === "EOPNOTSUPP" ? /^E(OPNOTSUPP|NOTSUP)$/ : name;
    expect(systemError(number, "open")).toHaveProperty("code", expect.stringMatching(code));
  }
});
