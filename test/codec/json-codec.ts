/** A codec of one's own, as a user of leat/codec may have: JSON in UTF-8. */
export interface Note {
  readonly text: string;
}

export const jsonCodec = {
  encode: (note: Note): Uint8Array => new TextEncoder().encode(JSON.stringify(note)),
  decode: (bytes: Uint8Array): Note => JSON.parse(new TextDecoder().decode(bytes)) as Note,
};

/** A note that takes about `length` bytes. */
export function note(length: number): Note {
  return { text: "x".repeat(length) };
}
