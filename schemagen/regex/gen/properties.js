// Writes ../properties.bin: every Unicode property that ECMA-262 (2024) names
// in section 22.2.1.9 (tables 67 to 70), as the JavaScript engine that runs
// this has them. The names come from two npm packages:
//
//   npm install unicode-match-property-value-ecmascript unicode-canonical-property-names-ecmascript unicode-property-aliases-ecmascript
//   node properties.js
//
// Record: kind (g General_Category, s Script, x Script_Extensions, b binary),
// number of names, each name with its length before it, number of spans, each
// span as the gap before it and its size less one. Numbers are LEB128.
'use strict';
const fs = require('fs');
const path = require('path');
const values = require('unicode-match-property-value-ecmascript/data/mappings.js');
const canonical = require('unicode-canonical-property-names-ecmascript').default;
const aliases = require('unicode-property-aliases-ecmascript').default;

const out = [];
function leb(v) {
	for (; v >= 0x80; v = Math.floor(v / 128)) out.push(v % 128 | 128);
	out.push(v);
}
function record(kind, names, source) {
	const re = new RegExp('^' + source + '$', 'u');
	const spans = [];
	for (let c = 0, open = false; c <= 0x110000; c++) {
		const is = c < 0x110000 && re.test(String.fromCodePoint(c));
		if (is && !open) spans.push([c, c]);
		else if (is) spans[spans.length - 1][1] = c;
		open = is;
	}
	out.push(kind.charCodeAt(0));
	leb(names.length);
	for (const n of names) { leb(n.length); out.push(...Buffer.from(n)); }
	leb(spans.length);
	let next = 0;
	for (const [lo, hi] of spans) { leb(lo - next); leb(hi - lo); next = hi + 1; }
}
function names(map) {
	const by = new Map();
	for (const [alias, long] of map) by.set(long, (by.get(long) || new Set([long])).add(alias));
	return [...by].map(([long, set]) => [...set].sort()).sort((a, b) => a[0] < b[0] ? -1 : 1);
}
const ok = s => { try { new RegExp(s, 'u'); return true; } catch { return false; } };
for (const [kind, prop] of [['g', 'General_Category'], ['s', 'Script'], ['x', 'Script_Extensions']]) {
	for (const set of names(values.get(prop))) {
		const known = set.filter(n => ok(`\\p{${prop}=${n}}`));
		if (known.length) record(kind, known, `\\p{${prop}=${known[0]}}`);
	}
}
const binary = new Map();
for (const [alias, long] of aliases) if (ok(`\\p{${long}}`)) binary.set(alias, long);
for (const long of canonical) if (ok(`\\p{${long}}`)) binary.set(long, long);
for (const set of names(binary)) {
	const known = set.filter(n => ok(`\\p{${n}}`));
	record('b', known, `\\p{${known[0]}}`);
}
fs.writeFileSync(path.join(__dirname, '..', 'properties.bin'), Buffer.from(out));
console.log(`Unicode ${process.versions.unicode}: ${out.length} bytes`);
