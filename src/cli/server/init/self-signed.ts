/** A key, and a certificate that it signs itself: ECDSA with P-256, for the names of a server (RFC 5280). */
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";
import { bits, integer, octets, oid, sequence, set, text, time, value } from "./der.ts";

export interface SelfSigned {
  /** In PEM form. */
  readonly cert: string;
  /** In PEM form, PKCS #8. */
  readonly key: string;
  /** Of the certificate, as a client pins it. */
  readonly pin: string;
}

/** @param names host names and addresses @param dates from when to when it is valid */
export function selfSigned(
  names: readonly string[],
  dates: { readonly from: Date; readonly until: Date },
): SelfSigned {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const subject = sequence(set(sequence(oid("2.5.4.3"), text("leat"))));
  const certificate = sequence(
    value(0xa0, integer(2)), // version 3
    integer(0x01, ...randomBytes(15)),
    SIGNATURE,
    subject, // of the issuer
    sequence(time(dates.from), time(dates.until)),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    value(0xa3, sequence(...extensions(names))),
  );
  const signature = sign("sha256", certificate, privateKey);
  const der = sequence(certificate, SIGNATURE, bits(signature));
  return {
    cert: pem("CERTIFICATE", der),
    key: String(privateKey.export({ type: "pkcs8", format: "pem" })),
    pin: `sha256:${createHash("sha256").update(der).digest("hex")}`,
  };
}

/** ecdsa-with-SHA256 */
const SIGNATURE = sequence(oid("1.2.840.10045.4.3.2"));

const TRUE = value(0x01, Buffer.from([0xff]));

function extensions(names: readonly string[]): readonly Uint8Array[] {
  const serverAuth = oid("1.3.6.1.5.5.7.3.1");
  const alternatives = names.map((name) =>
    isIP(name) === 0 ? value(0x82, Buffer.from(name)) : value(0x87, addressBytes(name)),
  );
  return [
    // No authority: it signs no other certificates.
    sequence(oid("2.5.29.19"), TRUE, octets(sequence())),
    // digitalSignature is the first bit.
    sequence(oid("2.5.29.15"), TRUE, octets(bits(Buffer.from([0x80]), 7))),
    sequence(oid("2.5.29.37"), octets(sequence(serverAuth))),
    sequence(oid("2.5.29.17"), octets(sequence(...alternatives))),
  ];
}

/** @param address of IPv4 or IPv6 */
function addressBytes(address: string): Uint8Array {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  // In groups alone: an IPv6 address may end like one of IPv4.
  const plain = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = "", tail] = plain.split("::");
  const groups = (part: string) => part.split(":").filter((group) => group !== "");
  const [before, after] = [groups(head), groups(tail ?? "")];
  const zeros = Array<string>(8 - before.length - after.length).fill("0");
  const all = [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16));
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

function pem(what: string, der: Uint8Array): string {
  const lines = Buffer.from(der)
    .toString("base64")
    .match(/.{1,64}/g)!
    .join("\n");
  return `-----BEGIN ${what}-----\n${lines}\n-----END ${what}-----\n`;
}
