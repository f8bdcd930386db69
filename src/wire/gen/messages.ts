// Generated from proto/leat/v1/leat.proto by `bun run generate`. Do not edit.

export type Durability = "DURABILITY_UNSPECIFIED" | "DURABILITY_NONE" | "DURABILITY_FSYNC";

/** All failure codes. docs/cli.md has the exit code of the command line for each. */
export type Code =
  | "CODE_UNSPECIFIED"
  | "INTERNAL"
  | "INVALID_ARGUMENT"
  | "INVALID_NAME"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "PERMISSION_DENIED"
  | "UNAUTHENTICATED"
  | "IS_A_DIRECTORY"
  | "NOT_A_DIRECTORY"
  | "DIRECTORY_NOT_EMPTY"
  | "NOT_A_REGULAR_FILE"
  | "UNIMPLEMENTED"
  | "PROTOCOL_ERROR"
  | "VERSION_UNSUPPORTED"
  | "TOO_LARGE"
  | "READ_ONLY"
  | "NO_SPACE"
  | "QUOTA_EXCEEDED"
  | "PRECONDITION_FAILED"
  | "CHECKSUM_MISMATCH"
  | "SIZE_MISMATCH"
  | "FLOW_CONTROL"
  | "CROSS_DEVICE"
  | "OUTCOME_UNKNOWN"
  | "UNAVAILABLE"
  | "CONNECTION_LOST"
  | "DEADLINE_EXCEEDED"
  | "RESOURCE_EXHAUSTED"
  | "CHANGED"
  | "IO_ERROR"
  | "CANCELLED";

/** The kind of an entry. */
export type Kind = "KIND_UNSPECIFIED" | "FILE" | "DIRECTORY" | "OTHER";

export type IfExists = "IF_EXISTS_UNSPECIFIED" | "FAIL" | "REPLACE" | "SKIP";

export type Algorithm = "ALGORITHM_UNSPECIFIED" | "SHA256" | "CRC32";

/** One frame. */
export interface Frame {
  /**
   * The stream to which this frame belongs, or 0 for the connection itself. The client gives each new
   * stream a higher number than all before, from 1 on.
   */
  stream: number;
  body?: FrameBody | undefined;
}

export type FrameBody =
  | { readonly case: "data"; readonly value: Data }
  | { readonly case: "credit"; readonly value: Credit }
  | { readonly case: "request"; readonly value: Request }
  | { readonly case: "response"; readonly value: Response }
  | { readonly case: "finish"; readonly value: Finish }
  | { readonly case: "receipt"; readonly value: Receipt }
  | { readonly case: "failure"; readonly value: Failure }
  | { readonly case: "resend"; readonly value: Resend }
  | { readonly case: "cancel"; readonly value: Cancel }
  | { readonly case: "ping"; readonly value: Ping }
  | { readonly case: "pong"; readonly value: Pong }
  | { readonly case: "hello"; readonly value: Hello }
  | { readonly case: "welcome"; readonly value: Welcome }
  | { readonly case: "goAway"; readonly value: GoAway }
  | { readonly case: "hole"; readonly value: Hole };

/**
 * File bytes. Libraries write the fields in the order of their numbers. So the payload comes last, and
 * a program can read and write the other fields without touching it.
 */
export interface Data {
  /**
   * Position of the first payload byte in the file, in bytes. Each Data of a stream begins where the
   * one before ended.
   */
  offset: number;
  /**
   * CRC-32 (IEEE 802.3) of the bytes of this block that were sent on this stream. A block is 1 MiB and
   * begins at a multiple of 1 MiB in the file. Set on the last Data of each block and of the stream,
   * absent on all others.
   */
  crc32?: number | undefined;
  /**
   * At least 1 byte. The whole frame must fit in max_frame. A payload never crosses a block boundary.
   */
  payload: Uint8Array;
}

/**
 * A part of the file that is zeros: it takes the place of the Data of these bytes, in a get or a put without SHA-256. It
 * takes no credit. Checksums cover its zeros like any other bytes.
 */
export interface Hole {
  /**
   * Position of the first byte in the file: a multiple of 1 MiB, where the Data or Hole before ended.
   */
  offset: number;
  /**
   * Bytes: whole blocks of 1 MiB, as many as there are. Only the last block of the stream may be shorter. Bound: 1 or
   * more, and offset + length at most 2^53 - 1.
   */
  length: number;
  /** CRC-32 of that many zeros, so that a damaged length is noticed. */
  crc32: number;
}

/** More Data may be sent on this stream. Sent by the receiver of Data. */
export interface Credit {
  /** Additional bytes. Bound: 1 or more, and at most 2^53 - 1 in total on a stream. */
  bytes: number;
}

