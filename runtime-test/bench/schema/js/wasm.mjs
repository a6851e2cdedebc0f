// node wasm.mjs GUEST.wasm: a worker of the schema benchmark, the filter's parser and
// schema machine in this V8. The texts lie in the module's memory, as the others'
// lie in theirs.
import fs from 'node:fs';
import path from 'node:path';
import { WASI } from 'node:wasi';
import { serve, texts } from './worker.mjs';

const code = await WebAssembly.compile(fs.readFileSync(process.argv[2]));

await serve(async (dir) => {
  const wasi = new WASI({ version: 'preview1' });
  const instance = await WebAssembly.instantiate(code, wasi.getImportObject());
  wasi.initialize(instance);
  const x = instance.exports;
  const put = (slot, bytes) => {
    const at = x.reserve(slot, bytes.length);
    new Uint8Array(x.memory.buffer, at, bytes.length).set(bytes);
  };
  const give = (list) => {
    const ends = new Uint32Array(list.length);
    let end = 0;
    list.forEach((b, i) => (ends[i] = end += b.length));
    put(1, Buffer.concat(list));
    put(2, new Uint8Array(ends.buffer));
  };
  const table = fs.readFileSync(path.join(dir, 'schema.table'));
  put(0, table.subarray(4));
  const refused = x.load(table.readUInt32LE(0));
  if (refused) throw new Error(`the table is refused: ${refused}`);
  give(texts(dir, 'mutants.jsonl'));
  const mutants = x.run(1);
  const list = texts(dir, 'instances.jsonl');
  give(list);
  const valid = x.run(1);
  const before = x.mallocs();
  x.run(10);
  const allocs = (x.mallocs() - before) / 10 / list.length;
  return { count: list.length, valid, mutants, allocs, run: (n) => x.run(n) };
}, 300);
