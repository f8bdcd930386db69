/** Certificates for tests, made by openssl: of one authority, of another one, and of none. */
import { readFileSync, writeFileSync } from "node:fs";
import { TemporaryFolder } from "./folder.ts";

export interface Certificate {
  /** In PEM form. */
  readonly cert: string;
  readonly key: string;
  /** Paths of files with these. */
  readonly certFile: string;
  readonly keyFile: string;
}

interface Wanted {
  readonly name: string;
  /** As openssl writes them: `DNS:localhost,IP:127.0.0.1`. */
  readonly alternatives?: string;
  /** From now on; with a negative one it has expired. */
  readonly days?: number;
}

/** An authority, in a folder of its own until the process ends. */
export class Authority implements Disposable {
  readonly #folder = new TemporaryFolder();
  readonly cert: string;
  readonly certFile: string;
  #made = 0;

  constructor() {
    process.on("exit", () => this[Symbol.dispose]());
    this.certFile = this.#folder.at("ca.pem");
    this.cert = this.#self("ca", "Test CA").cert;
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }

  /** A certificate that it has signed. */
  issue({ name, alternatives, days = 2 }: Wanted): Certificate {
    const file = `c${this.#made++}`;
    const at = (kind: string): string => this.#folder.at(`${file}.${kind}`);
    const subject = `/CN=${name}`;
    openssl("req", "-new", ...KEY, "-keyout", at("key"), "-out", at("csr"), "-subj", subject);
    writeFileSync(at("ext"), alternatives === undefined ? "" : `subjectAltName=${alternatives}\n`);
    const by = ["-CA", this.certFile, "-CAkey", this.#folder.at("ca.key"), "-CAcreateserial"];
    const out = ["-out", at("pem"), "-extfile", at("ext"), "-days", `${days}`];
    openssl("x509", "-req", "-in", at("csr"), ...out, ...by);
    return this.#read(file);
  }

  /** A certificate that only its own key has signed. */
  selfSigned(name: string): Certificate {
    return this.#self(`s${this.#made++}`, name);
  }

  #self(file: string, name: string): Certificate {
    const at = (kind: string): string => this.#folder.at(`${file}.${kind}`);
    const out = ["-keyout", at("key"), "-out", at("pem"), "-subj", `/CN=${name}`, "-days", "2"];
    openssl("req", "-x509", ...KEY, ...out);
    return this.#read(file);
  }

  #read(file: string): Certificate {
    const [certFile, keyFile] = [this.#folder.at(`${file}.pem`), this.#folder.at(`${file}.key`)];
    const [cert, key] = [readFileSync(certFile, "utf8"), readFileSync(keyFile, "utf8")];
    return { cert, key, certFile, keyFile };
  }
}

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

function openssl(...words: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(["openssl", ...words]);
  if (exitCode !== 0) throw new Error(`openssl ${words[0]}: ${stderr}`);
}
