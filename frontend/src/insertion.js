// What opens a dialog: links, and the nodes that are edited in one.

import { NodeSelection, TextSelection } from "prosemirror-state";
import { insert } from "./commands.js";
import { addressFrom, ask } from "./dialogs.js";
import { saidAs } from "./fields.js";
import { askTable, emptyTable } from "./grid.js";
import { schema } from "./schema.js";

const { nodes, marks } = schema;
const dialog = (name) => document.querySelector(`[data-editor-dialog=${name}]`);
const NAMES = { token: "field", picture: "picture", button: "button", table: "table", raw: "raw" };

export const hasDialog = (node) => node.type.name in NAMES;

// Puts a new node of a kind at the cursor, once its dialog is done.
export async function add(view, name) {
  const node = await asked(view, name === "table" ? emptyTable() : nodes[name].create(), false);
  if (node && node !== "remove") insert(node)(view.state, view.dispatch);
  view.focus();
}

// Opens the dialog of the node at a position.
export async function edit(view, position) {
  const before = view.state.doc.nodeAt(position);
  const node = await asked(view, before, true);
  if (view.state.doc.nodeAt(position) !== before) return; // the text was changed meanwhile
  if (node === "remove") view.dispatch(view.state.tr.delete(position, position + before.nodeSize));
  else if (node) {
    const tr = view.state.tr.replaceWith(position, position + before.nodeSize, node.mark(before.marks));
    view.dispatch(node.isInline ? tr.setSelection(TextSelection.near(tr.doc.resolve(position + node.nodeSize))) : tr);
  }
  view.focus();
}

async function asked(view, node, present) {
  const name = NAMES[node.type.name];
  if (name === "table") {
    for (const part of dialog(name).querySelectorAll("[data-when]")) part.hidden = !present;
    return askTable(dialog(name), node, view.props.nodeViews);
  }
  if (name === "field") return askField(view, node, present);
  const values = await ask(dialog(name), { ...node.attrs, present });
  return typeof values === "object" && values ? node.type.create({ ...node.attrs, ...values }) : values;
}

async function askField(view, node, present) {
  const { fields } = view.props;
  const { name, fallback, label } = fields.read(node.attrs.written);
  const list = dialog("field").querySelector("[data-name=name]");
  const options = Object.entries(fields.labels).map(([value, words]) => new Option(words, value));
  list.replaceChildren(...(name ? options : [new Option(`${label} (no merge field)`, ""), ...options]));
  const values = await ask(dialog("field"), { name: name ?? "", fallback, present });
  if (typeof values !== "object" || !values) return values;
  return values.name ? nodes.token.create({ written: fields.write(values.name, values.fallback) }) : null;
}

// Adds a link to the selection, or changes or removes the one at the cursor.
export async function link(view) {
  const { from, to } = around(view.state);
  const present = Boolean(at(view.state));
  const before = at(view.state)?.attrs ?? { href: "" };
  const words = view.state.doc.textBetween(from, to, " ");
  const values = await ask(dialog("link"), { href: before.href, words, present, blank: from === to });
  if (values === "remove") view.dispatch(view.state.tr.removeMark(from, to, marks.link));
  else if (values) {
    const mark = marks.link.create({ href: addressFrom(values.href), title: before.title ?? "" });
    const tr = view.state.tr;
    if (from === to) tr.replaceSelection(saidAs(values.words || values.href, [mark]));
    else tr.removeMark(from, to, marks.link).addMark(from, to, mark);
    view.dispatch(tr.removeStoredMark(marks.link).scrollIntoView());
  }
  view.focus();
}

// Returns the link at the cursor, or the first one in the selection.
function at(state) {
  const { from, to, empty, $from } = state.selection;
  if (empty) return marks.link.isInSet($from.marks());
  let found = null;
  state.doc.nodesBetween(from, to, (node) => { found ??= marks.link.isInSet(node.marks) ?? null; });
  return found;
}

// Returns the selection, or all of the link at the cursor.
function around(state) {
  const { from, to, empty, $from } = state.selection;
  const mark = empty ? marks.link.isInSet($from.marks()) : null;
  if (!mark) return { from, to };
  let [start, end] = [$from.index(), $from.indexAfter()];
  const { parent } = $from;
  while (start > 0 && mark.isInSet(parent.child(start - 1).marks)) start -= 1;
  while (end < parent.childCount && mark.isInSet(parent.child(end).marks)) end += 1;
  let offset = $from.start();
  for (let index = 0; index < start; index += 1) offset += parent.child(index).nodeSize;
  let length = 0;
  for (let index = start; index < end; index += 1) length += parent.child(index).nodeSize;
  return { from: offset, to: offset + length };
}

// Enter on a selected node opens its dialog.
export function openSelected(view) {
  const { selection } = view.state;
  if (!(selection instanceof NodeSelection) || !hasDialog(selection.node)) return false;
  edit(view, selection.from);
  return true;
}
