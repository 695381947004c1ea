// Kinds of characters as the server's parser knows them (CommonMark 0.31, and `eventmail/content/dialect.py`).

export const isLetter = (character) => /^[\p{L}\p{N}\p{M}]$/u.test(character);
export const isBlank = (character) => /^[\t-\r \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]$/u.test(character);
export const isSign = (character) => /^[\p{P}\p{S}]$/u.test(character);

// What the server drops from a text, and what it reads as the end of a line.
const CONTROLS = /[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u180e\u200b\u2060-\u2064\ufeff\u202a-\u202e\u2066-\u2069\ufdd0-\ufdd7\ud800-\udfff]/gu;
const LINE_ENDS = /\r\n|[\n\r\v\f\x85\u2028\u2029]/g;

export const clean = (text, lineEnd = " ") => text.replace(LINE_ENDS, lineEnd).replace(CONTROLS, "");

// A merge field with its braces, and an escaped brace. `eventmail/content/tokens.py` has the whole grammar.
export const FIELD = /\{[^{}|\n]*(?:\|[^{}\n]*)?\}|\\[{}]/g;
