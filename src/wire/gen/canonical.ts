// Generated from proto/leat/v1/leat.proto by `bun run generate`. Do not edit.

import type { CanonicalReader } from "../canonical-reader.ts";
import { type CanonicalWriter, noCase } from "../canonical-writer.ts";
import type { Init } from "../plain.ts";
import type {
  Messages,
  Frame,
  Data,
  Hole,
  Credit,
  Finish,
  Receipt,
  Failure,
  Resend,
  Cancel,
  Ping,
  Pong,
  Hello,
  Credentials,
  UserPassword,
  Welcome,
  GoAway,
  Request,
  Response,
  Timestamp,
  Entry,
  List,
  EntryPage,
  Walk,
  WalkResponse,
  TreeItem,
  FolderAttributes,
  PutTree,
  PutTreeResponse,
  TreeOutcome,
  Stat,
  Get,
  GetResponse,
  Put,
  PutResponse,
  Remove,
  RemoveResponse,
  Rename,
  MakeDirectory,
  MakeLink,
  SetAttributes,
  Checksum,
  ChecksumResponse,
  Status,
  StatusResponse,
  Durability,
  Code,
  Kind,
  IfExists,
  Algorithm,
} from "./messages.ts";
import { ENUMS } from "./messages.ts";

const toDurability = new Map(Object.entries(ENUMS["Durability"]!));
const fromDurability = new Map(
  Object.entries(ENUMS["Durability"]!).map(([name, number]) => [number, name as Durability]),
);

const toCode = new Map(Object.entries(ENUMS["Code"]!));
const fromCode = new Map(
  Object.entries(ENUMS["Code"]!).map(([name, number]) => [number, name as Code]),
);

const toKind = new Map(Object.entries(ENUMS["Kind"]!));
const fromKind = new Map(
  Object.entries(ENUMS["Kind"]!).map(([name, number]) => [number, name as Kind]),
);

const toIfExists = new Map(Object.entries(ENUMS["IfExists"]!));
const fromIfExists = new Map(
  Object.entries(ENUMS["IfExists"]!).map(([name, number]) => [number, name as IfExists]),
);

const toAlgorithm = new Map(Object.entries(ENUMS["Algorithm"]!));
const fromAlgorithm = new Map(
  Object.entries(ENUMS["Algorithm"]!).map(([name, number]) => [number, name as Algorithm]),
);

function writeFrame(writer: CanonicalWriter, message: Init<Frame>): void {
  if (message.stream !== undefined && message.stream !== 0)
    writer.uint32(8, message.stream, "Frame.stream");
  if (message.body !== undefined)
    switch (message.body.case) {
      case "data":
        writer.message(18, writeData, "Data", message.body.value, "Frame.data");
        break;
      case "credit":
        writer.message(26, writeCredit, "Credit", message.body.value, "Frame.credit");
        break;
      case "request":
        writer.message(34, writeRequest, "Request", message.body.value, "Frame.request");
        break;
      case "response":
        writer.message(42, writeResponse, "Response", message.body.value, "Frame.response");
        break;
      case "finish":
        writer.message(50, writeFinish, "Finish", message.body.value, "Frame.finish");
        break;
      case "receipt":
        writer.message(58, writeReceipt, "Receipt", message.body.value, "Frame.receipt");
        break;
      case "failure":
        writer.message(66, writeFailure, "Failure", message.body.value, "Frame.failure");
        break;
      case "resend":
        writer.message(74, writeResend, "Resend", message.body.value, "Frame.resend");
        break;
      case "cancel":
        writer.message(82, writeCancel, "Cancel", message.body.value, "Frame.cancel");
        break;
      case "ping":
        writer.message(90, writePing, "Ping", message.body.value, "Frame.ping");
        break;
      case "pong":
        writer.message(98, writePong, "Pong", message.body.value, "Frame.pong");
        break;
      case "hello":
        writer.message(106, writeHello, "Hello", message.body.value, "Frame.hello");
        break;
      case "welcome":
        writer.message(114, writeWelcome, "Welcome", message.body.value, "Frame.welcome");
        break;
      case "goAway":
        writer.message(122, writeGoAway, "GoAway", message.body.value, "Frame.goAway");
        break;
      case "hole":
        writer.message(186, writeHole, "Hole", message.body.value, "Frame.hole");
        break;
      default:
        noCase("Frame.body", message.body);
    }
}

function readFrame(reader: CanonicalReader): Frame {
  const message: Frame = { stream: 0 };
  let tag = reader.tag();
  if (tag === 8) {
    message.stream = reader.uint32();
    tag = reader.tag();
  }
  switch (tag) {
    case 18:
      message.body = { case: "data", value: reader.message(readData) };
      tag = reader.tag();
      break;
    case 26:
      message.body = { case: "credit", value: reader.message(readCredit) };
      tag = reader.tag();
      break;
    case 34:
      message.body = { case: "request", value: reader.message(readRequest) };
      tag = reader.tag();
      break;
    case 42:
      message.body = { case: "response", value: reader.message(readResponse) };
      tag = reader.tag();
      break;
    case 50:
      message.body = { case: "finish", value: reader.message(readFinish) };
      tag = reader.tag();
      break;
    case 58:
      message.body = { case: "receipt", value: reader.message(readReceipt) };
      tag = reader.tag();
      break;
    case 66:
      message.body = { case: "failure", value: reader.message(readFailure) };
      tag = reader.tag();
      break;
    case 74:
      message.body = { case: "resend", value: reader.message(readResend) };
      tag = reader.tag();
      break;
    case 82:
      message.body = { case: "cancel", value: reader.message(readCancel) };
      tag = reader.tag();
      break;
    case 90:
      message.body = { case: "ping", value: reader.message(readPing) };
      tag = reader.tag();
      break;
    case 98:
      message.body = { case: "pong", value: reader.message(readPong) };
      tag = reader.tag();
      break;
    case 106:
      message.body = { case: "hello", value: reader.message(readHello) };
      tag = reader.tag();
      break;
    case 114:
      message.body = { case: "welcome", value: reader.message(readWelcome) };
      tag = reader.tag();
      break;
    case 122:
      message.body = { case: "goAway", value: reader.message(readGoAway) };
      tag = reader.tag();
      break;
    case 186:
      message.body = { case: "hole", value: reader.message(readHole) };
      tag = reader.tag();
      break;
  }
  reader.over(tag);
  return message;
}

function writeData(writer: CanonicalWriter, message: Init<Data>): void {
  if (message.offset !== undefined && message.offset !== 0)
    writer.uint64(8, message.offset, "Data.offset");
  if (message.crc32 !== undefined) writer.fixed32(21, message.crc32, "Data.crc32");
  if (message.payload !== undefined && message.payload.length !== 0)
    writer.bytes(26, message.payload, "Data.payload");
}

