/**
 * leat: move files over one TCP port, whole and verified. Anything that is not exported here is private.
 *
 * @module leat
 */
export { Client } from "./client/client.ts";
export { connect } from "./client/connect.ts";
export type {
  CallOptions,
  ClientCredentials,
  ConnectOptions,
} from "./client/connection/options.ts";
export type { SshOptions } from "./client/connection/ssh.ts";
export type {
  Downloaded,
  DownloadOptions,
  GetOptions,
  Saved,
  SaveOptions,
} from "./client/download/options.ts";
export type {
  ListOptions,
  ListPage,
  ListSummary,
  ServerStatus,
  SetAttributesOptions,
} from "./client/calls/options.ts";
export type { PutOptions, Receipt } from "./client/upload/options.ts";
export type { Stall } from "./connection/stalls.ts";
export type { ClientTls, ServerTls } from "./net/tls-options.ts";
export type { Wait } from "./session/wait.ts";
export { Download } from "./client/download/download.ts";
export type {
  Removals,
  SyncDownOptions,
  SyncOptions,
  SyncOutcome,
  SyncRest,
  SyncSummary,
  SyncUpOptions,
} from "./client/sync/sync.ts";
export type {
  GetTreeOptions,
  KeepOptions,
  LeftOut,
  LinksOption,
  PutTreeOptions,
  TreeOptions,
  TreeOutcome,
  TreeRoot,
  TreeSummary,
} from "./client/trees/tree.ts";
export type { Patterns } from "./client/trees/filter.ts";
export type { GlobOptions } from "./client/trees/glob.ts";
export type { RemoveOutcome, RemoveSummary } from "./client/trees/tree-remove.ts";
export { TreeError } from "./client/trees/tree-summary.ts";
export type { WalkedEntry, WalkOptions } from "./client/trees/walk-entries.ts";
export type { UploadSource } from "./client/upload/upload.ts";
export {
  CODES,
  type CodeFacts,
  type ErrorCode,
  type ErrorOptions as LeatErrorOptions,
  LeatError,
} from "./errors.ts";
export type { Log, LogLevel } from "./server/log/log.ts";
export type {
  Changed,
  KernelCopyMode,
  Model,
  Server,
  ServerOptions,
  StopOptions,
} from "./server/options/options.ts";
export { createServer } from "./server/server.ts";
export { type DiskOptions, openDiskStore } from "./store/disk/disk.ts";
export type * from "./store/store.ts";
export type { ChecksumResponse, Entry, Kind, Timestamp } from "./wire/gen/messages.ts";
