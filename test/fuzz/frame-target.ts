/** Single frames against the decoder: see frames.ts. */
import { type Random, randomFrom } from "../support/chop.ts";
import { checkFrame } from "./frames.ts";
import { Growth } from "./growth.ts";
import { anyFrame } from "./seeds.ts";
import type { Target } from "./target.ts";

export class FrameTarget implements Target {
  readonly name = "frames";
  readonly unit = "frames";
  readonly atOnce = 1;
  readonly #growth = new Growth();

  draw(random: Random): string {
    return `${anyFrame(random).toHex()}\n${random.below(2 ** 31)}`;
  }

  /** @param input the frame, and the seed of how it is cut */
  try(input: string): string | undefined {
    const [frame = "", seed] = input.split("\n");
    return checkFrame(Uint8Array.fromHex(frame), randomFrom(Number(seed)));
  }

  async leftovers(): Promise<string | undefined> {
    return this.#growth.check();
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