/** All Data (get, put) or all entries (list) have been sent. */
export interface Finish {
  /**
   * Size in bytes: of the range that was sent (get), of the whole file (put). Set on get and put.
   */
  size?: number | undefined;
  /** CRC-32 of those same bytes. Set on get and put. */
  crc32?: number | undefined;
  /** SHA-256 of those same bytes, 32 bytes. Set if Get.sha256 or Put.sha256 is set. */
  sha256?: Uint8Array | undefined;
  /**
   * Where the next List continues. The client does not interpret it. Set on list, absent on the last page.
   */
  cursor?: string | undefined;
  /**
   * Number of names that were left out of this page because they are not UTF-8 or break the rules
   * for paths. Set on list.
   */
  skippedNames: number;
}

/**
 * The upload was successful: the file is whole, verified, and visible under its name. Sent by the server.
 */
export interface Receipt {
  /** the file as it now is */
  entry?: Entry | undefined;
  /** of the whole file */
  crc32: number;
  /** 32 bytes, if Put.sha256 is set */
  sha256?: Uint8Array | undefined;
  /** whether the file was on disk when this was sent */
  durability: Durability;
  /** as in Put */
  uploadId: Uint8Array;
  /** nothing was written: the name existed and if_exists was SKIP */
  skipped: boolean;
  /**
   * The file system of the library does not support what was requested. The file is stored nevertheless.
   */
  modeNotSet: boolean;
  /** the modified time is not Put.modified */
  modifiedNotSet: boolean;
  /** the file, or its name, cannot be synced, so durability is DURABILITY_NONE */
  notSynced: boolean;
}

/** An error. It ends its stream; on stream 0 it ends the connection. */
export interface Failure {
  code: Code;
  /** One sentence for a person, with the names and the numbers. At most 1024 bytes. */
  message: string;
  /** The same request may succeed later. */
  retryable: boolean;
  /** Earliest time for a retry, in milliseconds from now. Absent: the client chooses. */
  retryAfterMilliseconds?: number | undefined;
}

/**
 * The receiver of Data requests a part again because its CRC did not match. This is not in use: leat
 * answers with UNIMPLEMENTED. To repair a transfer, continue it after the last good block.
 */
export interface Resend {
  /** first byte, in bytes */
  offset: number;
  /** bytes, all inside one block */
  length: number;
}

/** The client ends the stream early. The server still sends one terminal frame. */
export interface Cancel {
  /** keep the whole blocks of an upload for another try, as when the connection is lost */
  keep: boolean;
}

/**
 * The other side immediately answers with a Pong of the same nonce. A second Ping before the Pong is an error.
 */
export interface Ping {
  nonce: number;
}

export interface Pong {
  nonce: number;
}

/** The first frame of a connection, sent by the client. At most 16 KiB. */
export interface Hello {
  /**
   * 0x7461656c, the bytes "leat". It comes first, so that the server recognises another protocol early.
   */
  magic: number;
  /** Protocol versions that the client supports. This file is version 1. */
  minimumVersion: number;
  maximumVersion: number;
  /** Names of optional features that the client knows. Bound: 64 of at most 64 bytes. */
  features: string[];
  /** The identity of the client. Absent: anonymous. */
  credentials?: Credentials | undefined;
  /** Credit of each download when its stream opens, in bytes. */
  initialWindow: number;
  /**
   * The largest frame that the client accepts, without its length prefix, in bytes. 0: 1 MiB + 1 KiB.
   * Bound: 64 KiB to 16 MiB.
   */
  maxFrame: number;
  /** Program and version, for logs. At most 128 bytes. */
  agent: string;
}

export interface Credentials {
  kind?: CredentialsKind | undefined;
}

export type CredentialsKind =
  | { readonly case: "userPassword"; readonly value: UserPassword }
  | { readonly case: "token"; readonly value: string };

export interface UserPassword {
  /** at most 128 bytes */
  user: string;
  /** at most 1024 bytes */
  password: string;
}

/** The server's answer to a Hello that it accepts. */
export interface Welcome {
  /** as in Hello */
  magic: number;
  /** the version that both will use */
  version: number;
  /** the client's features that the server supports */
  features: string[];
  /** streams open at once; 1 or more */
  maxStreams: number;
  /**
   * The largest frame that the server accepts, as in Hello. Frames other than Data: at most 16 KiB.
   */
  maxFrame: number;
  /** credit of each upload when its stream opens, in bytes */
  initialWindow: number;
  /** program and version; at most 128 bytes */
  agent: string;
}

/** The server will serve no stream above last_stream. Streams up to it continue. */
export interface GoAway {
  lastStream: number;
  /** UNAVAILABLE: restart or shutdown */
  code: Code;
  message: string;
  retryAfterMilliseconds?: number | undefined;
}

/** Opens a stream. Sent by the client. */
export interface Request {
  operation?: RequestOperation | undefined;
}

export type RequestOperation =
  | { readonly case: "list"; readonly value: List }
  | { readonly case: "stat"; readonly value: Stat }
  | { readonly case: "get"; readonly value: Get }
  | { readonly case: "put"; readonly value: Put }
  | { readonly case: "remove"; readonly value: Remove }
  | { readonly case: "rename"; readonly value: Rename }
  | { readonly case: "makeDirectory"; readonly value: MakeDirectory }
  | { readonly case: "checksum"; readonly value: Checksum }
  | { readonly case: "status"; readonly value: Status }
  | { readonly case: "walk"; readonly value: Walk }
  | { readonly case: "putTree"; readonly value: PutTree }
  | { readonly case: "makeLink"; readonly value: MakeLink }
  | { readonly case: "setAttributes"; readonly value: SetAttributes };

