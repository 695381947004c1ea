// What the toolbar, the shortcuts and the list behind "/" do.

import { chainCommands, exitCode, setBlockType, toggleMark, wrapIn, lift, baseKeymap, selectNodeBackward } from "prosemirror-commands";
import { closeHistory, redo, undo } from "prosemirror-history";
import { undoInputRule } from "prosemirror-inputrules";
import { liftListItem, sinkListItem, splitListItem, wrapInList } from "prosemirror-schema-list";
import { NodeSelection, TextSelection } from "prosemirror-state";
import { schema } from "./schema.js";

const { nodes, marks } = schema;
const isMac = /Mac|iP(hone|ad|od)/.test(navigator.platform);

export const isActive = {
  strong: (state) => hasMark(state, marks.strong),
  em: (state) => hasMark(state, marks.em),
  code: (state) => hasMark(state, marks.code),
  link: (state) => hasMark(state, marks.link),
  bullets: (state) => within(state, nodes.bullet_list),
  numbers: (state) => within(state, nodes.ordered_list),
  quote: (state) => within(state, nodes.blockquote),
  heading: (state) => state.selection.$from.parent.type === nodes.heading,
};

function hasMark(state, type) {
  const { from, to, empty, $from } = state.selection;
  return empty ? Boolean(type.isInSet(state.storedMarks ?? $from.marks())) : state.doc.rangeHasMark(from, to, type);
}

function within(state, type) {
  const { $from } = state.selection;
  for (let depth = $from.depth; depth > 0; depth -= 1) if ($from.node(depth).type === type) return true;
  return false;
}

// A list of the one kind becomes one of the other; a list of this kind ends.
function list(type) {
  const other = type === nodes.bullet_list ? nodes.ordered_list : nodes.bullet_list;
  return (state, dispatch) => {
    const { $from } = state.selection;
    for (let depth = $from.depth; depth > 0; depth -= 1) {
      const node = $from.node(depth);
      if (node.type === type) return liftListItem(nodes.list_item)(state, dispatch);
      if (node.type === other) {
        dispatch?.(state.tr.setNodeMarkup($from.before(depth), type, { tight: node.attrs.tight }));
        return true;
      }
    }
    return wrapInList(type)(state, dispatch);
  };
}

// Paragraph, then large, middle and small heading, and a paragraph again.
function heading(state, dispatch) {
  const { parent } = state.selection.$from;
  if (parent.type !== nodes.heading) return setBlockType(nodes.heading, { level: 1 })(state, dispatch);
  const { level } = parent.attrs;
  return level < 3 ? setBlockType(nodes.heading, { level: level + 1 })(state, dispatch) : setBlockType(nodes.paragraph)(state, dispatch);
}

const quote = (state, dispatch) => (within(state, nodes.blockquote) ? lift(state, dispatch) : wrapIn(nodes.blockquote)(state, dispatch));

// Puts a node at the cursor, and a paragraph behind a block at the end, so that one can go on writing.
export function insert(node) {
  return (state, dispatch) => {
    if (!dispatch) return true;
    const tr = state.tr.replaceSelectionWith(node, node.isInline);
    if (!node.isInline) {
      const end = tr.selection.$to.end(0);
      if (!tr.doc.lastChild.isTextblock) tr.insert(end, nodes.paragraph.create());
      const behind = tr.doc.resolve(Math.min(tr.selection.to, tr.doc.content.size));
      tr.setSelection(TextSelection.near(behind, 1));
    }
    dispatch(tr.scrollIntoView());
    return true;
  };
}

function lineBreak(state, dispatch) {
  const { parent } = state.selection.$from;
  if (parent.type !== nodes.paragraph) return false;
  dispatch?.(state.tr.replaceSelectionWith(nodes.line_break.create()).scrollIntoView());
  return true;
}

// Deletes a chip or picture right before the cursor. On Android no key says so, only `beforeinput`.
export function deleteBefore(state, dispatch) {
  const { $cursor } = state.selection;
  const before = $cursor?.nodeBefore;
  if (!before?.isAtom || before.isText) return false;
  dispatch?.(closeHistory(state.tr).delete($cursor.pos - before.nodeSize, $cursor.pos).scrollIntoView()); // one step of its own to undo
  return true;
}

export const commands = {
  strong: toggleMark(marks.strong),
  em: toggleMark(marks.em),
  code: toggleMark(marks.code),
  heading,
  bullets: list(nodes.bullet_list),
  numbers: list(nodes.ordered_list),
  quote,
  divider: insert(nodes.divider.create()),
  calendar: insert(nodes.calendar_links.create()),
  undo,
  redo,
};

export const keys = {
  "Mod-b": commands.strong,
  "Mod-i": commands.em,
  "Mod-e": commands.code,
  "Mod-z": undo,
  "Shift-Mod-z": redo,
  ...(isMac ? {} : { "Mod-y": redo }),
  "Mod-Alt-0": setBlockType(nodes.paragraph),
  "Mod-Alt-1": setBlockType(nodes.heading, { level: 1 }),
  "Mod-Alt-2": setBlockType(nodes.heading, { level: 2 }),
  "Mod-Alt-3": setBlockType(nodes.heading, { level: 3 }),
  "Shift-Mod-7": commands.numbers,
  "Shift-Mod-8": commands.bullets,
  "Shift-Mod-9": commands.quote,
  "Shift-Enter": chainCommands(exitCode, lineBreak),
  "Mod-Enter": () => false,
  Enter: splitListItem(nodes.list_item),
  "Mod-[": liftListItem(nodes.list_item),
  "Mod-]": sinkListItem(nodes.list_item),
  Backspace: chainCommands(undoInputRule, deleteBefore, selectNodeBackward),
};

export const allKeys = baseKeymap;

// Selects the node that stands at a position of the document.
export const select = (view, position) => view.dispatch(view.state.tr.setSelection(NodeSelection.create(view.state.doc, position)));
