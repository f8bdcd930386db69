/** `ping`: the round trip to the server. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Command, Option } from "commander";
import { wholeNumber } from "../program/arguments.ts";
import type { Context } from "../program/context.ts";
import type { ContextOf } from "./commands.ts";

/** Milliseconds between two pings. */
const PAUSE = 1000;

export function add(program: Command, context: ContextOf): Command {
  return program
    .command("ping")
    .description("measure the round trip to the server")
    .addOption(
      new Option("-c, --count <N>", "how often, a second apart")
        .default(1)
        .argParser(wholeNumber(1)),
    )
    .action((flags: { readonly count: number }) =>
      context().run("ping", (now) => ping(now, flags.count)),
    );
}

async function ping(context: Context, count: number): Promise<void> {
  const { output, signal } = context;
  const client = await context.client();
  for (let i = 0; i < count; i++) {
    if (i > 0) await sleep(PAUSE, undefined, { signal });
    const roundTrip = await client.ping({ signal });
    await output.line(`pong from ${client.server} in ${roundTrip.toFixed(3)} ms`);
    await output.flush();
  }
}
