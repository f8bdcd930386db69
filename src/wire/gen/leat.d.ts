// Generated from proto/leat/v1/leat.proto by `bun run generate`. Do not edit.

import type { Messages } from "./messages.ts";

/** The part of protobufjs' static code that any-form.ts uses: it reads any legal form. */
export const leat: {
  v1: Record<keyof Messages, { decode(bytes: Uint8Array): object }>;
};
