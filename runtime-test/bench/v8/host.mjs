// A Proxy-Wasm 0.2.1 host for one VM, made to be cheap and to be measured: what a
// request is made of lies ready, every host call is counted, and a recorded request
// can be replayed without the module, to know what the host itself costs.

const OK = 0, NOT_FOUND = 1, CAS_MISMATCH = 8, UNIMPLEMENTED = 12;
const CREATE = 0xffffffff;

export class Host {
  // script: {pluginConfig, advanceNanos, verify: 'host' | 'none'}
  constructor(script) {
    this.config = Buffer.from(script.pluginConfig);
    this.advance = script.advanceNanos || 0;
    this.verify = script.verify === 'host';
    this.lo = 0; // the clock, nanoseconds, in two halves that stay exact
    this.hi = 0;
    this.setClock(BigInt(Date.now()) * 1000000n);
    this.shared = new Map();
    this.metrics = 0;
    this.status = 0;
    this.lines = [];
    this.calls = {};
    this.record = null; // [[name, args], ...] while recording
    this.replayAt = 0; // where replayed calls write
    this.pairs = new Uint8Array(0);
    this.body = new Uint8Array(0);
  }

  setClock(nanos) {
    this.lo = Number(nanos & 0xffffffffn);
    this.hi = Number(nanos >> 32n);
  }

  step() {
    this.lo += this.advance;
    if (this.lo > 0xffffffff) {
      this.hi += Math.floor(this.lo / 0x100000000);
      this.lo %= 0x100000000;
    }
  }

  async start(module) {
    const env = this.env();
    // What the scenarios have no use for is not there.
    for (const i of WebAssembly.Module.imports(module)) if (i.module === 'env' && !env[i.name]) env[i.name] = () => UNIMPLEMENTED;
    const imports = { env: this.count(env), wasi_snapshot_preview1: this.count(this.wasi()) };
    this.instance = await WebAssembly.instantiate(module, imports);
    this.x = this.instance.exports;
    this.alloc = this.x.proxy_on_memory_allocate;
    this.view();
    this.x._initialize();
    this.x.proxy_on_context_create(1, 0);
    if (!this.x.proxy_on_vm_start(1, 0)) throw new Error('proxy_on_vm_start: ' + this.lines);
    if (!this.x.proxy_on_configure(1, this.config.length)) throw new Error('proxy_on_configure: ' + this.lines);
    this.lines = [];
  }

  // count wraps functions for a while: unwrapped they are what is measured.
  count(functions) {
    const out = {};
    for (const [name, f] of Object.entries(functions)) {
      out[name] = (...args) => {
        if (this.record) this.record.push([name, args]);
        return f(...args);
      };
      this.calls[name] = f;
    }
    return this.measured ? functions : out;
  }

  view() {
    if (!this.u8 || this.u8.buffer !== this.x.memory.buffer) {
      this.u8 = new Uint8Array(this.x.memory.buffer);
      this.dv = new DataView(this.x.memory.buffer);
    }
  }

  give(bytes, p, n) {
    const at = this.replayAt || this.alloc(bytes.length);
    this.view();
    if (!at) return 10;
    this.u8.set(bytes, at);
    this.dv.setUint32(p, at, true);
    this.dv.setUint32(n, bytes.length, true);
    return OK;
  }

  text(p, n) {
    this.view();
    return Buffer.from(this.u8.buffer, p, n).latin1Slice();
  }

