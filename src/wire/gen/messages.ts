// Generated from proto/leat/v1/leat.proto by `bun run generate`. Do not edit.

export type Durability = "DURABILITY_UNSPECIFIED" | "DURABILITY_NONE" | "DURABILITY_FSYNC";

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

export type Kind = "KIND_UNSPECIFIED" | "FILE" | "DIRECTORY" | "OTHER";

export type IfExists = "IF_EXISTS_UNSPECIFIED" | "FAIL" | "REPLACE" | "SKIP";

export type Algorithm = "ALGORITHM_UNSPECIFIED" | "SHA256" | "CRC32";

export interface Frame {
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
  | { readonly case: "goAway"; readonly value: GoAway };

export interface Data {
  offset: number;
  crc32?: number | undefined;
  payload: Uint8Array;
}

export interface Credit {
  bytes: number;
}

export interface Finish {
  size?: number | undefined;
  crc32?: number | undefined;
  sha256?: Uint8Array | undefined;
  cursor?: string | undefined;
  skippedNames: number;
}

export interface Receipt {
  entry?: Entry | undefined;
  crc32: number;
  sha256?: Uint8Array | undefined;
  durability: Durability;
  uploadId: Uint8Array;
  skipped: boolean;
  modeNotSet: boolean;
  modifiedNotSet: boolean;
  notSynced: boolean;
}

export interface Failure {
  code: Code;
  message: string;
  retryable: boolean;
  retryAfterMilliseconds?: number | undefined;
}

export interface Resend {
  offset: number;
  length: number;
}

export interface Cancel {}

export interface Ping {
  nonce: number;
}

export interface Pong {
  nonce: number;
}

export interface Hello {
  magic: number;
  minimumVersion: number;
  maximumVersion: number;
  features: string[];
  credentials?: Credentials | undefined;
  initialWindow: number;
  maxFrame: number;
  agent: string;
}

export interface Credentials {
  kind?: CredentialsKind | undefined;
}

export type CredentialsKind =
  | { readonly case: "userPassword"; readonly value: UserPassword }
  | { readonly case: "token"; readonly value: string };

export interface UserPassword {
  user: string;
  password: string;
}

export interface Welcome {
  magic: number;
  version: number;
  features: string[];
  maxStreams: number;
  maxFrame: number;
  initialWindow: number;
  agent: string;
}

export interface GoAway {
  lastStream: number;
  code: Code;
  message: string;
  retryAfterMilliseconds?: number | undefined;
}

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
  | { readonly case: "status"; readonly value: Status };

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
  | { readonly case: "status"; readonly value: StatusResponse };

export interface Timestamp {
  seconds: number;
  nanoseconds: number;
}

export interface Entry {
  name: string;
  kind: Kind;
  size: number;
  modified?: Timestamp | undefined;
  version: string;
  mode: number;
  link: boolean;
}

export interface List {
  path: string;
  cursor?: string | undefined;
  limit: number;
  hidden: boolean;
}

export interface EntryPage {
  entries: Entry[];
}

export interface Stat {
  path: string;
}

export interface Get {
  path: string;
  offset: number;
  length?: number | undefined;
  ifMatch?: string | undefined;
  sha256: boolean;
}

export interface GetResponse {
  entry?: Entry | undefined;
  offset: number;
  length: number;
}

export interface Put {
  path: string;
  uploadId: Uint8Array;
  size?: number | undefined;
  modified?: Timestamp | undefined;
  ifExists: IfExists;
  ifMatch?: string | undefined;
  resume: boolean;
  sha256: boolean;
  prefixCrc32?: number | undefined;
  prefixLength: number;
}

export interface PutResponse {
  durableOffset: number;
  prefixCrc32: number;
  uploadId: Uint8Array;
}

export interface Remove {
  path: string;
  ifMatch?: string | undefined;
}

export interface RemoveResponse {}

export interface Rename {
  from: string;
  to: string;
  ifExists: IfExists;
}

export interface MakeDirectory {
  path: string;
  parents: boolean;
}

export interface Checksum {
  path: string;
  algorithm: Algorithm;
}

export interface ChecksumResponse {
  digest: Uint8Array;
  entry?: Entry | undefined;
}

export interface Status {}

export interface StatusResponse {
  agent: string;
  uptimeSeconds: number;
  connections: number;
  streams: number;
  bytesSent: number;
  bytesReceived: number;
  residentBytes?: number | undefined;
  readOnly: boolean;
  durability: Durability;
  freeBytes?: number | undefined;
}

export interface Messages {
  Frame: Frame;
  Data: Data;
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
  Stat: Stat;
  Get: Get;
  GetResponse: GetResponse;
  Put: Put;
  PutResponse: PutResponse;
  Remove: Remove;
  RemoveResponse: RemoveResponse;
  Rename: Rename;
  MakeDirectory: MakeDirectory;
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
  ],
  Data: [
    { name: "offset", type: "uint64" },
    { name: "crc32", type: "fixed32", optional: true },
    { name: "payload", type: "bytes" },
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
  Cancel: [],
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
    { name: "mode", type: "uint32" },
    { name: "link", type: "bool" },
  ],
  List: [
    { name: "path", type: "string" },
    { name: "cursor", type: "string", optional: true },
    { name: "limit", type: "uint32" },
    { name: "hidden", type: "bool" },
  ],
  EntryPage: [{ name: "entries", type: "message", of: "Entry", repeated: true, optional: true }],
  Stat: [{ name: "path", type: "string" }],
  Get: [
    { name: "path", type: "string" },
    { name: "offset", type: "uint64" },
    { name: "length", type: "uint64", optional: true },
    { name: "ifMatch", type: "string", optional: true },
    { name: "sha256", type: "bool" },
  ],
  GetResponse: [
    { name: "entry", type: "message", of: "Entry", optional: true },
    { name: "offset", type: "uint64" },
    { name: "length", type: "uint64" },
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
