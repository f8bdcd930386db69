/** The ways in which a folder goes up and comes down, each with options that keep all of it. */
import type { Client, TreeSummary } from "../../src/index.ts";

type Move = (client: Client, from: string, to: string) => Promise<TreeSummary>;

export const TREE_WAYS: readonly [name: string, up: Move, down: Move][] = [
  [
    "a tree",
    (client, from, to) => client.putTree(from, to, { ifExists: "replace" }),
    (client, from, to) => client.getTree(from, to),
  ],
  [
    "a sync",
    (client, from, to) => client.syncUp(from, to),
    (client, from, to) => client.syncDown(from, to),
  ],
  [
    "a sync with a filter",
    (client, from, to) => client.syncUp(from, to, { exclude: ["none"] }),
    (client, from, to) => client.syncDown(from, to, { exclude: ["none"] }),
  ],
];
