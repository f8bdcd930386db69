/**
 * Bun compiles a function that is called often, and again with a compiler that takes longer. Most clients end
 * before the faster code has saved that time (decision 17).
 */

/** How many times as many calls it takes until a function is compiled. */
const RELUCTANCE = 10;

/** From now on little is compiled. For what runs for a second or two. */
export function compileLittle(): void {
  Bun.unsafe.setJITPolicy(RELUCTANCE);
}

/** From now on Bun compiles as it does by default. For what runs long. */
export function compileAsUsual(): void {
  Bun.unsafe.setJITPolicy(1);
}
