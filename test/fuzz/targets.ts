/** All targets of the fuzzer. */
import { FrameTarget } from "./frame-target.ts";
import { ServerTarget } from "./server-target.ts";
import type { Target } from "./target.ts";

export type TargetName = "frames" | "server" | "server, by TCP";

export const TARGETS: Readonly<Record<TargetName, () => Target>> = {
  frames: () => new FrameTarget(),
  server: () => new ServerTarget("memory"),
  "server, by TCP": () => new ServerTarget("sockets"),
};
