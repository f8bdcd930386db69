/** Access control lists of POSIX, as the kernel keeps them: extended attributes. Linux. */
import { dlopen, FFIType, ptr } from "bun:ffi";

const { cstring, i32, i64, ptr: pointer } = FFIType;

const libc =
  process.platform === "linux"
    ? dlopen("libc.so.6", {
        setxattr: { args: [cstring, cstring, pointer, i64, i32], returns: i32 },
        getxattr: { args: [cstring, cstring, pointer, i64], returns: i64 },
      }).symbols
    : undefined;

const nul = (text: string): Uint8Array => Buffer.from(`${text}\0`);

/** One user or group of it, by its number, or the tag alone. */
export interface AclEntry {
  readonly tag: "owner" | "user" | "ownerGroup" | "group" | "mask" | "other";
  readonly permissions: number;
  readonly id?: number;
}

const TAGS = { owner: 1, user: 2, ownerGroup: 4, group: 8, mask: 16, other: 32 } as const;
const VERSION = 2;
const NO_ID = 0xffff_ffff;

/** Gives a folder what new files in it are to have. @returns whether the file system takes it */
export function setDefaultAcl(folder: string, entries: readonly AclEntry[]): boolean {
  const bytes = Buffer.alloc(4 + 8 * entries.length);
  bytes.writeUInt32LE(VERSION, 0);
  for (const [index, { tag, permissions, id = NO_ID }] of entries.entries()) {
    bytes.writeUInt16LE(TAGS[tag], 4 + 8 * index);
    bytes.writeUInt16LE(permissions, 6 + 8 * index);
    bytes.writeUInt32LE(id, 8 + 8 * index);
  }
  const name = nul("system.posix_acl_default");
  return libc?.setxattr(ptr(nul(folder)), ptr(name), ptr(bytes), bytes.length, 0) === 0;
}

/** The list of a file, as bytes to compare; undefined where it has none. */
export function aclOf(path: string): string | undefined {
  const bytes = Buffer.alloc(1024);
  const name = nul("system.posix_acl_access");
  const length = Number(libc?.getxattr(ptr(nul(path)), ptr(name), ptr(bytes), bytes.length) ?? -1);
  return length < 0 ? undefined : bytes.toString("hex", 0, length);
}