/** The answer of the operation with the same name. */
export interface Response {
  result?: ResponseResult | undefined;
}

export type ResponseResult =
  | { readonly case: "list"; readonly value: EntryPage }
  | { readonly case: "stat"; readonly value: Entry }
  | { readonly case: "get"; readonly value: GetResponse }
  | { readonly case: "put"; readonly value: PutResponse }
  | { readonly case: "remove"; readonly value: RemoveResponse }
  | { readonly case: "rename"; readonly value: Entry }
  | { readonly case: "makeDirectory"; readonly value: Entry }
  | { readonly case: "checksum"; readonly value: ChecksumResponse }
  | { readonly case: "status"; readonly value: StatusResponse }
  | { readonly case: "walk"; readonly value: WalkResponse }
  | { readonly case: "putTree"; readonly value: PutTreeResponse }
  | { readonly case: "makeLink"; readonly value: Entry }
  | { readonly case: "setAttributes"; readonly value: Entry };

/** A point in time. */
export interface Timestamp {
  /**
   * Seconds since 1970-01-01T00:00:00Z, negative before that. At most 2^53 - 1 in either direction; a
   * time beyond is sent as this bound.
   */
  seconds: number;
  /** 0 to 999999999 */
  nanoseconds: number;
}

/** A file or a folder of the library. */
export interface Entry {
  /** last segment; in EntryPage relative to the folder */
  name: string;
  kind: Kind;
  /** bytes; 0 unless it is a file. 2^53 - 1 stands for this size or more */
  size: number;
  modified?: Timestamp | undefined;
  /**
   * Changes when the contents may have changed. The client does not interpret it. At most 128 bytes. Set
   * for files by stat, get, put and rename; not in lists.
   */
  version: string;
  /** permission bits, at most 0777; absent if there are none, or they are not known */
  mode?: number | undefined;
  /**
   * The name is a symbolic link, and the other fields describe its target. Set in lists only. A client
   * that walks through all folders must not follow links, because one may lead back to a folder above.
   */
  link: boolean;
  /**
   * The text of a link, as in MakeLink. Set in a Walk with link_targets, and by make_link; "" where the link leads out of
   * the library.
   */
  target: string;
}

/** Pages of a folder, in the order of the UTF-8 bytes of the names. */
export interface List {
  path: string;
  /** from the previous page; absent: from the start */
  cursor?: string | undefined;
  /** entries of a page at most; 0: as many as 256 KiB hold */
  limit: number;
  /** include names that begin with "." */
  hidden: boolean;
  /** At most so many pages are sent, each in a Response of its own. 0: one. */
  pages: number;
}

export interface EntryPage {
  /** at most 256 KiB together */
  entries: Entry[];
  /**
   * Another page follows on this stream, and would follow in answer to a List with this cursor. Absent: Finish follows, and
   * tells the same of this page.
   */
  cursor?: string | undefined;
  /** of this page, if another one follows: see Finish.skipped_names */
  skippedNames: number;
}

/**
 * List a folder with everything below it, and send its small files along.
 *
 * The Data of the answer is a sequence of TreeItem messages, each preceded by its length as a varint. An item with
 * `contents` is followed by the bytes of its file, as many as Entry.size says. The items are cut into Data frames anywhere; each
 * frame carries the CRC-32 of its payload, and offset counts bytes of the sequence.
 */
export interface Walk {
  /** a folder */
  path: string;
  /**
   * Continue after this item: its path relative to the folder, with a "/" at its end if it is a folder whose contents
   * are still to come. Absent: from the start.
   */
  after?: string | undefined;
  /** files of at most so many bytes are sent along; 0: none. A server may send fewer */
  contentsUpTo: number;
  /** set Entry.target */
  linkTargets: boolean;
  /**
   * Only if Welcome.features has "walk-paths". These files, and no folder: at most 128 paths, relative to the folder, of at most
   * 15,360 bytes together. Each has one item, in this order, with `leave` 0. `after` is absent.
   */
  paths: string[];
  /**
   * Only if Welcome.features has "walk-leave-out". Names that are left out, folders with everything in them: at most 64 patterns of
   * at most 4,096 bytes together. Each is a name, or a "*" and the end of a name. Behind a "/" it counts only directly in the
   * folder, before a "/" only for folders; a link is none.
   */
  leaveOut: string[];
}

export interface WalkResponse {
  /** the folder itself; its name is its last segment. Absent in answer to `paths` */
  entry?: Entry | undefined;
  /**
   * The permission bits that set_attributes sets: a client compares those of its files with others only in these. 0: the
   * server gives all files the same. Absent: it has no set_attributes.
   */
  modeBits?: number | undefined;
}