  env() {
    return {
      proxy_log: (_level, p, n) => {
        if (this.lines.length < 100) this.lines.push(this.text(p, n));
        return OK;
      },
      proxy_get_current_time_nanoseconds: (out) => {
        this.view();
        this.dv.setUint32(out, this.lo, true);
        this.dv.setUint32(out + 4, this.hi, true);
        return OK;
      },
      proxy_get_header_map_pairs: (_m, p, n) => this.give(this.pairs, p, n),
      proxy_get_buffer_bytes: (type, start, max, p, n) => {
        const from = type === 7 ? this.config : this.body;
        return this.give(from.subarray(start, start + (max >>> 0)), p, n);
      },
      proxy_send_local_response: (status) => {
        this.status = status;
        return OK;
      },
      proxy_replace_header_map_value: () => OK,
      proxy_continue_stream: () => OK,
      proxy_set_effective_context: () => OK,
      proxy_set_tick_period_milliseconds: () => OK,
      proxy_define_metric: (_kind, _p, _n, out) => {
        this.view();
        this.dv.setUint32(out, ++this.metrics, true);
        return OK;
      },
      proxy_increment_metric: () => OK,
      proxy_get_shared_data: (k, kn, p, n, cas) => {
        const e = this.shared.get(this.text(k, kn));
        if (!e) return NOT_FOUND;
        const st = this.give(e.value, p, n);
        this.dv.setUint32(cas, e.cas, true);
        return st;
      },
      proxy_set_shared_data: (k, kn, v, vn, cas) => {
        const key = this.text(k, kn);
        const e = this.shared.get(key);
        cas >>>= 0;
        if (e && cas !== 0 && cas !== e.cas && !this.replayAt) return CAS_MISMATCH;
        if (e && cas === CREATE && !this.replayAt) return CAS_MISMATCH;
        if (e && e.value.length === vn) {
          e.value.set(this.u8.subarray(v, v + vn));
          if (!this.replayAt) e.cas++;
          return OK;
        }
        this.shared.set(key, { value: this.u8.slice(v, v + vn), cas: e ? e.cas + 1 : 1 });
        return OK;
      },
      // VerifySignatureResult{result: true}
      proxy_call_foreign_function: (_f, _fn, _a, _an, p, n) => (this.verify ? this.give(VERIFIED, p, n) : NOT_FOUND),
      proxy_get_property: () => NOT_FOUND,
    };
  }

  wasi() {
    const zero = (...outs) => {
      this.view();
      for (const o of outs) this.dv.setUint32(o, 0, true);
      return 0;
    };
    return {
      args_get: () => 0,
      args_sizes_get: (a, b) => zero(a, b),
      environ_get: () => 0,
      environ_sizes_get: (a, b) => zero(a, b),
      clock_time_get: (_id, _precision, out) => {
        this.view();
        this.dv.setUint32(out, this.lo, true);
        this.dv.setUint32(out + 4, this.hi, true);
        return 0;
      },
      random_get: (p, n) => {
        this.view();
        for (let i = 0; i < n; i++) this.u8[p + i] = (i * 167 + 13) & 255;
        return 0;
      },
      fd_write: (_fd, iovs, len, out) => {
        this.view();
        let n = 0;
        for (let i = 0; i < len; i++) {
          const p = this.dv.getUint32(iovs + 8 * i, true), size = this.dv.getUint32(iovs + 8 * i + 4, true);
          process.stderr.write(this.text(p, size));
          n += size;
        }
        this.dv.setUint32(out, n, true);
        return 0;
      },
      poll_oneoff: (_in, _out, _n, out) => zero(out),
      sched_yield: () => 0,
      proc_exit: (code) => {
        throw new Error(`proc_exit(${code})`);
      },
      fd_close: () => 8,
      fd_fdstat_get: () => 8,
      fd_fdstat_set_flags: () => 8,
      fd_prestat_get: () => 8,
      fd_prestat_dir_name: () => 8,
    };
  }
}

const VERIFIED = new Uint8Array([0x08, 0x01]);

// pairs serializes a header map as the ABI does.
export function pairs(list) {
  const parts = list.map(([k, v]) => [Buffer.from(k, 'latin1'), Buffer.from(v, 'latin1')]);
  const size = 4 + parts.reduce((n, [k, v]) => n + 8 + k.length + v.length + 2, 0);
  const out = Buffer.alloc(size);
  let at = out.writeUInt32LE(parts.length, 0);
  for (const [k, v] of parts) {
    at = out.writeUInt32LE(k.length, at);
    at = out.writeUInt32LE(v.length, at);
  }
  for (const [k, v] of parts) {
    for (const b of [k, v]) at += b.copy(out, at) + 1;
  }
  return new Uint8Array(out);
}
