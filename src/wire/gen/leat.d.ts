// Generated from proto/leat/v1/leat.proto by `bun run generate`. Do not edit.

import type { Reader, Writer } from "protobufjs/minimal.js";
import type { Messages } from "./messages.ts";

/** What protobufjs' static code is, as far as any-form.ts uses it: untyped objects in and out. */
export const leat: {
  v1: Record<
    keyof Messages,
    {
      encode(message: object, writer?: Writer): Writer;
      decode(bytes: Uint8Array | Reader, length?: number): object;
    }
  >;
};
