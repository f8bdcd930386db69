/** Swaps `a` and `b` in a folder, as fast as it can, until it is killed or half a minute is over. */

import { AT_FDCWD, renameat2 } from "../../src/store/system/kernel.ts";

const RENAME_EXCHANGE = 2;
const [a, b] = [`${process.argv[2]}/a`, `${process.argv[2]}/b`];

console.log("swapping");
const end = performance.now() + 30_000;
while (performance.now() < end) renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