function readData(reader: CanonicalReader): Data {
  const message: Data = { offset: 0, payload: new Uint8Array(0) };
  let tag = reader.tag();
  if (tag === 8) {
    message.offset = reader.varint();
    tag = reader.tag();
  }
  if (tag === 21) {
    message.crc32 = reader.fixed32();
    tag = reader.tag();
  }
  if (tag === 26) {
    message.payload = reader.bytes();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeHole(writer: CanonicalWriter, message: Init<Hole>): void {
  if (message.offset !== undefined && message.offset !== 0)
    writer.uint64(8, message.offset, "Hole.offset");
  if (message.length !== undefined && message.length !== 0)
    writer.uint64(16, message.length, "Hole.length");
  if (message.crc32 !== undefined && message.crc32 !== 0)
    writer.fixed32(29, message.crc32, "Hole.crc32");
}

function readHole(reader: CanonicalReader): Hole {
  const message: Hole = { offset: 0, length: 0, crc32: 0 };
  let tag = reader.tag();
  if (tag === 8) {
    message.offset = reader.varint();
    tag = reader.tag();
  }
  if (tag === 16) {
    message.length = reader.varint();
    tag = reader.tag();
  }
  if (tag === 29) {
    message.crc32 = reader.fixed32();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeCredit(writer: CanonicalWriter, message: Init<Credit>): void {
  if (message.bytes !== undefined && message.bytes !== 0)
    writer.uint64(8, message.bytes, "Credit.bytes");
}

function readCredit(reader: CanonicalReader): Credit {
  const message: Credit = { bytes: 0 };
  let tag = reader.tag();
  if (tag === 8) {
    message.bytes = reader.varint();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeFinish(writer: CanonicalWriter, message: Init<Finish>): void {
  if (message.size !== undefined) writer.uint64(8, message.size, "Finish.size");
  if (message.crc32 !== undefined) writer.fixed32(21, message.crc32, "Finish.crc32");
  if (message.sha256 !== undefined) writer.bytes(26, message.sha256, "Finish.sha256");
  if (message.cursor !== undefined) writer.string(34, message.cursor, "Finish.cursor");
  if (message.skippedNames !== undefined && message.skippedNames !== 0)
    writer.uint64(40, message.skippedNames, "Finish.skippedNames");
}

function readFinish(reader: CanonicalReader): Finish {
  const message: Finish = { skippedNames: 0 };
  let tag = reader.tag();
  if (tag === 8) {
    message.size = reader.varint();
    tag = reader.tag();
  }
  if (tag === 21) {
    message.crc32 = reader.fixed32();
    tag = reader.tag();
  }
  if (tag === 26) {
    message.sha256 = reader.bytes();
    tag = reader.tag();
  }
  if (tag === 34) {
    message.cursor = reader.string();
    tag = reader.tag();
  }
  if (tag === 40) {
    message.skippedNames = reader.varint();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeReceipt(writer: CanonicalWriter, message: Init<Receipt>): void {
  if (message.entry !== undefined)
    writer.message(10, writeEntry, "Entry", message.entry, "Receipt.entry");
  if (message.crc32 !== undefined && message.crc32 !== 0)
    writer.fixed32(21, message.crc32, "Receipt.crc32");
  if (message.sha256 !== undefined) writer.bytes(26, message.sha256, "Receipt.sha256");
  if (message.durability !== undefined && message.durability !== "DURABILITY_UNSPECIFIED")
    writer.enumeration(32, toDurability, "Durability", message.durability, "Receipt.durability");
  if (message.uploadId !== undefined && message.uploadId.length !== 0)
    writer.bytes(42, message.uploadId, "Receipt.uploadId");
  if (message.skipped !== undefined && message.skipped !== false)
    writer.bool(48, message.skipped, "Receipt.skipped");
  if (message.modeNotSet !== undefined && message.modeNotSet !== false)
    writer.bool(56, message.modeNotSet, "Receipt.modeNotSet");
  if (message.modifiedNotSet !== undefined && message.modifiedNotSet !== false)
    writer.bool(64, message.modifiedNotSet, "Receipt.modifiedNotSet");
  if (message.notSynced !== undefined && message.notSynced !== false)
    writer.bool(72, message.notSynced, "Receipt.notSynced");
}

function readReceipt(reader: CanonicalReader): Receipt {
  const message: Receipt = {
    crc32: 0,
    durability: "DURABILITY_UNSPECIFIED",
    uploadId: new Uint8Array(0),
    skipped: false,
    modeNotSet: false,
    modifiedNotSet: false,
    notSynced: false,
  };
  let tag = reader.tag();
  if (tag === 10) {
    message.entry = reader.message(readEntry);
    tag = reader.tag();
  }
  if (tag === 21) {
    message.crc32 = reader.fixed32();
    tag = reader.tag();
  }
  if (tag === 26) {
    message.sha256 = reader.bytes();
    tag = reader.tag();
  }
  if (tag === 32) {
    message.durability = reader.enumeration(fromDurability);
    tag = reader.tag();
  }
  if (tag === 42) {
    message.uploadId = reader.bytes();
    tag = reader.tag();
  }
  if (tag === 48) {
    message.skipped = reader.bool();
    tag = reader.tag();
  }
  if (tag === 56) {
    message.modeNotSet = reader.bool();
    tag = reader.tag();
  }
  if (tag === 64) {
    message.modifiedNotSet = reader.bool();
    tag = reader.tag();
  }
  if (tag === 72) {
    message.notSynced = reader.bool();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeFailure(writer: CanonicalWriter, message: Init<Failure>): void {
  if (message.code !== undefined && message.code !== "CODE_UNSPECIFIED")
    writer.enumeration(8, toCode, "Code", message.code, "Failure.code");
  if (message.message !== undefined && message.message !== "")
    writer.string(18, message.message, "Failure.message");
  if (message.retryable !== undefined && message.retryable !== false)
    writer.bool(24, message.retryable, "Failure.retryable");
  if (message.retryAfterMilliseconds !== undefined)
    writer.uint32(32, message.retryAfterMilliseconds, "Failure.retryAfterMilliseconds");
}

function readFailure(reader: CanonicalReader): Failure {
  const message: Failure = { code: "CODE_UNSPECIFIED", message: "", retryable: false };
  let tag = reader.tag();
  if (tag === 8) {
    message.code = reader.enumeration(fromCode);
    tag = reader.tag();
  }
  if (tag === 18) {
    message.message = reader.string();
    tag = reader.tag();
  }
  if (tag === 24) {
    message.retryable = reader.bool();
    tag = reader.tag();
  }
  if (tag === 32) {
    message.retryAfterMilliseconds = reader.uint32();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeResend(writer: CanonicalWriter, message: Init<Resend>): void {
  if (message.offset !== undefined && message.offset !== 0)
    writer.uint64(8, message.offset, "Resend.offset");
  if (message.length !== undefined && message.length !== 0)
    writer.uint64(16, message.length, "Resend.length");
}

function readResend(reader: CanonicalReader): Resend {
  const message: Resend = { offset: 0, length: 0 };
  let tag = reader.tag();
  if (tag === 8) {
    message.offset = reader.varint();
    tag = reader.tag();
  }
  if (tag === 16) {
    message.length = reader.varint();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeCancel(writer: CanonicalWriter, message: Init<Cancel>): void {
  if (message.keep !== undefined && message.keep !== false)
    writer.bool(8, message.keep, "Cancel.keep");
}

function readCancel(reader: CanonicalReader): Cancel {
  const message: Cancel = { keep: false };
  let tag = reader.tag();
  if (tag === 8) {
    message.keep = reader.bool();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writePing(writer: CanonicalWriter, message: Init<Ping>): void {
  if (message.nonce !== undefined && message.nonce !== 0)
    writer.uint64(8, message.nonce, "Ping.nonce");
}

function readPing(reader: CanonicalReader): Ping {
  const message: Ping = { nonce: 0 };
  let tag = reader.tag();
  if (tag === 8) {
    message.nonce = reader.varint();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writePong(writer: CanonicalWriter, message: Init<Pong>): void {
  if (message.nonce !== undefined && message.nonce !== 0)
    writer.uint64(8, message.nonce, "Pong.nonce");
}

function readPong(reader: CanonicalReader): Pong {
  const message: Pong = { nonce: 0 };
  let tag = reader.tag();
  if (tag === 8) {
    message.nonce = reader.varint();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeHello(writer: CanonicalWriter, message: Init<Hello>): void {
  if (message.magic !== undefined && message.magic !== 0)
    writer.fixed32(13, message.magic, "Hello.magic");
  if (message.minimumVersion !== undefined && message.minimumVersion !== 0)
    writer.uint32(16, message.minimumVersion, "Hello.minimumVersion");
  if (message.maximumVersion !== undefined && message.maximumVersion !== 0)
    writer.uint32(24, message.maximumVersion, "Hello.maximumVersion");
  if (message.features !== undefined)
    for (const item of writer.items(message.features, "string", "Hello.features"))
      writer.string(34, item, "Hello.features");
  if (message.credentials !== undefined)
    writer.message(42, writeCredentials, "Credentials", message.credentials, "Hello.credentials");
  if (message.initialWindow !== undefined && message.initialWindow !== 0)
    writer.uint64(48, message.initialWindow, "Hello.initialWindow");
  if (message.maxFrame !== undefined && message.maxFrame !== 0)
    writer.uint32(56, message.maxFrame, "Hello.maxFrame");
  if (message.agent !== undefined && message.agent !== "")
    writer.string(66, message.agent, "Hello.agent");
}

function readHello(reader: CanonicalReader): Hello {
  const message: Hello = {
    magic: 0,
    minimumVersion: 0,
    maximumVersion: 0,
    features: [],
    initialWindow: 0,
    maxFrame: 0,
    agent: "",
  };
  let tag = reader.tag();
  if (tag === 13) {
    message.magic = reader.fixed32();
    tag = reader.tag();
  }
  if (tag === 16) {
    message.minimumVersion = reader.uint32();
    tag = reader.tag();
  }
  if (tag === 24) {
    message.maximumVersion = reader.uint32();
    tag = reader.tag();
  }
  while (tag === 34) {
    message.features.push(reader.string());
    tag = reader.tag();
  }
  if (tag === 42) {
    message.credentials = reader.message(readCredentials);
    tag = reader.tag();
  }
  if (tag === 48) {
    message.initialWindow = reader.varint();
    tag = reader.tag();
  }
  if (tag === 56) {
    message.maxFrame = reader.uint32();
    tag = reader.tag();
  }
  if (tag === 66) {
    message.agent = reader.string();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeCredentials(writer: CanonicalWriter, message: Init<Credentials>): void {
  if (message.kind !== undefined)
    switch (message.kind.case) {
      case "userPassword":
        writer.message(
          10,
          writeUserPassword,
          "UserPassword",
          message.kind.value,
          "Credentials.userPassword",
        );
        break;
      case "token":
        writer.string(18, message.kind.value, "Credentials.token");
        break;
      default:
        noCase("Credentials.kind", message.kind);
    }
}

function readCredentials(reader: CanonicalReader): Credentials {
  const message: Credentials = {};
  let tag = reader.tag();
  switch (tag) {
    case 10:
      message.kind = { case: "userPassword", value: reader.message(readUserPassword) };
      tag = reader.tag();
      break;
    case 18:
      message.kind = { case: "token", value: reader.string() };
      tag = reader.tag();
      break;
  }
  reader.over(tag);
  return message;
}

function writeUserPassword(writer: CanonicalWriter, message: Init<UserPassword>): void {
  if (message.user !== undefined && message.user !== "")
    writer.string(10, message.user, "UserPassword.user");
  if (message.password !== undefined && message.password !== "")
    writer.string(18, message.password, "UserPassword.password");
}

function readUserPassword(reader: CanonicalReader): UserPassword {
  const message: UserPassword = { user: "", password: "" };
  let tag = reader.tag();
  if (tag === 10) {
    message.user = reader.string();
    tag = reader.tag();
  }
  if (tag === 18) {
    message.password = reader.string();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeWelcome(writer: CanonicalWriter, message: Init<Welcome>): void {
  if (message.magic !== undefined && message.magic !== 0)
    writer.fixed32(13, message.magic, "Welcome.magic");
  if (message.version !== undefined && message.version !== 0)
    writer.uint32(16, message.version, "Welcome.version");
  if (message.features !== undefined)
    for (const item of writer.items(message.features, "string", "Welcome.features"))
      writer.string(26, item, "Welcome.features");
  if (message.maxStreams !== undefined && message.maxStreams !== 0)
    writer.uint32(32, message.maxStreams, "Welcome.maxStreams");
  if (message.maxFrame !== undefined && message.maxFrame !== 0)
    writer.uint32(40, message.maxFrame, "Welcome.maxFrame");
  if (message.initialWindow !== undefined && message.initialWindow !== 0)
    writer.uint64(48, message.initialWindow, "Welcome.initialWindow");
  if (message.agent !== undefined && message.agent !== "")
    writer.string(58, message.agent, "Welcome.agent");
}

function readWelcome(reader: CanonicalReader): Welcome {
  const message: Welcome = {
    magic: 0,
    version: 0,
    features: [],
    maxStreams: 0,
    maxFrame: 0,
    initialWindow: 0,
    agent: "",
  };
  let tag = reader.tag();
  if (tag === 13) {
    message.magic = reader.fixed32();
    tag = reader.tag();
  }
  if (tag === 16) {
    message.version = reader.uint32();
    tag = reader.tag();
  }
  while (tag === 26) {
    message.features.push(reader.string());
    tag = reader.tag();
  }
  if (tag === 32) {
    message.maxStreams = reader.uint32();
    tag = reader.tag();
  }
  if (tag === 40) {
    message.maxFrame = reader.uint32();
    tag = reader.tag();
  }
  if (tag === 48) {
    message.initialWindow = reader.varint();
    tag = reader.tag();
  }
  if (tag === 58) {
    message.agent = reader.string();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeGoAway(writer: CanonicalWriter, message: Init<GoAway>): void {
  if (message.lastStream !== undefined && message.lastStream !== 0)
    writer.uint32(8, message.lastStream, "GoAway.lastStream");
  if (message.code !== undefined && message.code !== "CODE_UNSPECIFIED")
    writer.enumeration(16, toCode, "Code", message.code, "GoAway.code");
  if (message.message !== undefined && message.message !== "")
    writer.string(26, message.message, "GoAway.message");
  if (message.retryAfterMilliseconds !== undefined)
    writer.uint32(32, message.retryAfterMilliseconds, "GoAway.retryAfterMilliseconds");
}

function readGoAway(reader: CanonicalReader): GoAway {
  const message: GoAway = { lastStream: 0, code: "CODE_UNSPECIFIED", message: "" };
  let tag = reader.tag();
  if (tag === 8) {
    message.lastStream = reader.uint32();
    tag = reader.tag();
  }
  if (tag === 16) {
    message.code = reader.enumeration(fromCode);
    tag = reader.tag();
  }
  if (tag === 26) {
    message.message = reader.string();
    tag = reader.tag();
  }
  if (tag === 32) {
    message.retryAfterMilliseconds = reader.uint32();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeRequest(writer: CanonicalWriter, message: Init<Request>): void {
  if (message.operation !== undefined)
    switch (message.operation.case) {
      case "list":
        writer.message(10, writeList, "List", message.operation.value, "Request.list");
        break;
      case "stat":
        writer.message(18, writeStat, "Stat", message.operation.value, "Request.stat");
        break;
      case "get":
        writer.message(26, writeGet, "Get", message.operation.value, "Request.get");
        break;
      case "put":
        writer.message(34, writePut, "Put", message.operation.value, "Request.put");
        break;
      case "remove":
        writer.message(42, writeRemove, "Remove", message.operation.value, "Request.remove");
        break;
      case "rename":
        writer.message(50, writeRename, "Rename", message.operation.value, "Request.rename");
        break;
      case "makeDirectory":
        writer.message(
          58,
          writeMakeDirectory,
          "MakeDirectory",
          message.operation.value,
          "Request.makeDirectory",
        );
        break;
      case "checksum":
        writer.message(66, writeChecksum, "Checksum", message.operation.value, "Request.checksum");
        break;
      case "status":
        writer.message(74, writeStatus, "Status", message.operation.value, "Request.status");
        break;
      case "walk":
        writer.message(82, writeWalk, "Walk", message.operation.value, "Request.walk");
        break;
      case "putTree":
        writer.message(90, writePutTree, "PutTree", message.operation.value, "Request.putTree");
        break;
      case "makeLink":
        writer.message(98, writeMakeLink, "MakeLink", message.operation.value, "Request.makeLink");
        break;
      case "setAttributes":
        writer.message(
          106,
          writeSetAttributes,
          "SetAttributes",
          message.operation.value,
          "Request.setAttributes",
        );
        break;
      default:
        noCase("Request.operation", message.operation);
    }
}

function readRequest(reader: CanonicalReader): Request {
  const message: Request = {};
  let tag = reader.tag();
  switch (tag) {
    case 10:
      message.operation = { case: "list", value: reader.message(readList) };
      tag = reader.tag();
      break;
    case 18:
      message.operation = { case: "stat", value: reader.message(readStat) };
      tag = reader.tag();
      break;
    case 26:
      message.operation = { case: "get", value: reader.message(readGet) };
      tag = reader.tag();
      break;
    case 34:
      message.operation = { case: "put", value: reader.message(readPut) };
      tag = reader.tag();
      break;
    case 42:
      message.operation = { case: "remove", value: reader.message(readRemove) };
      tag = reader.tag();
      break;
    case 50:
      message.operation = { case: "rename", value: reader.message(readRename) };
      tag = reader.tag();
      break;
    case 58:
      message.operation = { case: "makeDirectory", value: reader.message(readMakeDirectory) };
      tag = reader.tag();
      break;
    case 66:
      message.operation = { case: "checksum", value: reader.message(readChecksum) };
      tag = reader.tag();
      break;
    case 74:
      message.operation = { case: "status", value: reader.message(readStatus) };
      tag = reader.tag();
      break;
    case 82:
      message.operation = { case: "walk", value: reader.message(readWalk) };
      tag = reader.tag();
      break;
    case 90:
      message.operation = { case: "putTree", value: reader.message(readPutTree) };
      tag = reader.tag();
      break;
    case 98:
      message.operation = { case: "makeLink", value: reader.message(readMakeLink) };
      tag = reader.tag();
      break;
    case 106:
      message.operation = { case: "setAttributes", value: reader.message(readSetAttributes) };
      tag = reader.tag();
      break;
  }
  reader.over(tag);
  return message;
}

function writeResponse(writer: CanonicalWriter, message: Init<Response>): void {
  if (message.result !== undefined)
    switch (message.result.case) {
      case "list":
        writer.message(10, writeEntryPage, "EntryPage", message.result.value, "Response.list");
        break;
      case "stat":
        writer.message(18, writeEntry, "Entry", message.result.value, "Response.stat");
        break;
      case "get":
        writer.message(26, writeGetResponse, "GetResponse", message.result.value, "Response.get");
        break;
      case "put":
        writer.message(34, writePutResponse, "PutResponse", message.result.value, "Response.put");
        break;
      case "remove":
        writer.message(
          42,
          writeRemoveResponse,
          "RemoveResponse",
          message.result.value,
          "Response.remove",
        );
        break;
      case "rename":
        writer.message(50, writeEntry, "Entry", message.result.value, "Response.rename");
        break;
      case "makeDirectory":
        writer.message(58, writeEntry, "Entry", message.result.value, "Response.makeDirectory");
        break;
      case "checksum":
        writer.message(
          66,
          writeChecksumResponse,
          "ChecksumResponse",
          message.result.value,
          "Response.checksum",
        );
        break;
      case "status":
        writer.message(
          74,
          writeStatusResponse,
          "StatusResponse",
          message.result.value,
          "Response.status",
        );
        break;
      case "walk":
        writer.message(
          82,
          writeWalkResponse,
          "WalkResponse",
          message.result.value,
          "Response.walk",
        );
        break;
      case "putTree":
        writer.message(
          90,
          writePutTreeResponse,
          "PutTreeResponse",
          message.result.value,
          "Response.putTree",
        );
        break;
      case "makeLink":
        writer.message(98, writeEntry, "Entry", message.result.value, "Response.makeLink");
        break;
      case "setAttributes":
        writer.message(106, writeEntry, "Entry", message.result.value, "Response.setAttributes");
        break;
      default:
        noCase("Response.result", message.result);
    }
}

function readResponse(reader: CanonicalReader): Response {
  const message: Response = {};
  let tag = reader.tag();
  switch (tag) {
    case 10:
      message.result = { case: "list", value: reader.message(readEntryPage) };
      tag = reader.tag();
      break;
    case 18:
      message.result = { case: "stat", value: reader.message(readEntry) };
      tag = reader.tag();
      break;
    case 26:
      message.result = { case: "get", value: reader.message(readGetResponse) };
      tag = reader.tag();
      break;
    case 34:
      message.result = { case: "put", value: reader.message(readPutResponse) };
      tag = reader.tag();
      break;
    case 42:
      message.result = { case: "remove", value: reader.message(readRemoveResponse) };
      tag = reader.tag();
      break;
    case 50:
      message.result = { case: "rename", value: reader.message(readEntry) };
      tag = reader.tag();
      break;
    case 58:
      message.result = { case: "makeDirectory", value: reader.message(readEntry) };
      tag = reader.tag();
      break;
    case 66:
      message.result = { case: "checksum", value: reader.message(readChecksumResponse) };
      tag = reader.tag();
      break;
    case 74:
      message.result = { case: "status", value: reader.message(readStatusResponse) };
      tag = reader.tag();
      break;
    case 82:
      message.result = { case: "walk", value: reader.message(readWalkResponse) };
      tag = reader.tag();
      break;
    case 90:
      message.result = { case: "putTree", value: reader.message(readPutTreeResponse) };
      tag = reader.tag();
      break;
    case 98:
      message.result = { case: "makeLink", value: reader.message(readEntry) };
      tag = reader.tag();
      break;
    case 106:
      message.result = { case: "setAttributes", value: reader.message(readEntry) };
      tag = reader.tag();
      break;
  }
  reader.over(tag);
  return message;
}

function writeTimestamp(writer: CanonicalWriter, message: Init<Timestamp>): void {
  if (message.seconds !== undefined && message.seconds !== 0)
    writer.int64(8, message.seconds, "Timestamp.seconds");
  if (message.nanoseconds !== undefined && message.nanoseconds !== 0)
    writer.uint32(16, message.nanoseconds, "Timestamp.nanoseconds");
}

function readTimestamp(reader: CanonicalReader): Timestamp {
  const message: Timestamp = { seconds: 0, nanoseconds: 0 };
  let tag = reader.tag();
  if (tag === 8) {
    message.seconds = reader.varint();
    tag = reader.tag();
  }
  if (tag === 16) {
    message.nanoseconds = reader.uint32();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeEntry(writer: CanonicalWriter, message: Init<Entry>): void {
  if (message.name !== undefined && message.name !== "")
    writer.string(10, message.name, "Entry.name");
  if (message.kind !== undefined && message.kind !== "KIND_UNSPECIFIED")
    writer.enumeration(16, toKind, "Kind", message.kind, "Entry.kind");
  if (message.size !== undefined && message.size !== 0)
    writer.uint64(24, message.size, "Entry.size");
  if (message.modified !== undefined)
    writer.message(34, writeTimestamp, "Timestamp", message.modified, "Entry.modified");
  if (message.version !== undefined && message.version !== "")
    writer.string(42, message.version, "Entry.version");
  if (message.mode !== undefined) writer.uint32(48, message.mode, "Entry.mode");
  if (message.link !== undefined && message.link !== false)
    writer.bool(56, message.link, "Entry.link");
  if (message.target !== undefined && message.target !== "")
    writer.string(66, message.target, "Entry.target");
}

function readEntry(reader: CanonicalReader): Entry {
  const message: Entry = {
    name: "",
    kind: "KIND_UNSPECIFIED",
    size: 0,
    version: "",
    link: false,
    target: "",
  };
  let tag = reader.tag();
  if (tag === 10) {
    message.name = reader.string();
    tag = reader.tag();
  }
  if (tag === 16) {
    message.kind = reader.enumeration(fromKind);
    tag = reader.tag();
  }
  if (tag === 24) {
    message.size = reader.varint();
    tag = reader.tag();
  }
  if (tag === 34) {
    message.modified = reader.message(readTimestamp);
    tag = reader.tag();
  }
  if (tag === 42) {
    message.version = reader.string();
    tag = reader.tag();
  }
  if (tag === 48) {
    message.mode = reader.uint32();
    tag = reader.tag();
  }
  if (tag === 56) {
    message.link = reader.bool();
    tag = reader.tag();
  }
  if (tag === 66) {
    message.target = reader.string();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeList(writer: CanonicalWriter, message: Init<List>): void {
  if (message.path !== undefined && message.path !== "")
    writer.string(10, message.path, "List.path");
  if (message.cursor !== undefined) writer.string(18, message.cursor, "List.cursor");
  if (message.limit !== undefined && message.limit !== 0)
    writer.uint32(24, message.limit, "List.limit");
  if (message.hidden !== undefined && message.hidden !== false)
    writer.bool(32, message.hidden, "List.hidden");
  if (message.pages !== undefined && message.pages !== 0)
    writer.uint32(40, message.pages, "List.pages");
}

function readList(reader: CanonicalReader): List {
  const message: List = { path: "", limit: 0, hidden: false, pages: 0 };
  let tag = reader.tag();
  if (tag === 10) {
    message.path = reader.string();
    tag = reader.tag();
  }
  if (tag === 18) {
    message.cursor = reader.string();
    tag = reader.tag();
  }
  if (tag === 24) {
    message.limit = reader.uint32();
    tag = reader.tag();
  }
  if (tag === 32) {
    message.hidden = reader.bool();
    tag = reader.tag();
  }
  if (tag === 40) {
    message.pages = reader.uint32();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeEntryPage(writer: CanonicalWriter, message: Init<EntryPage>): void {
  if (message.entries !== undefined)
    for (const item of writer.items(message.entries, "Entry", "EntryPage.entries"))
      writer.message(10, writeEntry, "Entry", item, "EntryPage.entries");
  if (message.cursor !== undefined) writer.string(18, message.cursor, "EntryPage.cursor");
  if (message.skippedNames !== undefined && message.skippedNames !== 0)
    writer.uint64(24, message.skippedNames, "EntryPage.skippedNames");
}

function readEntryPage(reader: CanonicalReader): EntryPage {
  const message: EntryPage = { entries: [], skippedNames: 0 };
  let tag = reader.tag();
  while (tag === 10) {
    message.entries.push(reader.message(readEntry));
    tag = reader.tag();
  }
  if (tag === 18) {
    message.cursor = reader.string();
    tag = reader.tag();
  }
  if (tag === 24) {
    message.skippedNames = reader.varint();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeWalk(writer: CanonicalWriter, message: Init<Walk>): void {
  if (message.path !== undefined && message.path !== "")
    writer.string(10, message.path, "Walk.path");
  if (message.after !== undefined) writer.string(18, message.after, "Walk.after");
  if (message.contentsUpTo !== undefined && message.contentsUpTo !== 0)
    writer.uint64(24, message.contentsUpTo, "Walk.contentsUpTo");
  if (message.linkTargets !== undefined && message.linkTargets !== false)
    writer.bool(32, message.linkTargets, "Walk.linkTargets");
  if (message.paths !== undefined)
    for (const item of writer.items(message.paths, "string", "Walk.paths"))
      writer.string(42, item, "Walk.paths");
  if (message.leaveOut !== undefined)
    for (const item of writer.items(message.leaveOut, "string", "Walk.leaveOut"))
      writer.string(50, item, "Walk.leaveOut");
}

function readWalk(reader: CanonicalReader): Walk {
  const message: Walk = { path: "", contentsUpTo: 0, linkTargets: false, paths: [], leaveOut: [] };
  let tag = reader.tag();
  if (tag === 10) {
    message.path = reader.string();
    tag = reader.tag();
  }
  if (tag === 18) {
    message.after = reader.string();
    tag = reader.tag();
  }
  if (tag === 24) {
    message.contentsUpTo = reader.varint();
    tag = reader.tag();
  }
  if (tag === 32) {
    message.linkTargets = reader.bool();
    tag = reader.tag();
  }
  while (tag === 42) {
    message.paths.push(reader.string());
    tag = reader.tag();
  }
  while (tag === 50) {
    message.leaveOut.push(reader.string());
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeWalkResponse(writer: CanonicalWriter, message: Init<WalkResponse>): void {
  if (message.entry !== undefined)
    writer.message(10, writeEntry, "Entry", message.entry, "WalkResponse.entry");
  if (message.modeBits !== undefined) writer.uint32(16, message.modeBits, "WalkResponse.modeBits");
}

function readWalkResponse(reader: CanonicalReader): WalkResponse {
  const message: WalkResponse = {};
  let tag = reader.tag();
  if (tag === 10) {
    message.entry = reader.message(readEntry);
    tag = reader.tag();
  }
  if (tag === 16) {
    message.modeBits = reader.uint32();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeTreeItem(writer: CanonicalWriter, message: Init<TreeItem>): void {
  if (message.leave !== undefined && message.leave !== 0)
    writer.uint32(8, message.leave, "TreeItem.leave");
  if (message.entry !== undefined)
    writer.message(18, writeEntry, "Entry", message.entry, "TreeItem.entry");
  if (message.contents !== undefined && message.contents !== false)
    writer.bool(24, message.contents, "TreeItem.contents");
  if (message.failure !== undefined)
    writer.message(34, writeFailure, "Failure", message.failure, "TreeItem.failure");
  if (message.skippedNames !== undefined && message.skippedNames !== 0)
    writer.uint64(40, message.skippedNames, "TreeItem.skippedNames");
  if (message.again !== undefined && message.again !== false)
    writer.bool(48, message.again, "TreeItem.again");
  if (message.attributes !== undefined)
    writer.message(
      58,
      writeFolderAttributes,
      "FolderAttributes",
      message.attributes,
      "TreeItem.attributes",
    );
}

function readTreeItem(reader: CanonicalReader): TreeItem {
  const message: TreeItem = { leave: 0, contents: false, skippedNames: 0, again: false };
  let tag = reader.tag();
  if (tag === 8) {
    message.leave = reader.uint32();
    tag = reader.tag();
  }
  if (tag === 18) {
    message.entry = reader.message(readEntry);
    tag = reader.tag();
  }
  if (tag === 24) {
    message.contents = reader.bool();
    tag = reader.tag();
  }
  if (tag === 34) {
    message.failure = reader.message(readFailure);
    tag = reader.tag();
  }
  if (tag === 40) {
    message.skippedNames = reader.varint();
    tag = reader.tag();
  }
  if (tag === 48) {
    message.again = reader.bool();
    tag = reader.tag();
  }
  if (tag === 58) {
    message.attributes = reader.message(readFolderAttributes);
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeFolderAttributes(writer: CanonicalWriter, message: Init<FolderAttributes>): void {
  if (message.path !== undefined && message.path !== "")
    writer.string(10, message.path, "FolderAttributes.path");
  if (message.modified !== undefined)
    writer.message(18, writeTimestamp, "Timestamp", message.modified, "FolderAttributes.modified");
  if (message.mode !== undefined) writer.uint32(24, message.mode, "FolderAttributes.mode");
}

function readFolderAttributes(reader: CanonicalReader): FolderAttributes {
  const message: FolderAttributes = { path: "" };
  let tag = reader.tag();
  if (tag === 10) {
    message.path = reader.string();
    tag = reader.tag();
  }
  if (tag === 18) {
    message.modified = reader.message(readTimestamp);
    tag = reader.tag();
  }
  if (tag === 24) {
    message.mode = reader.uint32();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writePutTree(writer: CanonicalWriter, message: Init<PutTree>): void {
  if (message.path !== undefined && message.path !== "")
    writer.string(10, message.path, "PutTree.path");
  if (message.ifExists !== undefined && message.ifExists !== "IF_EXISTS_UNSPECIFIED")
    writer.enumeration(16, toIfExists, "IfExists", message.ifExists, "PutTree.ifExists");
  if (message.mode !== undefined) writer.uint32(24, message.mode, "PutTree.mode");
}

function readPutTree(reader: CanonicalReader): PutTree {
  const message: PutTree = { path: "", ifExists: "IF_EXISTS_UNSPECIFIED" };
  let tag = reader.tag();
  if (tag === 10) {
    message.path = reader.string();
    tag = reader.tag();
  }
  if (tag === 16) {
    message.ifExists = reader.enumeration(fromIfExists);
    tag = reader.tag();
  }
  if (tag === 24) {
    message.mode = reader.uint32();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writePutTreeResponse(writer: CanonicalWriter, message: Init<PutTreeResponse>): void {
  if (message.entry !== undefined)
    writer.message(10, writeEntry, "Entry", message.entry, "PutTreeResponse.entry");
  if (message.attributes !== undefined && message.attributes !== false)
    writer.bool(16, message.attributes, "PutTreeResponse.attributes");
  if (message.contentsUpTo !== undefined && message.contentsUpTo !== 0)
    writer.uint64(24, message.contentsUpTo, "PutTreeResponse.contentsUpTo");
}

function readPutTreeResponse(reader: CanonicalReader): PutTreeResponse {
  const message: PutTreeResponse = { attributes: false, contentsUpTo: 0 };
  let tag = reader.tag();
  if (tag === 10) {
    message.entry = reader.message(readEntry);
    tag = reader.tag();
  }
  if (tag === 16) {
    message.attributes = reader.bool();
    tag = reader.tag();
  }
  if (tag === 24) {
    message.contentsUpTo = reader.varint();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeTreeOutcome(writer: CanonicalWriter, message: Init<TreeOutcome>): void {
  if (message.failure !== undefined)
    writer.message(10, writeFailure, "Failure", message.failure, "TreeOutcome.failure");
  if (message.skipped !== undefined && message.skipped !== false)
    writer.bool(16, message.skipped, "TreeOutcome.skipped");
  if (message.size !== undefined && message.size !== 0)
    writer.uint64(24, message.size, "TreeOutcome.size");
  if (message.version !== undefined && message.version !== "")
    writer.string(34, message.version, "TreeOutcome.version");
  if (message.durability !== undefined && message.durability !== "DURABILITY_UNSPECIFIED")
    writer.enumeration(
      40,
      toDurability,
      "Durability",
      message.durability,
      "TreeOutcome.durability",
    );
  if (message.modeNotSet !== undefined && message.modeNotSet !== false)
    writer.bool(48, message.modeNotSet, "TreeOutcome.modeNotSet");
  if (message.modifiedNotSet !== undefined && message.modifiedNotSet !== false)
    writer.bool(56, message.modifiedNotSet, "TreeOutcome.modifiedNotSet");
  if (message.notSynced !== undefined && message.notSynced !== false)
    writer.bool(64, message.notSynced, "TreeOutcome.notSynced");
}

function readTreeOutcome(reader: CanonicalReader): TreeOutcome {
  const message: TreeOutcome = {
    skipped: false,
    size: 0,
    version: "",
    durability: "DURABILITY_UNSPECIFIED",
    modeNotSet: false,
    modifiedNotSet: false,
    notSynced: false,
  };
  let tag = reader.tag();
  if (tag === 10) {
    message.failure = reader.message(readFailure);
    tag = reader.tag();
  }
  if (tag === 16) {
    message.skipped = reader.bool();
    tag = reader.tag();
  }
  if (tag === 24) {
    message.size = reader.varint();
    tag = reader.tag();
  }
  if (tag === 34) {
    message.version = reader.string();
    tag = reader.tag();
  }
  if (tag === 40) {
    message.durability = reader.enumeration(fromDurability);
    tag = reader.tag();
  }
  if (tag === 48) {
    message.modeNotSet = reader.bool();
    tag = reader.tag();
  }
  if (tag === 56) {
    message.modifiedNotSet = reader.bool();
    tag = reader.tag();
  }
  if (tag === 64) {
    message.notSynced = reader.bool();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeStat(writer: CanonicalWriter, message: Init<Stat>): void {
  if (message.path !== undefined && message.path !== "")
    writer.string(10, message.path, "Stat.path");
}

function readStat(reader: CanonicalReader): Stat {
  const message: Stat = { path: "" };
  let tag = reader.tag();
  if (tag === 10) {
    message.path = reader.string();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeGet(writer: CanonicalWriter, message: Init<Get>): void {
  if (message.path !== undefined && message.path !== "")
    writer.string(10, message.path, "Get.path");
  if (message.offset !== undefined && message.offset !== 0)
    writer.uint64(16, message.offset, "Get.offset");
  if (message.length !== undefined) writer.uint64(24, message.length, "Get.length");
  if (message.ifMatch !== undefined) writer.string(34, message.ifMatch, "Get.ifMatch");
  if (message.sha256 !== undefined && message.sha256 !== false)
    writer.bool(40, message.sha256, "Get.sha256");
  if (message.mayGrow !== undefined && message.mayGrow !== false)
    writer.bool(48, message.mayGrow, "Get.mayGrow");
}

function readGet(reader: CanonicalReader): Get {
  const message: Get = { path: "", offset: 0, sha256: false, mayGrow: false };
  let tag = reader.tag();
  if (tag === 10) {
    message.path = reader.string();
    tag = reader.tag();
  }
  if (tag === 16) {
    message.offset = reader.varint();
    tag = reader.tag();
  }
  if (tag === 24) {
    message.length = reader.varint();
    tag = reader.tag();
  }
  if (tag === 34) {
    message.ifMatch = reader.string();
    tag = reader.tag();
  }
  if (tag === 40) {
    message.sha256 = reader.bool();
    tag = reader.tag();
  }
  if (tag === 48) {
    message.mayGrow = reader.bool();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeGetResponse(writer: CanonicalWriter, message: Init<GetResponse>): void {
  if (message.entry !== undefined)
    writer.message(10, writeEntry, "Entry", message.entry, "GetResponse.entry");
  if (message.offset !== undefined && message.offset !== 0)
    writer.uint64(16, message.offset, "GetResponse.offset");
  if (message.length !== undefined && message.length !== 0)
    writer.uint64(24, message.length, "GetResponse.length");
  if (message.allocated !== undefined)
    writer.uint64(32, message.allocated, "GetResponse.allocated");
}

function readGetResponse(reader: CanonicalReader): GetResponse {
  const message: GetResponse = { offset: 0, length: 0 };
  let tag = reader.tag();
  if (tag === 10) {
    message.entry = reader.message(readEntry);
    tag = reader.tag();
  }
  if (tag === 16) {
    message.offset = reader.varint();
    tag = reader.tag();
  }
  if (tag === 24) {
    message.length = reader.varint();
    tag = reader.tag();
  }
  if (tag === 32) {
    message.allocated = reader.varint();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writePut(writer: CanonicalWriter, message: Init<Put>): void {
  if (message.path !== undefined && message.path !== "")
    writer.string(10, message.path, "Put.path");
  if (message.uploadId !== undefined && message.uploadId.length !== 0)
    writer.bytes(18, message.uploadId, "Put.uploadId");
  if (message.size !== undefined) writer.uint64(24, message.size, "Put.size");
  if (message.modified !== undefined)
    writer.message(34, writeTimestamp, "Timestamp", message.modified, "Put.modified");
  if (message.ifExists !== undefined && message.ifExists !== "IF_EXISTS_UNSPECIFIED")
    writer.enumeration(40, toIfExists, "IfExists", message.ifExists, "Put.ifExists");
  if (message.ifMatch !== undefined) writer.string(50, message.ifMatch, "Put.ifMatch");
  if (message.resume !== undefined && message.resume !== false)
    writer.bool(56, message.resume, "Put.resume");
  if (message.sha256 !== undefined && message.sha256 !== false)
    writer.bool(64, message.sha256, "Put.sha256");
  if (message.prefixCrc32 !== undefined) writer.fixed32(77, message.prefixCrc32, "Put.prefixCrc32");
  if (message.prefixLength !== undefined && message.prefixLength !== 0)
    writer.uint64(80, message.prefixLength, "Put.prefixLength");
  if (message.mode !== undefined) writer.uint32(88, message.mode, "Put.mode");
  if (message.allocated !== undefined) writer.uint64(96, message.allocated, "Put.allocated");
}

function readPut(reader: CanonicalReader): Put {
  const message: Put = {
    path: "",
    uploadId: new Uint8Array(0),
    ifExists: "IF_EXISTS_UNSPECIFIED",
    resume: false,
    sha256: false,
    prefixLength: 0,
  };
  let tag = reader.tag();
  if (tag === 10) {
    message.path = reader.string();
    tag = reader.tag();
  }
  if (tag === 18) {
    message.uploadId = reader.bytes();
    tag = reader.tag();
  }
  if (tag === 24) {
    message.size = reader.varint();
    tag = reader.tag();
  }
  if (tag === 34) {
    message.modified = reader.message(readTimestamp);
    tag = reader.tag();
  }
  if (tag === 40) {
    message.ifExists = reader.enumeration(fromIfExists);
    tag = reader.tag();
  }
  if (tag === 50) {
    message.ifMatch = reader.string();
    tag = reader.tag();
  }
  if (tag === 56) {
    message.resume = reader.bool();
    tag = reader.tag();
  }
  if (tag === 64) {
    message.sha256 = reader.bool();
    tag = reader.tag();
  }
  if (tag === 77) {
    message.prefixCrc32 = reader.fixed32();
    tag = reader.tag();
  }
  if (tag === 80) {
    message.prefixLength = reader.varint();
    tag = reader.tag();
  }
  if (tag === 88) {
    message.mode = reader.uint32();
    tag = reader.tag();
  }
  if (tag === 96) {
    message.allocated = reader.varint();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writePutResponse(writer: CanonicalWriter, message: Init<PutResponse>): void {
  if (message.durableOffset !== undefined && message.durableOffset !== 0)
    writer.uint64(8, message.durableOffset, "PutResponse.durableOffset");
  if (message.prefixCrc32 !== undefined && message.prefixCrc32 !== 0)
    writer.fixed32(21, message.prefixCrc32, "PutResponse.prefixCrc32");
  if (message.uploadId !== undefined && message.uploadId.length !== 0)
    writer.bytes(26, message.uploadId, "PutResponse.uploadId");
}

function readPutResponse(reader: CanonicalReader): PutResponse {
  const message: PutResponse = { durableOffset: 0, prefixCrc32: 0, uploadId: new Uint8Array(0) };
  let tag = reader.tag();
  if (tag === 8) {
    message.durableOffset = reader.varint();
    tag = reader.tag();
  }
  if (tag === 21) {
    message.prefixCrc32 = reader.fixed32();
    tag = reader.tag();
  }
  if (tag === 26) {
    message.uploadId = reader.bytes();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeRemove(writer: CanonicalWriter, message: Init<Remove>): void {
  if (message.path !== undefined && message.path !== "")
    writer.string(10, message.path, "Remove.path");
  if (message.ifMatch !== undefined) writer.string(18, message.ifMatch, "Remove.ifMatch");
}

function readRemove(reader: CanonicalReader): Remove {
  const message: Remove = { path: "" };
  let tag = reader.tag();
  if (tag === 10) {
    message.path = reader.string();
    tag = reader.tag();
  }
  if (tag === 18) {
    message.ifMatch = reader.string();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeRemoveResponse(_writer: CanonicalWriter, _message: Init<RemoveResponse>): void {}

function readRemoveResponse(reader: CanonicalReader): RemoveResponse {
  const message: RemoveResponse = {};
  const tag = reader.tag();

  reader.over(tag);
  return message;
}

function writeRename(writer: CanonicalWriter, message: Init<Rename>): void {
  if (message.from !== undefined && message.from !== "")
    writer.string(10, message.from, "Rename.from");
  if (message.to !== undefined && message.to !== "") writer.string(18, message.to, "Rename.to");
  if (message.ifExists !== undefined && message.ifExists !== "IF_EXISTS_UNSPECIFIED")
    writer.enumeration(24, toIfExists, "IfExists", message.ifExists, "Rename.ifExists");
}

function readRename(reader: CanonicalReader): Rename {
  const message: Rename = { from: "", to: "", ifExists: "IF_EXISTS_UNSPECIFIED" };
  let tag = reader.tag();
  if (tag === 10) {
    message.from = reader.string();
    tag = reader.tag();
  }
  if (tag === 18) {
    message.to = reader.string();
    tag = reader.tag();
  }
  if (tag === 24) {
    message.ifExists = reader.enumeration(fromIfExists);
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeMakeDirectory(writer: CanonicalWriter, message: Init<MakeDirectory>): void {
  if (message.path !== undefined && message.path !== "")
    writer.string(10, message.path, "MakeDirectory.path");
  if (message.parents !== undefined && message.parents !== false)
    writer.bool(16, message.parents, "MakeDirectory.parents");
  if (message.modified !== undefined)
    writer.message(26, writeTimestamp, "Timestamp", message.modified, "MakeDirectory.modified");
  if (message.mode !== undefined) writer.uint32(32, message.mode, "MakeDirectory.mode");
}

function readMakeDirectory(reader: CanonicalReader): MakeDirectory {
  const message: MakeDirectory = { path: "", parents: false };
  let tag = reader.tag();
  if (tag === 10) {
    message.path = reader.string();
    tag = reader.tag();
  }
  if (tag === 16) {
    message.parents = reader.bool();
    tag = reader.tag();
  }
  if (tag === 26) {
    message.modified = reader.message(readTimestamp);
    tag = reader.tag();
  }
  if (tag === 32) {
    message.mode = reader.uint32();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeMakeLink(writer: CanonicalWriter, message: Init<MakeLink>): void {
  if (message.path !== undefined && message.path !== "")
    writer.string(10, message.path, "MakeLink.path");
  if (message.target !== undefined && message.target !== "")
    writer.string(18, message.target, "MakeLink.target");
  if (message.ifExists !== undefined && message.ifExists !== "IF_EXISTS_UNSPECIFIED")
    writer.enumeration(24, toIfExists, "IfExists", message.ifExists, "MakeLink.ifExists");
  if (message.again !== undefined && message.again !== false)
    writer.bool(32, message.again, "MakeLink.again");
}

function readMakeLink(reader: CanonicalReader): MakeLink {
  const message: MakeLink = {
    path: "",
    target: "",
    ifExists: "IF_EXISTS_UNSPECIFIED",
    again: false,
  };
  let tag = reader.tag();
  if (tag === 10) {
    message.path = reader.string();
    tag = reader.tag();
  }
  if (tag === 18) {
    message.target = reader.string();
    tag = reader.tag();
  }
  if (tag === 24) {
    message.ifExists = reader.enumeration(fromIfExists);
    tag = reader.tag();
  }
  if (tag === 32) {
    message.again = reader.bool();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeSetAttributes(writer: CanonicalWriter, message: Init<SetAttributes>): void {
  if (message.path !== undefined && message.path !== "")
    writer.string(10, message.path, "SetAttributes.path");
  if (message.modified !== undefined)
    writer.message(18, writeTimestamp, "Timestamp", message.modified, "SetAttributes.modified");
  if (message.mode !== undefined) writer.uint32(24, message.mode, "SetAttributes.mode");
  if (message.ifMatch !== undefined) writer.string(34, message.ifMatch, "SetAttributes.ifMatch");
}

function readSetAttributes(reader: CanonicalReader): SetAttributes {
  const message: SetAttributes = { path: "" };
  let tag = reader.tag();
  if (tag === 10) {
    message.path = reader.string();
    tag = reader.tag();
  }
  if (tag === 18) {
    message.modified = reader.message(readTimestamp);
    tag = reader.tag();
  }
  if (tag === 24) {
    message.mode = reader.uint32();
    tag = reader.tag();
  }
  if (tag === 34) {
    message.ifMatch = reader.string();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeChecksum(writer: CanonicalWriter, message: Init<Checksum>): void {
  if (message.path !== undefined && message.path !== "")
    writer.string(10, message.path, "Checksum.path");
  if (message.algorithm !== undefined && message.algorithm !== "ALGORITHM_UNSPECIFIED")
    writer.enumeration(16, toAlgorithm, "Algorithm", message.algorithm, "Checksum.algorithm");
}

function readChecksum(reader: CanonicalReader): Checksum {
  const message: Checksum = { path: "", algorithm: "ALGORITHM_UNSPECIFIED" };
  let tag = reader.tag();
  if (tag === 10) {
    message.path = reader.string();
    tag = reader.tag();
  }
  if (tag === 16) {
    message.algorithm = reader.enumeration(fromAlgorithm);
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeChecksumResponse(writer: CanonicalWriter, message: Init<ChecksumResponse>): void {
  if (message.digest !== undefined && message.digest.length !== 0)
    writer.bytes(10, message.digest, "ChecksumResponse.digest");
  if (message.entry !== undefined)
    writer.message(18, writeEntry, "Entry", message.entry, "ChecksumResponse.entry");
}

function readChecksumResponse(reader: CanonicalReader): ChecksumResponse {
  const message: ChecksumResponse = { digest: new Uint8Array(0) };
  let tag = reader.tag();
  if (tag === 10) {
    message.digest = reader.bytes();
    tag = reader.tag();
  }
  if (tag === 18) {
    message.entry = reader.message(readEntry);
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

function writeStatus(_writer: CanonicalWriter, _message: Init<Status>): void {}

function readStatus(reader: CanonicalReader): Status {
  const message: Status = {};
  const tag = reader.tag();

  reader.over(tag);
  return message;
}

function writeStatusResponse(writer: CanonicalWriter, message: Init<StatusResponse>): void {
  if (message.agent !== undefined && message.agent !== "")
    writer.string(10, message.agent, "StatusResponse.agent");
  if (message.uptimeSeconds !== undefined && message.uptimeSeconds !== 0)
    writer.uint64(16, message.uptimeSeconds, "StatusResponse.uptimeSeconds");
  if (message.connections !== undefined && message.connections !== 0)
    writer.uint32(24, message.connections, "StatusResponse.connections");
  if (message.streams !== undefined && message.streams !== 0)
    writer.uint32(32, message.streams, "StatusResponse.streams");
  if (message.bytesSent !== undefined && message.bytesSent !== 0)
    writer.uint64(40, message.bytesSent, "StatusResponse.bytesSent");
  if (message.bytesReceived !== undefined && message.bytesReceived !== 0)
    writer.uint64(48, message.bytesReceived, "StatusResponse.bytesReceived");
  if (message.residentBytes !== undefined)
    writer.uint64(56, message.residentBytes, "StatusResponse.residentBytes");
  if (message.readOnly !== undefined && message.readOnly !== false)
    writer.bool(64, message.readOnly, "StatusResponse.readOnly");
  if (message.durability !== undefined && message.durability !== "DURABILITY_UNSPECIFIED")
    writer.enumeration(
      72,
      toDurability,
      "Durability",
      message.durability,
      "StatusResponse.durability",
    );
  if (message.freeBytes !== undefined)
    writer.uint64(80, message.freeBytes, "StatusResponse.freeBytes");
}

function readStatusResponse(reader: CanonicalReader): StatusResponse {
  const message: StatusResponse = {
    agent: "",
    uptimeSeconds: 0,
    connections: 0,
    streams: 0,
    bytesSent: 0,
    bytesReceived: 0,
    readOnly: false,
    durability: "DURABILITY_UNSPECIFIED",
  };
  let tag = reader.tag();
  if (tag === 10) {
    message.agent = reader.string();
    tag = reader.tag();
  }
  if (tag === 16) {
    message.uptimeSeconds = reader.varint();
    tag = reader.tag();
  }
  if (tag === 24) {
    message.connections = reader.uint32();
    tag = reader.tag();
  }
  if (tag === 32) {
    message.streams = reader.uint32();
    tag = reader.tag();
  }
  if (tag === 40) {
    message.bytesSent = reader.varint();
    tag = reader.tag();
  }
  if (tag === 48) {
    message.bytesReceived = reader.varint();
    tag = reader.tag();
  }
  if (tag === 56) {
    message.residentBytes = reader.varint();
    tag = reader.tag();
  }
  if (tag === 64) {
    message.readOnly = reader.bool();
    tag = reader.tag();
  }
  if (tag === 72) {
    message.durability = reader.enumeration(fromDurability);
    tag = reader.tag();
  }
  if (tag === 80) {
    message.freeBytes = reader.varint();
    tag = reader.tag();
  }
  reader.over(tag);
  return message;
}

export const canonical: {
  readonly [Name in keyof Messages]: {
    write(writer: CanonicalWriter, message: Init<Messages[Name]>): void;
    read(reader: CanonicalReader): Messages[Name];
  };
} = {
  Frame: { write: writeFrame, read: readFrame },
  Data: { write: writeData, read: readData },
  Hole: { write: writeHole, read: readHole },
  Credit: { write: writeCredit, read: readCredit },
  Finish: { write: writeFinish, read: readFinish },
  Receipt: { write: writeReceipt, read: readReceipt },
  Failure: { write: writeFailure, read: readFailure },
  Resend: { write: writeResend, read: readResend },
  Cancel: { write: writeCancel, read: readCancel },
  Ping: { write: writePing, read: readPing },
  Pong: { write: writePong, read: readPong },
  Hello: { write: writeHello, read: readHello },
  Credentials: { write: writeCredentials, read: readCredentials },
  UserPassword: { write: writeUserPassword, read: readUserPassword },
  Welcome: { write: writeWelcome, read: readWelcome },
  GoAway: { write: writeGoAway, read: readGoAway },
  Request: { write: writeRequest, read: readRequest },
  Response: { write: writeResponse, read: readResponse },
  Timestamp: { write: writeTimestamp, read: readTimestamp },
  Entry: { write: writeEntry, read: readEntry },
  List: { write: writeList, read: readList },
  EntryPage: { write: writeEntryPage, read: readEntryPage },
  Walk: { write: writeWalk, read: readWalk },
  WalkResponse: { write: writeWalkResponse, read: readWalkResponse },
  TreeItem: { write: writeTreeItem, read: readTreeItem },
  FolderAttributes: { write: writeFolderAttributes, read: readFolderAttributes },
  PutTree: { write: writePutTree, read: readPutTree },
  PutTreeResponse: { write: writePutTreeResponse, read: readPutTreeResponse },
  TreeOutcome: { write: writeTreeOutcome, read: readTreeOutcome },
  Stat: { write: writeStat, read: readStat },
  Get: { write: writeGet, read: readGet },
  GetResponse: { write: writeGetResponse, read: readGetResponse },
  Put: { write: writePut, read: readPut },
  PutResponse: { write: writePutResponse, read: readPutResponse },
  Remove: { write: writeRemove, read: readRemove },
  RemoveResponse: { write: writeRemoveResponse, read: readRemoveResponse },
  Rename: { write: writeRename, read: readRename },
  MakeDirectory: { write: writeMakeDirectory, read: readMakeDirectory },
  MakeLink: { write: writeMakeLink, read: readMakeLink },
  SetAttributes: { write: writeSetAttributes, read: readSetAttributes },
  Checksum: { write: writeChecksum, read: readChecksum },
  ChecksumResponse: { write: writeChecksumResponse, read: readChecksumResponse },
  Status: { write: writeStatus, read: readStatus },
  StatusResponse: { write: writeStatusResponse, read: readStatusResponse },
};
