/**
 * leat: move files over one TCP port, whole and verified. What is not exported here is private.
 *
 * @module leat
 */
export { Client } from "./client/client.ts";
export { connect } from "./client/connect.ts";
export type {
  CallOptions,
  ConnectOptions,
  Downloaded,
  DownloadOptions,
  GetOptions,
  ListOptions,
  ListPage,
  ListSummary,
  PutOptions,
  Receipt,
  Saved,
  SaveOptions,
  ServerStatus,
  Stall,
  Wait,
} from "./client/options.ts";
export { Download } from "./client/download.ts";
export type {
  GetTreeOptions,
  LeftOut,
  PutTreeOptions,
  TreeOptions,
  TreeOutcome,
  TreeRoot,
  TreeSummary,
} from "./client/tree.ts";
export { TreeError } from "./client/tree-summary.ts";
export type { UploadSource } from "./client/upload.ts";
export {
  CODES,
  type CodeFacts,
  type ErrorCode,
  type ErrorOptions as LeatErrorOptions,
  LeatError,
} from "./errors.ts";
export type { Log, LogLevel } from "./server/log.ts";
export {
  createServer,
  type Server,
  type ServerOptions,
  type StopOptions,
} from "./server/server.ts";
export { type DiskOptions, openDiskStore } from "./store/disk.ts";
export type * from "./store/store.ts";
export type { ChecksumResponse, Entry, Kind, Timestamp } from "./wire/gen/messages.ts";
