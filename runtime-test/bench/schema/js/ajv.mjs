// node ajv.mjs FOLDER: a worker of the schema benchmark, ajv's standalone code after
// JSON.parse. FOLDER has ajv in its node_modules; the generated code is put there.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { serve, texts } from './worker.mjs';

const folder = path.resolve(process.argv[2]);
const require = createRequire(path.join(folder, 'x.js'));
const standalone = require('ajv/dist/standalone').default;
let sink = 0, compiled = 0;

function compile(schema) {
  const draft = (schema.$schema || '').replace(/#$/, '');
  const name = draft.includes('2020-12') ? 'ajv/dist/2020' : draft.includes('2019-09') ? 'ajv/dist/2019' : 'ajv';
  const Ajv = require(name).default;
  const ajv = new Ajv({ strict: false, validateFormats: false, code: { source: true, optimize: 2 }, logger: false });
  const file = path.join(folder, `standalone-${process.pid}-${compiled++}.cjs`);
  fs.writeFileSync(file, standalone(ajv, ajv.compile(schema)));
  try {
    const m = require(file);
    return m.default || m;
  } finally {
    fs.unlinkSync(file);
  }
}

await serve((dir) => {
  const validate = compile(JSON.parse(fs.readFileSync(path.join(dir, 'schema.json'), 'utf8')));
  const judge = (b) => {
    let v;
    try {
      v = JSON.parse(b.toString('utf8'));
    } catch {
      return false;
    }
    return validate(v);
  };
  const list = texts(dir, 'instances.jsonl');
  return {
    count: list.length,
    valid: list.filter(judge).length,
    mutants: texts(dir, 'mutants.jsonl').filter(judge).length,
    run(n) {
      for (; n > 0; n--) for (const b of list) sink += judge(b);
    },
  };
}, 1000);