/**
 * One entry of a Walk, or of a PutTree. A folder comes before what is in it. In a Walk, names come in the order of their bytes.
 * `leave` says which folder is open: at first the one that was asked for, then each folder that came and was not left
 * since.
 */
export interface TreeItem {
  /** folders that are left before this item */
  leave: number;
  /**
   * Its name is one segment, relative to the folder that is open. A folder is open from then on unless it is a link. The
   * version is set if contents follow. Absent: the item is about the open folder itself. In a PutTree, the mode of a
   * folder is as in MakeDirectory; its modified time is ignored, because what follows changes it: it is sent in
   * `attributes` later.
   */
  entry?: Entry | undefined;
  /** entry.size bytes of the file follow this message */
  contents: boolean;
  /**
   * without entry: why the open folder cannot be listed, or not to its end; or why `paths` has no such file
   */
  failure?: Failure | undefined;
  /** names of the open folder that were left out: see Finish.skipped_names */
  skippedNames: number;
  /**
   * PutTree only: the client has sent this file before, and its connection was lost before the outcome came. If a file
   * with the same contents has the name already, it counts as written.
   */
  again: boolean;
  /**
   * PutTree only, without entry, and only to a server that has set PutTreeResponse.attributes.
   */
  attributes?: FolderAttributes | undefined;
}

/** What a folder gets when all that is in it is there. */
export interface FolderAttributes {
  /** relative to the folder of the request; "" is that folder */
  path: string;
  /** as in MakeDirectory, as is the mode */
  modified?: Timestamp | undefined;
  mode?: number | undefined;
}

/**
 * Fill a folder with folders and small files.
 *
 * The Data of the client is a sequence of TreeItem messages with contents, the Data of the server one of TreeOutcome
 * messages; each in the form that Walk describes. Each file is stored whole, or not at all.
 */
export interface PutTree {
  /** a folder; it is made, with those above it, unless it exists */
  path: string;
  /** for each file. Folders that exist are filled */
  ifExists: IfExists;
  /** of the folder, as in MakeDirectory */
  mode?: number | undefined;
}

export interface PutTreeResponse {
  /** the folder */
  entry?: Entry | undefined;
  /** the server takes TreeItem.attributes */
  attributes: boolean;
  /**
   * The most bytes of the contents of a file on this stream; 0: 65,536. The server may allow less when it has little memory.
   */
  contentsUpTo: number;
}

/** The outcome of one TreeItem of a PutTree. Each item has one, in the order of the items. */
export interface TreeOutcome {
  /** why it was not stored. Those after it are not affected, except what is in the folder */
  failure?: Failure | undefined;
  /** as in Receipt */
  skipped: boolean;
  /** bytes of the file that has the name now */
  size: number;
  /** as in Entry */
  version: string;
  /** as in Receipt, as are the following fields */
  durability: Durability;
  modeNotSet: boolean;
  modifiedNotSet: boolean;
  notSynced: boolean;
}

export interface Stat {
  path: string;
}

export interface Get {
  path: string;
  /** first byte; beyond the end: INVALID_ARGUMENT */
  offset: number;
  /** bytes; absent, or beyond the end: to the end */
  length?: number | undefined;
  /** only if this is the file's version, otherwise PRECONDITION_FAILED */
  ifMatch?: string | undefined;
  /** put the SHA-256 of the range into Finish */
  sha256: boolean;
  /**
   * Send the bytes that the file has at the start, even if it grows in the meantime. Ignored with if_match.
   */
  mayGrow: boolean;
}

export interface GetResponse {
  /** the whole file */
  entry?: Entry | undefined;
  /** first byte that will be sent */
  offset: number;
  /** bytes that will be sent */
  length: number;
  /**
   * Bytes that the whole file takes on the disk of the server, if it has holes there: it may need no more on the disk of
   * the client. A hint, set only with the feature "holes".
   */
  allocated?: number | undefined;
}

export interface Put {
  path: string;
  /** 16 random bytes, the same for all tries of one upload */
  uploadId: Uint8Array;
  /** bytes, if known in advance */
  size?: number | undefined;
  /** the modified time of the new file; absent: the end of the upload */
  modified?: Timestamp | undefined;
  ifExists: IfExists;
  /** with REPLACE: only if the file to replace has this version */
  ifMatch?: string | undefined;
  /** continue an earlier try, if the server has a part of it; no Data */
  resume: boolean;
  /** may be sent before the Response */
  sha256: boolean;
  /**
   * The CRC-32 of the first prefix_length bytes. With resume, the server uses it to find an unfinished
   * upload whose upload_id the client no longer knows.
   */
  prefixCrc32?: number | undefined;
  /** Bound: 1 to 1048576, if prefix_crc32 is set */
  prefixLength: number;
  /** permission bits of a new file, at most 0777; absent: 0666. The */
  mode?: number | undefined;
  /**
   * server's umask applies. A file that is replaced keeps its mode
   * Bytes that the file takes on the disk of the client, if it has holes there: it may need no more on the disk of the
   * server. A hint. Ignored unless both sides name the feature "holes".
   */
  allocated?: number | undefined;
}

