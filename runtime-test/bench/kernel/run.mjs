// node run.mjs GUEST.wasm SCAN.wasm [ORDERS.json...]: times filter/json in this
// V8, in turns, and prints the best CPU time of each and their ratios. First the
// string scan, translated, in plain Go and in C; then the whole parser, translated
// and in plain Go.
import fs from 'node:fs';
import { WASI } from 'node:wasi';

const [, , goFile, cFile, ...orders] = process.argv;
const rounds = Number(process.env.ROUNDS || 9), millis = 60;

const wasi = new WASI({ version: 'preview1' });
const go = await WebAssembly.instantiate(await WebAssembly.compile(fs.readFileSync(goFile)), wasi.getImportObject());
wasi.initialize(go);
const c = await WebAssembly.instantiate(await WebAssembly.compile(fs.readFileSync(cFile)), {});

const array = (piece, n) => '["' + Array(n).fill(piece).join('","') + '"]';
const strings = {
  'strings-short': array('all work","and no","play makes jack', 200),
  'strings-long': array('all work and no play '.repeat(20), 25),
  'strings-escaped': array('line one\\nline two \\u00fc three', 200),
  'strings-unicode': array('日本語テキスト é ', 200),
};
const texts = { ...strings, numbers: '[' + '12.5,1024,-3,0.001,1e5,'.repeat(400) + '0]' };
for (const f of orders) texts[f.split('/').pop().replace('.json', '')] = fs.readFileSync(f, 'utf8');

// time returns the CPU nanoseconds of one run of f(n), which runs n times.
function time(f) {
  let n = 1;
  for (;;) {
    const t = process.cpuUsage();
    if (!f(n)) throw new Error('refused');
    const { user, system } = process.cpuUsage(t);
    if (user + system > millis * 1000) return ((user + system) * 1000) / n;
    n *= 2;
  }
}

function table(title, texts, columns, ratios) {
  console.log(title);
  console.log(['text'.padEnd(16), 'bytes'.padStart(6), ...columns.map((k) => (k[0] + ' ns').padStart(14)), ...ratios.map((r) => `${r[0]}/${r[1]}`.padStart(16))].join(' '));
  for (const [name, text] of Object.entries(texts)) {
    const b = Buffer.from(text);
    const best = {};
    for (let round = 0; round < rounds; round++) {
      for (const [k, load, run] of columns) {
        load(b);
        best[k] = Math.min(best[k] ?? Infinity, time((n) => run(b.length, n)));
      }
    }
    console.log([name.padEnd(16), String(b.length).padStart(6), ...columns.map((k) => best[k[0]].toFixed(0).padStart(14)), ...ratios.map(([x, y]) => (best[x] / best[y]).toFixed(2).padStart(16))].join(' '));
  }
}

const intoGo = (b) => new Uint8Array(go.exports.memory.buffer, go.exports.bench_buffer(), b.length).set(b);
const intoC = (b) => new Uint8Array(c.exports.memory.buffer, c.exports.buffer(), b.length).set(b);
table('string scan', strings, [
  ['kernel', intoGo, (size, n) => go.exports.bench_scan(size, 0, n)],
  ['plain-go', intoGo, (size, n) => go.exports.bench_scan(size, 1, n)],
  ['clang', intoC, (size, n) => c.exports.scan_rounds(size, n)],
], [['clang', 'kernel'], ['plain-go', 'kernel']]);
table('whole parser', texts, [
  ['kernel', intoGo, (size, n) => go.exports.bench_parse(size, 0, n)],
  ['plain-go', intoGo, (size, n) => go.exports.bench_parse(size, 1, n)],
], [['plain-go', 'kernel']]);
