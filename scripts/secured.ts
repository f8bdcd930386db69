/** What tests need to run with TLS and users: a certificate that their clients trust, and a users file. */
import { chmodSync, copyFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { dirname } from "node:path";
import { Authority } from "../test/support/certificates.ts";
import { TemporaryFolder } from "../test/support/folder.ts";
import { createUsers } from "../test/support/users.ts";

/** Where tests reach their servers. */
const OWN = ["127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", "::"];
const OUTSIDE = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
const ADDRESSES = new Set([...OWN, ...OUTSIDE.map(({ address }) => address.split("%")[0]!)]);
const ALTERNATIVES = ["DNS:localhost", ...[...ADDRESSES].map((address) => `IP:${address}`)].join();

export class Secured implements Disposable {
  readonly #folder = new TemporaryFolder();
  readonly #authority = new Authority();
  /** With these variables, all servers that tests start have TLS and users. */
  readonly environment: Readonly<Record<string, string>>;

  constructor() {
    const folder = this.#folder;
    const made = this.#authority.issue({ name: "server", alternatives: ALTERNATIVES });
    copyFileSync(made.certFile, folder.at("server.pem"));
    copyFileSync(made.keyFile, folder.at("server.key"));
    const { certFile } = this.#authority;
    for (const path of [dirname(certFile), folder.path]) chmodSync(path, 0o755); // some tests become another user
    this.environment = {
      LEAT_TEST_TLS: folder.path,
      LEAT_TEST_USERS: createUsers(folder, { anonymous: {} }).path,
      SSL_CERT_FILE: certFile,
      SSL_CERT_DIR: folder.at("none"),
    };
  }

  [Symbol.dispose](): void {
    this.#authority[Symbol.dispose]();
    this.#folder[Symbol.dispose]();
  }
}
