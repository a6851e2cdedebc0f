// node run.mjs JSON_TEST.wasm SCAN.wasm: times filter/json's string scan and the
// C version of it in this V8, in turns, and prints the best of each and their ratio.
import fs from 'node:fs';
import { WASI } from 'node:wasi';

const [, , goFile, cFile] = process.argv;
const go = await WebAssembly.compile(fs.readFileSync(goFile));
const c = await WebAssembly.instantiate(await WebAssembly.compile(fs.readFileSync(cFile)), {});
const best = (a) => Math.min(...a); // a shared machine only ever adds

// The Go test binary prints its benchmarks; its texts are repeated here.
const array = (piece, n) => '["' + Array(n).fill(piece).join('","') + '"]';
const texts = {
  'strings-short': array('all work","and no","play makes jack', 200),
  'strings-long': array('all work and no play '.repeat(20), 25),
  'strings-escaped': array('line one\\nline two \\u00fc three', 200),
  'strings-unicode': array('日本語テキスト é ', 200),
};

async function goTimes() {
  const out = `/tmp/kernel-bench-${process.pid}.txt`;
  const fd = fs.openSync(out, 'w');
  const wasi = new WASI({ version: 'preview1', stdout: fd, env: { PWD: '/' }, returnOnExit: true,
    args: ['json.test', '-test.run', 'XXX', '-test.bench', 'ScanStrings', '-test.benchtime', '200ms'] });
  wasi.start(await WebAssembly.instantiate(go, wasi.getImportObject()));
  fs.closeSync(fd);
  const times = {};
  for (const m of fs.readFileSync(out, 'utf8').matchAll(/BenchmarkScanStrings\/(\S+)\/(used|go)(?:-\d+)?\s+\d+\s+([\d.]+) ns\/op/g)) times[m[1] + ' ' + m[2]] = +m[3];
  fs.unlinkSync(out);
  return times;
}

function cTime(text) {
  const b = Buffer.from(text);
  new Uint8Array(c.exports.memory.buffer, c.exports.buffer(), b.length).set(b);
  const run = (n) => { for (let i = 0; i < n; i++) if (!c.exports.scan(b.length)) throw new Error('refused'); };
  run(2000);
  let n = 0;
  const t = performance.now();
  while (performance.now() - t < 200) { run(200); n += 200; }
  return ((performance.now() - t) * 1e6) / n;
}

const all = {};
for (let round = 0; round < 6; round++) {
  for (const [k, v] of Object.entries(await goTimes())) (all[k] ??= []).push(v);
  for (const [k, v] of Object.entries(texts)) (all[k + ' c'] ??= []).push(cTime(v));
}
console.log('text'.padEnd(18), 'bytes'.padStart(6), 'kernel ns'.padStart(10), 'go ns'.padStart(10), 'clang ns'.padStart(10), 'clang/kernel'.padStart(13), 'go/kernel'.padStart(10));
for (const [k, v] of Object.entries(texts)) {
  const [kernel, plain, clang] = ['used', 'go', 'c'].map((x) => best(all[`${k} ${x}`]));
  console.log(k.padEnd(18), String(Buffer.byteLength(v)).padStart(6), kernel.toFixed(0).padStart(10), plain.toFixed(0).padStart(10), clang.toFixed(0).padStart(10),
    (clang / kernel).toFixed(2).padStart(13), (plain / kernel).toFixed(2).padStart(10));
}
