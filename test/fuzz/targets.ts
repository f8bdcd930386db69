/** All targets of the fuzzer. */
import { ClientTarget } from "./client-target.ts";
import { FrameTarget } from "./frame-target.ts";
import { ServerTarget } from "./server-target.ts";
import type { Target } from "./target.ts";

export type TargetName = "frames" | "server" | "server, by TCP" | "client" | "client, by TCP";

export const TARGETS: Readonly<Record<TargetName, () => Target>> = {
  frames: () => new FrameTarget(),
  server: () => new ServerTarget("memory"),
  "server, by TCP": () => new ServerTarget("sockets"),
  client: () => new ClientTarget("memory"),
  "client, by TCP": () => new ClientTarget("sockets"),
};
