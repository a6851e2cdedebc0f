// Writes ../testdata/oracle.json: what the JavaScript engine that runs this
// says about patterns under the u flag, as [pattern, matching, not matching]
// or [pattern, null] for one that it refuses. Seeded, so that it can be
// repeated: node oracle.js [seed] [random patterns] [file]
'use strict';
const fs = require('fs');
const path = require('path');
let state = Number(process.argv[2] || 1) >>> 0;
const count = Number(process.argv[3] || 1500);
const file = process.argv[4] || path.join(__dirname, '..', 'testdata', 'oracle.json');
function rnd(n) { // mulberry32
	state = (state + 0x6D2B79F5) >>> 0;
	let t = state;
	t = Math.imul(t ^ t >>> 15, t | 1);
	t ^= t + Math.imul(t ^ t >>> 7, t | 61);
	return ((t ^ t >>> 14) >>> 0) % n;
}
const pick = list => list[rnd(list.length)];
const letters = ['a', 'b', 'c', 'A', '1', '_', '-', ' ', 'é', 'λ', '\u2028', '日', '😀', '\n'];
const atoms = ['a', 'b', 'c', '1', 'é', '日', '😀', '.', '\\d', '\\w', '\\s', '\\D', '\\W', '\\S', '[ab]', '[^a]', '[a-c1]',
	'[^\\w]', '[\\s\\S]', '\\p{L}', '\\P{L}', '\\p{Lu}', '\\p{Script=Greek}', '[\\p{N}_]', '\\u00e9', '\\u{1F600}', '\\ud83d\\ude00',
	'\\x61', '\\-'.slice(1), '\\n', '\\t', '\\/', '[\\-\\]]', '[]', '[^]'];
function atom(depth) {
	if (depth <= 0 || rnd(3)) return pick(atoms);
	return pick(['(?:', '(', '(?:']) + alt(depth - 1) + ')';
}
function term(depth) {
	switch (rnd(14)) {
	case 0: return '^';
	case 1: return '$';
	case 2: return pick(['\\b', '\\B']);
	case 3: if (depth > 0) return pick(['(?=', '(?!', '(?<=', '(?<!']) + alt(depth - 1) + ')';
	}
	return atom(depth) + (rnd(2) ? '' : pick(['*', '+', '?', '*?', '+?', '{2}', '{1,}', '{0,2}', '{2,3}', '{0}']));
}
function cat(depth) { let s = ''; for (let n = rnd(4) + (depth > 1 ? 1 : 0); n > 0; n--) s += term(depth); return s; }
function alt(depth) { let s = cat(depth); while (!rnd(4)) s += '|' + cat(depth); return s; }
function text() { let s = ''; for (let n = rnd(7); n > 0; n--) s += pick(letters.slice(0, pick([3, 6, 14]))); return s; }

const fixed = [
	'^(?!foo)[a-z]+$', '^(?=.*\\d)(?=.*[a-z]).{4,8}$', '^[0-9a-z.\\-]*(?<!\\.)$', '(?<=a)b', '(?<!a)b', '\\bfoo\\b', '^\\Bfoo', 'a(?!b)',
	'^(?!.*--)[a-z-]+$', '^((?!ab).)*$', '(?=a)b', '(?!)', '(?=)', '^(?!\\s*$).+', '^(?:(?!--)[a-z-])+$', '(?<=^|,)x', '(?<=(?!b)[ab])c',
	'(?<=a(?=b))b', '(?<!(?<!a)b)c', '(?<=\\bfoo)bar', '(?=(?<=a)b)b', '(?<=a$)', '(?<=^a)b', '(?:(?=a)|b)*c', '(?:^a|b$)', '$^', '(?:a|ab)(?:c|bcd)$',
	'^(?<year>\\d{4})-(?<month>\\d\\d)$', '\\cA', '\\0', '[\\b]', '[^\\P{Lu}]', '\\p{Script_Extensions=Deva}', '\\p{Emoji}', '^\\p{RGI_Emoji}$',
	'\\p{ASCII}', '\\p{Any}', '\\p{gc=Lu}', '\\p{General_Category=Uppercase_Letter}', '\\p{sc=Cyrl}', '\\p{Foo}', '\\p', '\\pL', '\\p{}', '\\p{Lu',
	'\\a', '\\_', '\\-', '[\\-]', '\\@', ']', '}', '{', '{1}', 'a{', 'a{1', 'a{1,', 'a{,1}', 'a{2,1}', 'a**', 'a{1}{2}', '^*', '$+', '\\b+', '(?=a)*',
	'(?<=a)*', '(?<n>a)(?<n>b)', '(?<n>a)\\k<n>', '\\k<n>', '\\k', '(a)\\1', '\\1', '\\2(a)(b)', '(?<1>a)', '(?<>a)', '(?<a', '(?<$_é>x)', '(?<\\u0061>x)',
	'(?<\\u{61}b>x)', '(?P<n>x)', '(?#c)', '(?i)a', '(?i:a)', '(', ')', '(a', 'a)', '[', '[a', '[z-a]', '[\\d-z]', '[a-\\d]', '[--a]', '[a-]', '[-a]', '[]a]',
	'\\x', '\\x4', '\\xg1', '\\u', '\\u12', '\\u{', '\\u{}', '\\u{110000}', '\\u{00000061}', '\\uD83D', '\\uDE00', '\\ud83d\\u0061', '\\c', '\\c1', '\\01', '\\00',
	'\\8', '[\\1]', '[\\c]', '[\\B]', '[\\k]', '*', '+', '?', '??', '|', '||', '()', '(?:)', '(?', '(?<', '\\', 'a\\', '[\\', '\\Z', '\\A', '\\h', '/', '\\/',
	'.', '^.$', '\\s', '^\\S+$', '[^]', '[]', '\\w\\W', '😀', '[😀-😎]', '[^😀]', '^[\\ud83d\\ude00]$', '[\\ud800-\\udfff]', '[^\\ud800-\\udfff]',
];
const special = ['', 'foo', 'foobar', 'barfoo', ' foo ', 'ab', 'ba', 'abc', 'a.b', 'a.', '.', 'a-b', 'a--b', 'ab12', '1234', 'abcd1', '2024-01', ',x', 'x', 'ac',
	'bc', 'cbc', 'bbc', '\u0001', '\0', '\b', 'É', 'é', 'Я', 'я', '\u0951', '\ufeff', '\u180e', '\u2003', '\u2029', '\r', '😀', '😁', '#', 'K', 'ſ', '\u{10FFFF}', '٣'];
const out = [];
function judge(p, texts) {
	let re;
	try { re = new RegExp(p, 'u'); } catch { out.push([p, null]); return; }
	const yes = [], no = [];
	for (const t of new Set(texts)) {
		const m = re.exec(t);
		// V8 also tries to match between the halves of a surrogate pair, where
		// ECMA-262 (section 22.2.7.2 with AdvanceStringIndex) never begins.
		if (m && m.index > 0 && /[\ud800-\udbff]/.test(t[m.index - 1]) && /[\udc00-\udfff]/.test(t[m.index] || '')) continue;
		(m ? yes : no).push(t);
	}
	out.push([p, yes, no]);
}
for (const p of fixed) judge(p, special);
const seen = new Set(fixed);
while (out.length < fixed.length + count) {
	const p = alt(3);
	if (p.length > 60 || seen.has(p)) continue;
	seen.add(p);
	judge(p, Array.from({length: 10}, text));
}
fs.writeFileSync(file, '[\n' + out.map(x => JSON.stringify(x)).join(',\n') + '\n]\n');
