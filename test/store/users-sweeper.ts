/** For quota.test.ts: removes unfinished uploads of absent users; not as root, who may open everything. */
import { runAs } from "../../src/cli/server/run-as.ts";
import { Library } from "../../src/store/resolve/library.ts";
import { sweepUsers } from "../../src/store/uploads/absent-users.ts";
import { KEPT_BOUNDS } from "../../src/store/uploads/kept-partials.ts";

if (process.getuid?.() === 0) runAs("nobody");
using library = Library.open(process.argv[2]!);
await sweepUsers(library, KEPT_BOUNDS, Number.MAX_SAFE_INTEGER);
