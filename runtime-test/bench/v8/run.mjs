// node --no-liftoff run.mjs MODULE.wasm SCRIPT.json: plays recorded requests to the
// module and prints, for each scenario and round, one line of JSON: nanoseconds a
// request takes in the VM, host calls by name, and what the VM answered.
import fs from 'node:fs';
import { Host, pairs } from './host.mjs';

const [, , moduleFile, scriptFile] = process.argv;
const code = await WebAssembly.compile(fs.readFileSync(moduleFile));
const { rounds, millis, scenarios } = JSON.parse(fs.readFileSync(scriptFile));

class Run {
  constructor(scenario) {
    this.s = scenario;
    this.id = 1;
    this.requests = scenario.requests.map((r) => ({ pairs: pairs(r.headers), num: r.headers.length, body: r.body ? new Uint8Array(Buffer.from(r.body)) : null }));
  }

  // load starts a VM; with counting every host call goes through a wrapper.
  async load(counting) {
    const h = new Host(this.s);
    h.measured = !counting;
    await h.start(code);
    return h;
  }

  // request plays the life of one stream, as Envoy does.
  request(h, r) {
    const x = h.x, id = ++this.id;
    h.status = 0;
    h.pairs = r.pairs;
    h.step();
    x.proxy_on_context_create(id, 1);
    let action = x.proxy_on_request_headers(id, r.num, r.body ? 0 : 1);
    if (action === 1 && h.status === 0 && r.body) {
      h.body = r.body;
      action = x.proxy_on_request_body(id, r.body.length, 1);
    }
    x.proxy_on_done(id);
    x.proxy_on_delete(id);
    return h.status || (action === 0 ? 0 : -1);
  }

  check(h) {
    for (const r of this.requests) {
      const got = this.request(h, r);
      if (got !== this.s.status) throw new Error(`${this.s.name}: answered ${got}, want ${this.s.status} (${h.lines.join('; ')})`);
    }
  }

  // warm sends what fills caches, empties buckets, and ends the lines that the filter
  // writes before it leaves them out.
  warm(h) {
    for (let i = 0; i < 300; i++) for (const r of this.requests) this.request(h, r);
  }

  async prepare() {
    const counter = await this.load(true);
    this.warm(counter);
    counter.record = [];
    this.check(counter);
    this.recorded = counter.record.map(([name, args]) => [counter.calls[name], args]);
    this.calls = {};
    for (const [name] of counter.record) this.calls[name] = (this.calls[name] || 0) + 1 / this.requests.length;
    this.counter = counter;
    counter.record = null;
    this.h = await this.load(false);
    this.warm(this.h);
    this.check(this.h);
  }

  // played is the time of n times all requests.
  played(n) {
    for (; n > 0; n--) for (const r of this.requests) if (this.request(this.h, r) !== this.s.status) throw new Error(`${this.s.name}: another answer`);
  }

  // replayed is what of that the host takes: the same calls with the same arguments.
  replayed(n) {
    const h = this.counter;
    h.replayAt = h.u8.length - SCRATCH;
    for (; n > 0; n--) for (const [f, args] of this.recorded) f(...args);
    h.replayAt = 0;
  }
}

// Replayed calls write this far before the memory's end. Nothing runs in that VM any more.
const SCRATCH = 128 << 10;

function time(f) {
  for (let n = 16; ; n *= 2) {
    const t = process.cpuUsage();
    f(n);
    const { user, system } = process.cpuUsage(t);
    if (user + system > millis * 1000) return ((user + system) * 1000) / n;
  }
}

const runs = [];
for (const s of scenarios) {
  const r = new Run(s);
  await r.prepare();
  runs.push(r);
}
for (const r of runs) time((n) => r.played(n)); // V8 settles
for (let round = 0; round < rounds; round++) {
  for (const r of runs) {
    const all = time((n) => r.played(n)) / r.requests.length, host = time((n) => r.replayed(n)) / r.requests.length;
    console.log(JSON.stringify({ name: r.s.name, nanos: all - host, host, calls: r.calls, memory: r.h.x.memory.buffer.byteLength }));
  }
}
