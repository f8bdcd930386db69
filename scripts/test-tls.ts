/**
 * The tests with TLS switched on for all servers that they start:
 *
 *     bun run test:tls [PATH]...
 *
 * Without a PATH: those of the server, the client, and of transfers that are interrupted.
 */
import { chmodSync, copyFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Authority } from "../test/support/certificates.ts";
import { TemporaryFolder } from "../test/support/folder.ts";

const ALTERNATIVES = "DNS:localhost,IP:127.0.0.1,IP:127.0.0.2,IP:0.0.0.0,IP:::1,IP:::";

using folder = new TemporaryFolder();
using authority = new Authority();
const made = authority.issue({ name: "server", alternatives: ALTERNATIVES });
copyFileSync(made.certFile, folder.at("server.pem"));
copyFileSync(made.keyFile, folder.at("server.key"));
chmodSync(dirname(authority.certFile), 0o755); // some tests become another user
chmodSync(folder.path, 0o755);
const named = process.argv.slice(2);
const paths = named.length > 0 ? named : ["test/server", "test/client", "test/resume"];
const { exited } = Bun.spawn([process.execPath, join(import.meta.dir, "run-tests.ts"), ...paths], {
  env: {
    ...process.env,
    LEAT_TEST_TLS: folder.path,
    SSL_CERT_FILE: authority.certFile,
    SSL_CERT_DIR: folder.at("none"),
  },
  stdio: ["ignore", "inherit", "inherit"],
});
process.exitCode = await exited;