export interface PutResponse {
  /** send from this offset; 0 unless an earlier try is continued */
  durableOffset: number;
  /** CRC-32 of the bytes before that offset, which the client compares */
  prefixCrc32: number;
  /** of the upload that is continued, or that of the request */
  uploadId: Uint8Array;
}

export interface Remove {
  /** a file, or an empty folder */
  path: string;
  /** only if this is the file's version */
  ifMatch?: string | undefined;
}

export interface RemoveResponse {}

export interface Rename {
  from: string;
  to: string;
  /** SKIP is not supported */
  ifExists: IfExists;
}

export interface MakeDirectory {
  path: string;
  /** create missing parents; no error if it exists */
  parents: boolean;
  /**
   * The modified time of the folder, also of one that exists: sent when all that is in it is there. Absent: it is not
   * changed. The answer shows what the file system has made of it.
   */
  modified?: Timestamp | undefined;
  /**
   * Permission bits of a new folder, at most 0777; absent: 0777. The server's umask applies. A folder that exists keeps
   * its mode, unless it has these bits and 0700, as one that is filled: then it gets these.
   */
  mode?: number | undefined;
}

/** Make a symbolic link. */
export interface MakeLink {
  path: string;
  /**
   * What the link leads to, relative to its folder. Bound: 1 to 4095 bytes. It has segments as a path, and some of "." and
   * ".."; a ".." stands only at the start, and leads no further up than to the library. It need not exist.
   */
  target: string;
  /** REPLACE replaces only another link */
  ifExists: IfExists;
  /**
   * The client has sent this before, and does not know the outcome: the same link counts as made.
   */
  again: boolean;
}

/**
 * Change the permission bits and the modified time of a file or a folder that exists, and not what is in it. The answer
 * shows what it has then: a file system may not keep what was asked for.
 */
export interface SetAttributes {
  /** not the library itself, nor a link */
  path: string;
  /** absent: it stays */
  modified?: Timestamp | undefined;
  /** permission bits, at most 0777, of which WalkResponse.mode_bits are set; absent: they stay */
  mode?: number | undefined;
  /** only if this is the file's version */
  ifMatch?: string | undefined;
}

export interface Checksum {
  path: string;
  algorithm: Algorithm;
}

/** The digest of a whole file. */
export interface ChecksumResponse {
  /** 32 bytes (SHA256) or 4, the most significant first (CRC32) */
  digest: Uint8Array;
  /** the file, with the version the digest belongs to */
  entry?: Entry | undefined;
}

export interface Status {}

export interface StatusResponse {
  /** name and version of the server program */
  agent: string;
  uptimeSeconds: number;
  connections: number;
  streams: number;
  /** payload bytes, since the start */
  bytesSent: number;
  bytesReceived: number;
  /** memory of the server process; absent if unknown */
  residentBytes?: number | undefined;
  readOnly: boolean;
  durability: Durability;
  /** space left in the library's file system; absent if unknown */
  freeBytes?: number | undefined;
}

export interface Messages {
  Frame: Frame;
  Data: Data;
  Hole: Hole;
  Credit: Credit;
  Finish: Finish;
  Receipt: Receipt;
  Failure: Failure;
  Resend: Resend;
  Cancel: Cancel;
  Ping: Ping;
  Pong: Pong;
  Hello: Hello;
  Credentials: Credentials;
  UserPassword: UserPassword;
  Welcome: Welcome;
  GoAway: GoAway;
  Request: Request;
  Response: Response;
  Timestamp: Timestamp;
  Entry: Entry;
  List: List;
  EntryPage: EntryPage;
  Walk: Walk;
  WalkResponse: WalkResponse;
  TreeItem: TreeItem;
  FolderAttributes: FolderAttributes;
  PutTree: PutTree;
  PutTreeResponse: PutTreeResponse;
  TreeOutcome: TreeOutcome;
  Stat: Stat;
  Get: Get;
  GetResponse: GetResponse;
  Put: Put;
  PutResponse: PutResponse;
  Remove: Remove;
  RemoveResponse: RemoveResponse;
  Rename: Rename;
  MakeDirectory: MakeDirectory;
  MakeLink: MakeLink;
  SetAttributes: SetAttributes;
  Checksum: Checksum;
  ChecksumResponse: ChecksumResponse;
  Status: Status;
  StatusResponse: StatusResponse;
}

export interface FieldFact {
  readonly name: string;
  readonly type:
    "uint32" | "fixed32" | "uint64" | "int64" | "string" | "bool" | "bytes" | "enum" | "message";
  /** Name of the message or enum. */
  readonly of?: string;
  readonly repeated?: true;
  /** Absent and default are different. */
  readonly optional?: true;
  readonly oneof?: string;
}

