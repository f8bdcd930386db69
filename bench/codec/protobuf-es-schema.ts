/**
 * leat's schema as protobuf-es takes it: the descriptor that its generated code has inside, made
 * from the .proto when the bench starts, so that nothing generated lies about.
 */
import { join } from "node:path";
import { type DescMessage, createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import protobuf from "protobufjs";
import { FileDescriptorSet } from "protobufjs/ext/descriptor.js";

const PACKAGE = "leat.v1";
const PROTO = join(import.meta.dir, "../../proto/leat/v1/leat.proto");

/** @returns the message Frame */
export async function frameSchema(): Promise<DescMessage> {
  const root = await new protobuf.Root().load(PROTO);
  root.resolveAll();
  const bytes = FileDescriptorSet.encode(root.toDescriptor("proto3")).finish();
  const set = fromBinary(FileDescriptorSetSchema, bytes);
  // protobufjs leaves the names of types as they stand in the file; all are of its one package.
  for (const field of set.file.flatMap((file) => file.messageType).flatMap((type) => type.field)) {
    if (field.typeName !== "") field.typeName = `.${PACKAGE}.${field.typeName}`;
  }
  return createFileRegistry(set).getMessage(`${PACKAGE}.Frame`)!;
}
