/**
 * The system calls that the store makes, the errors that each can really answer with, and what the
 * client is then told: docs/reliability.md has the second table in words.
 */
import type { ErrorCode } from "../../../src/index.ts";

/** By errno: the codes that a request may end with when a call it needs fails so. */
export const CODE_OF = {
  // The path to the library may be what is closed to the server: then nothing is served for a while.
  EACCES: ["PERMISSION_DENIED", "UNAVAILABLE"],
  EBUSY: ["UNAVAILABLE"],
  EDQUOT: ["QUOTA_EXCEEDED"],
  EFBIG: ["TOO_LARGE"],
  EINVAL: ["INVALID_ARGUMENT"],
  EIO: ["IO_ERROR"],
  EMFILE: ["RESOURCE_EXHAUSTED"],
  EMLINK: ["NO_SPACE"],
  ENFILE: ["RESOURCE_EXHAUSTED"],
  ENOENT: ["NOT_FOUND", "CHANGED"],
  ENOLCK: ["RESOURCE_EXHAUSTED"],
  ENOMEM: ["RESOURCE_EXHAUSTED"],
  ENOSPC: ["NO_SPACE"],
  EOPNOTSUPP: ["UNIMPLEMENTED"],
  EPERM: ["PERMISSION_DENIED"],
  EROFS: ["READ_ONLY"],
  ESTALE: ["IO_ERROR"],
  EWOULDBLOCK: ["UNAVAILABLE"],
} as const satisfies Record<string, readonly ErrorCode[]>;

export type Errno = keyof typeof CODE_OF;

const CHANGE: readonly Errno[] = ["EACCES", "EDQUOT", "EIO", "ENOSPC", "EPERM", "EROFS"];
const SET: readonly Errno[] = ["EIO", "EOPNOTSUPP", "EPERM", "EROFS"];
const SYNC: readonly Errno[] = ["EDQUOT", "EINVAL", "EIO", "ENOSPC", "EROFS"];
const OPEN: readonly Errno[] = ["EACCES", "EIO", "EMFILE", "ENFILE", "ENOMEM", "ENOSPC", "ESTALE"];

/**
 * From the manual pages. Not `close`: strace answers in its place, so that the descriptor would stay
 * open, which no kernel does.
 */
export const ERRNOS: Readonly<Record<string, readonly Errno[]>> = {
  fchmod: SET,
  fchown: SET,
  fdatasync: SYNC,
  flock: ["ENOLCK", "EOPNOTSUPP", "EWOULDBLOCK"],
  fsetxattr: [...SET, "ENOSPC"],
  fstat: ["EIO", "ENOMEM"],
  fsync: SYNC,
  ftruncate: ["EIO", "EROFS"],
  getdents64: ["EIO", "ENOENT", "ENOMEM"],
  link: [...CHANGE, "EMLINK"],
  linkat: [...CHANGE, "EMLINK"],
  mkdir: [...CHANGE, "EMLINK"],
  mkdirat: [...CHANGE, "EMLINK"],
  newfstatat: ["EACCES", "EIO", "ENOMEM"],
  openat: OPEN,
  openat2: OPEN,
  pread64: ["EIO", "ENOMEM", "ESTALE"],
  pwrite64: ["EDQUOT", "EFBIG", "EIO", "ENOSPC"],
  rename: CHANGE,
  renameat2: [...CHANGE, "EINVAL"],
  rmdir: [...CHANGE, "EBUSY"],
  sendfile: ["EIO", "EINVAL", "ENOMEM"],
  statfs: ["EIO", "ENOMEM", "ESTALE"],
  statx: ["EACCES", "EIO", "ENOMEM", "ESTALE"],
  syncfs: SYNC,
  unlink: ["EACCES", "EBUSY", "EIO", "EPERM", "EROFS"],
  unlinkat: ["EACCES", "EBUSY", "EIO", "EPERM", "EROFS"],
  utimensat: SET,
  // Only where the store appends to its journal: the runtime writes to descriptors of its own.
  write: ["EDQUOT", "EFBIG", "EIO", "ENOSPC"],
};