export const FIELDS: Readonly<Record<keyof Messages, readonly FieldFact[]>> = {
  Frame: [
    { name: "stream", type: "uint32" },
    { name: "data", type: "message", of: "Data", optional: true, oneof: "body" },
    { name: "credit", type: "message", of: "Credit", optional: true, oneof: "body" },
    { name: "request", type: "message", of: "Request", optional: true, oneof: "body" },
    { name: "response", type: "message", of: "Response", optional: true, oneof: "body" },
    { name: "finish", type: "message", of: "Finish", optional: true, oneof: "body" },
    { name: "receipt", type: "message", of: "Receipt", optional: true, oneof: "body" },
    { name: "failure", type: "message", of: "Failure", optional: true, oneof: "body" },
    { name: "resend", type: "message", of: "Resend", optional: true, oneof: "body" },
    { name: "cancel", type: "message", of: "Cancel", optional: true, oneof: "body" },
    { name: "ping", type: "message", of: "Ping", optional: true, oneof: "body" },
    { name: "pong", type: "message", of: "Pong", optional: true, oneof: "body" },
    { name: "hello", type: "message", of: "Hello", optional: true, oneof: "body" },
    { name: "welcome", type: "message", of: "Welcome", optional: true, oneof: "body" },
    { name: "goAway", type: "message", of: "GoAway", optional: true, oneof: "body" },
    { name: "hole", type: "message", of: "Hole", optional: true, oneof: "body" },
  ],
  Data: [
    { name: "offset", type: "uint64" },
    { name: "crc32", type: "fixed32", optional: true },
    { name: "payload", type: "bytes" },
  ],
  Hole: [
    { name: "offset", type: "uint64" },
    { name: "length", type: "uint64" },
    { name: "crc32", type: "fixed32" },
  ],
  Credit: [{ name: "bytes", type: "uint64" }],
  Finish: [
    { name: "size", type: "uint64", optional: true },
    { name: "crc32", type: "fixed32", optional: true },
    { name: "sha256", type: "bytes", optional: true },
    { name: "cursor", type: "string", optional: true },
    { name: "skippedNames", type: "uint64" },
  ],
  Receipt: [
    { name: "entry", type: "message", of: "Entry", optional: true },
    { name: "crc32", type: "fixed32" },
    { name: "sha256", type: "bytes", optional: true },
    { name: "durability", type: "enum", of: "Durability" },
    { name: "uploadId", type: "bytes" },
    { name: "skipped", type: "bool" },
    { name: "modeNotSet", type: "bool" },
    { name: "modifiedNotSet", type: "bool" },
    { name: "notSynced", type: "bool" },
  ],
  Failure: [
    { name: "code", type: "enum", of: "Code" },
    { name: "message", type: "string" },
    { name: "retryable", type: "bool" },
    { name: "retryAfterMilliseconds", type: "uint32", optional: true },
  ],
  Resend: [
    { name: "offset", type: "uint64" },
    { name: "length", type: "uint64" },
  ],
  Cancel: [{ name: "keep", type: "bool" }],
  Ping: [{ name: "nonce", type: "uint64" }],
  Pong: [{ name: "nonce", type: "uint64" }],
  Hello: [
    { name: "magic", type: "fixed32" },
    { name: "minimumVersion", type: "uint32" },
    { name: "maximumVersion", type: "uint32" },
    { name: "features", type: "string", repeated: true },
    { name: "credentials", type: "message", of: "Credentials", optional: true },
    { name: "initialWindow", type: "uint64" },
    { name: "maxFrame", type: "uint32" },
    { name: "agent", type: "string" },
  ],
  Credentials: [
    { name: "userPassword", type: "message", of: "UserPassword", optional: true, oneof: "kind" },
    { name: "token", type: "string", oneof: "kind" },
  ],
  UserPassword: [
    { name: "user", type: "string" },
    { name: "password", type: "string" },
  ],
  Welcome: [
    { name: "magic", type: "fixed32" },
    { name: "version", type: "uint32" },
    { name: "features", type: "string", repeated: true },
    { name: "maxStreams", type: "uint32" },
    { name: "maxFrame", type: "uint32" },
    { name: "initialWindow", type: "uint64" },
    { name: "agent", type: "string" },
  ],
  GoAway: [
    { name: "lastStream", type: "uint32" },
    { name: "code", type: "enum", of: "Code" },
    { name: "message", type: "string" },
    { name: "retryAfterMilliseconds", type: "uint32", optional: true },
  ],
  Request: [
    { name: "list", type: "message", of: "List", optional: true, oneof: "operation" },
    { name: "stat", type: "message", of: "Stat", optional: true, oneof: "operation" },
    { name: "get", type: "message", of: "Get", optional: true, oneof: "operation" },
    { name: "put", type: "message", of: "Put", optional: true, oneof: "operation" },
    { name: "remove", type: "message", of: "Remove", optional: true, oneof: "operation" },
    { name: "rename", type: "message", of: "Rename", optional: true, oneof: "operation" },
    {
      name: "makeDirectory",
      type: "message",
      of: "MakeDirectory",
      optional: true,
      oneof: "operation",
    },
    { name: "checksum", type: "message", of: "Checksum", optional: true, oneof: "operation" },
    { name: "status", type: "message", of: "Status", optional: true, oneof: "operation" },
    { name: "walk", type: "message", of: "Walk", optional: true, oneof: "operation" },
    { name: "putTree", type: "message", of: "PutTree", optional: true, oneof: "operation" },
    { name: "makeLink", type: "message", of: "MakeLink", optional: true, oneof: "operation" },
    {
      name: "setAttributes",
      type: "message",
      of: "SetAttributes",
      optional: true,
      oneof: "operation",
    },
  ],
  Response: [
    { name: "list", type: "message", of: "EntryPage", optional: true, oneof: "result" },
    { name: "stat", type: "message", of: "Entry", optional: true, oneof: "result" },
    { name: "get", type: "message", of: "GetResponse", optional: true, oneof: "result" },
    { name: "put", type: "message", of: "PutResponse", optional: true, oneof: "result" },
    { name: "remove", type: "message", of: "RemoveResponse", optional: true, oneof: "result" },
    { name: "rename", type: "message", of: "Entry", optional: true, oneof: "result" },
    { name: "makeDirectory", type: "message", of: "Entry", optional: true, oneof: "result" },
    { name: "checksum", type: "message", of: "ChecksumResponse", optional: true, oneof: "result" },
    { name: "status", type: "message", of: "StatusResponse", optional: true, oneof: "result" },
    { name: "walk", type: "message", of: "WalkResponse", optional: true, oneof: "result" },
    { name: "putTree", type: "message", of: "PutTreeResponse", optional: true, oneof: "result" },
    { name: "makeLink", type: "message", of: "Entry", optional: true, oneof: "result" },
    { name: "setAttributes", type: "message", of: "Entry", optional: true, oneof: "result" },
  ],
  Timestamp: [
    { name: "seconds", type: "int64" },
    { name: "nanoseconds", type: "uint32" },
  ],
  Entry: [
    { name: "name", type: "string" },
    { name: "kind", type: "enum", of: "Kind" },
    { name: "size", type: "uint64" },
    { name: "modified", type: "message", of: "Timestamp", optional: true },
    { name: "version", type: "string" },
    { name: "mode", type: "uint32", optional: true },
    { name: "link", type: "bool" },
    { name: "target", type: "string" },
  ],
  List: [
    { name: "path", type: "string" },
    { name: "cursor", type: "string", optional: true },
    { name: "limit", type: "uint32" },
    { name: "hidden", type: "bool" },
    { name: "pages", type: "uint32" },
  ],
  EntryPage: [
    { name: "entries", type: "message", of: "Entry", repeated: true, optional: true },
    { name: "cursor", type: "string", optional: true },
    { name: "skippedNames", type: "uint64" },
  ],
  Walk: [
    { name: "path", type: "string" },
    { name: "after", type: "string", optional: true },
    { name: "contentsUpTo", type: "uint64" },
    { name: "linkTargets", type: "bool" },
    { name: "paths", type: "string", repeated: true },
    { name: "leaveOut", type: "string", repeated: true },
  ],
  WalkResponse: [
    { name: "entry", type: "message", of: "Entry", optional: true },
    { name: "modeBits", type: "uint32", optional: true },
  ],
  TreeItem: [
    { name: "leave", type: "uint32" },
    { name: "entry", type: "message", of: "Entry", optional: true },
    { name: "contents", type: "bool" },
    { name: "failure", type: "message", of: "Failure", optional: true },
    { name: "skippedNames", type: "uint64" },
    { name: "again", type: "bool" },
    { name: "attributes", type: "message", of: "FolderAttributes", optional: true },
  ],
  FolderAttributes: [
    { name: "path", type: "string" },
    { name: "modified", type: "message", of: "Timestamp", optional: true },
    { name: "mode", type: "uint32", optional: true },
  ],
  PutTree: [
    { name: "path", type: "string" },
    { name: "ifExists", type: "enum", of: "IfExists" },
    { name: "mode", type: "uint32", optional: true },
  ],
  PutTreeResponse: [
    { name: "entry", type: "message", of: "Entry", optional: true },
    { name: "attributes", type: "bool" },
    { name: "contentsUpTo", type: "uint64" },
  ],
  TreeOutcome: [
    { name: "failure", type: "message", of: "Failure", optional: true },
    { name: "skipped", type: "bool" },
    { name: "size", type: "uint64" },
    { name: "version", type: "string" },
    { name: "durability", type: "enum", of: "Durability" },
    { name: "modeNotSet", type: "bool" },
    { name: "modifiedNotSet", type: "bool" },
    { name: "notSynced", type: "bool" },
  ],
  Stat: [{ name: "path", type: "string" }],
  Get: [
    { name: "path", type: "string" },
    { name: "offset", type: "uint64" },
    { name: "length", type: "uint64", optional: true },
    { name: "ifMatch", type: "string", optional: true },
    { name: "sha256", type: "bool" },
    { name: "mayGrow", type: "bool" },
  ],
  GetResponse: [
    { name: "entry", type: "message", of: "Entry", optional: true },
    { name: "offset", type: "uint64" },
    { name: "length", type: "uint64" },
    { name: "allocated", type: "uint64", optional: true },
  ],
  Put: [
    { name: "path", type: "string" },
    { name: "uploadId", type: "bytes" },
    { name: "size", type: "uint64", optional: true },
    { name: "modified", type: "message", of: "Timestamp", optional: true },
    { name: "ifExists", type: "enum", of: "IfExists" },
    { name: "ifMatch", type: "string", optional: true },
    { name: "resume", type: "bool" },
    { name: "sha256", type: "bool" },
    { name: "prefixCrc32", type: "fixed32", optional: true },
    { name: "prefixLength", type: "uint64" },
    { name: "mode", type: "uint32", optional: true },
    { name: "allocated", type: "uint64", optional: true },
  ],
  PutResponse: [
    { name: "durableOffset", type: "uint64" },
    { name: "prefixCrc32", type: "fixed32" },
    { name: "uploadId", type: "bytes" },
  ],
  Remove: [
    { name: "path", type: "string" },
    { name: "ifMatch", type: "string", optional: true },
  ],
  RemoveResponse: [],
  Rename: [
    { name: "from", type: "string" },
    { name: "to", type: "string" },
    { name: "ifExists", type: "enum", of: "IfExists" },
  ],
  MakeDirectory: [
    { name: "path", type: "string" },
    { name: "parents", type: "bool" },
    { name: "modified", type: "message", of: "Timestamp", optional: true },
    { name: "mode", type: "uint32", optional: true },
  ],
  MakeLink: [
    { name: "path", type: "string" },
    { name: "target", type: "string" },
    { name: "ifExists", type: "enum", of: "IfExists" },
    { name: "again", type: "bool" },
  ],
  SetAttributes: [
    { name: "path", type: "string" },
    { name: "modified", type: "message", of: "Timestamp", optional: true },
    { name: "mode", type: "uint32", optional: true },
    { name: "ifMatch", type: "string", optional: true },
  ],
  Checksum: [
    { name: "path", type: "string" },
    { name: "algorithm", type: "enum", of: "Algorithm" },
  ],
  ChecksumResponse: [
    { name: "digest", type: "bytes" },
    { name: "entry", type: "message", of: "Entry", optional: true },
  ],
  Status: [],
  StatusResponse: [
    { name: "agent", type: "string" },
    { name: "uptimeSeconds", type: "uint64" },
    { name: "connections", type: "uint32" },
    { name: "streams", type: "uint32" },
    { name: "bytesSent", type: "uint64" },
    { name: "bytesReceived", type: "uint64" },
    { name: "residentBytes", type: "uint64", optional: true },
    { name: "readOnly", type: "bool" },
    { name: "durability", type: "enum", of: "Durability" },
    { name: "freeBytes", type: "uint64", optional: true },
  ],
};

