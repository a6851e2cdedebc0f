// The protocol of the schema benchmark's workers (see ../doc.go) for those in Node.
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';

// texts reads a file of JSON Lines as an array of Buffers.
export function texts(dir, name) {
  const raw = fs.readFileSync(path.join(dir, name));
  const out = [];
  for (let i = 0; i < raw.length; ) {
    const j = raw.indexOf(10, i);
    const end = j < 0 ? raw.length : j;
    if (end > i) out.push(raw.subarray(i, end));
    i = end + 1;
  }
  return out;
}

// serve answers requests. open(dir) returns {run, valid, mutants, ...}, where
// run(n) judges every text of the case n times; count is how many there are.
export async function serve(open, warmMillis) {
  const cases = new Map();
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const at = line.lastIndexOf(' ');
    const dir = line.slice(0, at), millis = Number(line.slice(at + 1));
    try {
      let c = cases.get(dir);
      if (!c) {
        c = await open(dir);
        measure(c, Math.max(millis, warmMillis));
        cases.set(dir, c);
      }
      const { run, count, ...facts } = c;
      console.log(JSON.stringify({ ns: measure(c, millis), ...facts }));
    } catch (e) {
      if (e instanceof WebAssembly.RuntimeError) throw e; // the parent tries again
      console.log(JSON.stringify({ error: String(e.message || e) }));
    }
  }
}

// measure returns the CPU nanoseconds that one text takes.
function measure(c, millis) {
  const start = process.cpuUsage();
  for (let n = 0, step = 1; ; ) {
    c.run(step);
    n += step;
    const { user, system } = process.cpuUsage(start);
    const spent = user + system;
    if (spent >= millis * 1000) return (spent * 1000) / (n * c.count);
    if (spent < millis * 100) step *= 2;
  }
}
