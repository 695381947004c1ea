// What happens to signs while somebody types: a merge field becomes a chip, "- " a list. Undo or Backspace takes it back.

import { InputRule, inputRules, textblockTypeInputRule, wrappingInputRule } from "prosemirror-inputrules";
import { Plugin } from "prosemirror-state";
import { meant, saidAs } from "./fields.js";
import { schema } from "./schema.js";

const { nodes } = schema;

// `ending` is what was typed behind the field; it stays text.
function field(pattern, ending) {
  return new InputRule(pattern, (state, match, start, end) => {
    const text = match[0];
    const last = [...meant(text)].at(-1);
    if (!last || last[1] !== text.length - ending || state.doc.resolve(start).parent.type.spec.code) return null;
    const token = nodes.token.create({ written: text.slice(last[0], last[1]) }, null, state.doc.resolve(start + last[0]).marks());
    const tr = state.tr.replaceWith(start + last[0], end, token);
    return ending ? tr.insertText(text.slice(last[1])) : tr;
  });
}

// What comes in one piece, from a keyboard that completes words or by dictation, may hold merge fields anywhere.
const pieces = new Plugin({
  props: {
    handleTextInput(view, from, to, text) {
      const { storedMarks, doc, tr } = view.state;
      const $from = doc.resolve(from);
      if (text.length < 2 || $from.parent.type.spec.code || meant(text).next().done) return false;
      view.dispatch(tr.replace(from, to, saidAs(text, storedMarks ?? $from.marks())).scrollIntoView());
      return true;
    },
  },
});

export const rules = [pieces, inputRules({
  rules: [
    field(/(?:\{+[^{}\n]{1,300}|[a-z]+\.[^{}\s]{1,200})\}$/, 0),
    field(/\{[a-z]+(?:\.[\p{L}\p{N}_.]+)?[ ,;!?]$/u, 1),
    wrappingInputRule(/^\s*([-+*])\s$/, nodes.bullet_list),
    wrappingInputRule(/^1([.)])\s$/, nodes.ordered_list, (match) => ({ delimiter: match[1] })),
    wrappingInputRule(/^\s*>\s$/, nodes.blockquote),
    textblockTypeInputRule(/^(#{1,3})\s$/, nodes.heading, (match) => ({ level: match[1].length })),
  ],
})];