export const ENUMS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  Durability: { DURABILITY_UNSPECIFIED: 0, DURABILITY_NONE: 1, DURABILITY_FSYNC: 2 },
  Code: {
    CODE_UNSPECIFIED: 0,
    INTERNAL: 1,
    INVALID_ARGUMENT: 2,
    INVALID_NAME: 3,
    NOT_FOUND: 4,
    ALREADY_EXISTS: 5,
    PERMISSION_DENIED: 6,
    UNAUTHENTICATED: 7,
    IS_A_DIRECTORY: 8,
    NOT_A_DIRECTORY: 9,
    DIRECTORY_NOT_EMPTY: 10,
    NOT_A_REGULAR_FILE: 11,
    UNIMPLEMENTED: 12,
    PROTOCOL_ERROR: 13,
    VERSION_UNSUPPORTED: 14,
    TOO_LARGE: 15,
    READ_ONLY: 16,
    NO_SPACE: 17,
    QUOTA_EXCEEDED: 18,
    PRECONDITION_FAILED: 19,
    CHECKSUM_MISMATCH: 20,
    SIZE_MISMATCH: 21,
    FLOW_CONTROL: 22,
    CROSS_DEVICE: 23,
    OUTCOME_UNKNOWN: 24,
    UNAVAILABLE: 25,
    CONNECTION_LOST: 26,
    DEADLINE_EXCEEDED: 27,
    RESOURCE_EXHAUSTED: 28,
    CHANGED: 29,
    IO_ERROR: 30,
    CANCELLED: 31,
  },
  Kind: { KIND_UNSPECIFIED: 0, FILE: 1, DIRECTORY: 2, OTHER: 3 },
  IfExists: { IF_EXISTS_UNSPECIFIED: 0, FAIL: 1, REPLACE: 2, SKIP: 3 },
  Algorithm: { ALGORITHM_UNSPECIFIED: 0, SHA256: 1, CRC32: 2 },
};
