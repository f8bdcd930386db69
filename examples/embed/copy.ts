/** Shows the calls of a client one after the other: `bun examples/embed/copy.ts HOST:PORT`. */
import { connect } from "leat";

const signal = AbortSignal.timeout(30_000); // cancels every call that is still running
await using leat = await connect(process.argv[2] ?? "127.0.0.1:8888", { signal });

// Uploads. The source may be a stream or a generator. When put resolves, the file is whole and on disk.
const web = new Blob(["from a web stream\n".repeat(100_000)]).stream();
await leat.put("stream.txt", web, { ifExists: "replace", signal });

async function* lines(): AsyncGenerator<Uint8Array> {
  for (let i = 1; i <= 1000; i += 1) yield new TextEncoder().encode(`line ${i}\n`);
}
const receipt = await leat.put("lines.txt", lines(), { ifExists: "replace", signal });
console.log(`lines.txt: ${receipt.entry.size} bytes, ${receipt.durability}`);

for await (const entry of leat.list("", { signal })) console.log(entry.name, entry.size);

// A download that shows its progress. `save` writes the whole file or nothing.
const { size } = await leat.stat("stream.txt");
await using download = await leat.get("stream.txt", {
  signal,
  onProgress: (bytes) => process.stderr.write(`\r${Math.floor((100 * bytes) / size)} %`),
});
await download.save("copy.txt");
process.stderr.write("\n");

// A download that stops early. `await using` cancels the rest.
await using rest = await leat.get("stream.txt", { signal });
for await (const block of rest) {
  console.log(`the first ${block.length} bytes are enough`);
  break;
}
