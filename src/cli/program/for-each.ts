/** Reads an async generator that returns something at its end, which `for await` drops. */
import type { MaybePromise } from "../../store/store.ts";

/** @returns what the generator returns; it is ended where `take` throws */
export async function forEach<Value, Rest>(
  values: AsyncGenerator<Value, Rest>,
  take: (value: Value) => MaybePromise<void>,
): Promise<Rest> {
  try {
    for (;;) {
      const next = await values.next();
      if (next.done === true) return next.value;
      const waits = take(next.value);
      if (waits !== undefined) await waits;
    }
  } finally {
    await values.return(undefined as Rest);
  }
}
