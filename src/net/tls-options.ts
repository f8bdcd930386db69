/** The options for TLS of a server and of a client, as programs give them. */

/** How a server speaks TLS. All are texts in PEM form. */
export interface ServerTls {
  /** The server's certificate, and behind it those of the authorities between it and the root. */
  readonly cert: string;
  /** The key of the certificate, without a passphrase. */
  readonly key: string;
  /**
   * Mutual TLS: the authorities whose certificates clients must have. A client's certificate names its user:
   * by its first alternative name that is an e-mail address, a host name or a URI, else by its common name.
   */
  readonly clientCa?: string | undefined;
}

/** Which server a client trusts, and who it is itself. At most one of `ca`, `pin` and `insecure`. */
export interface ClientTls {
  /** The authorities to trust, in PEM form: those of the system unless given. */
  readonly ca?: string | undefined;
  /**
   * The one certificate to trust: `sha256:` and its fingerprint, in hexadecimal or base64. Its authority, names
   * and dates are not looked at.
   */
  readonly pin?: string | undefined;
  /** Trusts every certificate: whoever is between client and server can read and change everything. */
  readonly insecure?: boolean | undefined;
  /** Mutual TLS: the client's certificate, in PEM form. */
  readonly cert?: string | undefined;
  /** The key of `cert`. */
  readonly key?: string | undefined;
}
