/**
 * A listening socket that the parent process opened for this one, as systemd does: see
 * sd_listen_fds(3). Linux.
 */
import { dlopen, ptr } from "bun:ffi";
import { LeatError } from "../errors.ts";
import type { Address } from "./transport.ts";
import { closeDuplicate, duplicate, setNonBlocking } from "./duplicate.ts";

export interface Passed {
  readonly fd: number;
  readonly address: Address;
}

/** The first descriptor that is passed. */
const FIRST = 3;

const SOL_SOCKET = 1;
const SO_ACCEPTCONN = 30;
const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;

/** sockaddr_un is the longest. */
const LONGEST = 110;

/**
 * Takes the socket over, and removes its variables from the environment: they do not hold for a process
 * that is started later.
 * @param environment `process.env`
 * @returns undefined when none was passed to this process
 * @throws INVALID_ARGUMENT when it is not one socket that listens
 */
export function takePassed(environment: Record<string, string | undefined>): Passed | undefined {
  const { LISTEN_PID: process_, LISTEN_FDS: count } = environment;
  if (count === undefined || process_ !== `${process.pid}`) return undefined;
  for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]) delete environment[name];
  if (count !== "1") {
    throw new LeatError("INVALID_ARGUMENT", `${count} sockets were passed; leat listens on one`);
  }
  const address = addressOf(FIRST);
  // Another number, one that no child inherits.
  const fd = duplicate(FIRST);
  closeDuplicate(FIRST);
  setNonBlocking(fd);
  return { fd, address };
}

/** @throws INVALID_ARGUMENT */
function addressOf(fd: number): Address {
  const wrong = (what: string) =>
    new LeatError("INVALID_ARGUMENT", `descriptor ${fd}, which was passed, ${what}`);
  const libc = dlopen("libc.so.6", {
    getsockname: { args: ["i32", "ptr", "ptr"], returns: "i32" },
    getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
  });
  try {
    const listens = new Int32Array(1);
    const size = new Uint32Array([4]);
    const { getsockname, getsockopt } = libc.symbols;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, ptr(listens), ptr(size)) !== 0) {
      throw wrong("is no socket");
    }
    if (listens[0] !== 1) throw wrong("does not listen: the unit needs Accept=no");
    const bytes = new Uint8Array(LONGEST);
    size[0] = LONGEST;
    if (getsockname(fd, ptr(bytes), ptr(size)) !== 0) throw wrong("has no address");
    const address = parse(bytes.subarray(0, size[0]));
    if (address === undefined) throw wrong("is neither TCP nor a Unix socket with a path");
    return address;
  } finally {
    libc.close();
  }
}

/** @param bytes a sockaddr */
function parse(bytes: Uint8Array): Address | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  switch (view.getUint16(0, true)) {
    case AF_INET:
      return { hostname: bytes.subarray(4, 8).join("."), port: view.getUint16(2) };
    case AF_INET6: {
      const groups = Array.from({ length: 8 }, (_, n) => view.getUint16(8 + 2 * n).toString(16));
      // In its shortest form, as in every other place.
      const { hostname } = new URL(`http://[${groups.join(":")}]`);
      return { hostname: hostname.slice(1, -1), port: view.getUint16(2) };
    }
    case AF_UNIX: {
      const end = bytes.indexOf(0, 2);
      const path = new TextDecoder().decode(bytes.subarray(2, end < 0 ? undefined : end));
      return path === "" ? undefined : { unix: path };
    }
    default:
      return undefined;
  }
}
