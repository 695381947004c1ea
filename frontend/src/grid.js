// The dialog of a table: each cell is a small editor of one line.

import { keymap } from "prosemirror-keymap";
import { EditorState } from "prosemirror-state";
import { EditorView } from "prosemirror-view";
import { history } from "prosemirror-history";
import { allKeys, commands } from "./commands.js";
import { withTokens } from "./fields.js";
import { rules } from "./rules.js";
import { schema } from "./schema.js";

const { table, table_cell: cellType, table_row: rowType } = schema.nodes;
const MOST = { rows: 50, columns: 8 };

export function emptyTable() {
  const row = () => rowType.create(null, [cellType.create(), cellType.create()]);
  return table.create(null, [row(), row()]);
}

// Opens the dialog with a table. Resolves to the table it became, null when it was left, "remove" when it is to go.
export function askTable(dialog, node, nodeViews) {
  const grid = new Grid(dialog, node, nodeViews);
  dialog.returnValue = "";
  dialog.showModal();
  grid.cells[0][0].focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const made = grid.table();
      grid.destroy();
      resolve(dialog.returnValue === "done" ? made : dialog.returnValue === "remove" ? "remove" : null);
    }, { once: true });
  });
}

class Grid {
  constructor(dialog, node, nodeViews) {
    this.body = dialog.querySelector("[data-grid]");
    this.nodeViews = nodeViews;
    this.at = [0, 0]; // row and column that had the focus last
    this.cells = [];
    node.forEach((row) => {
      const line = [];
      row.forEach((cell) => line.push(this.view(cell)));
      this.cells.push(line);
    });
    this.press = (event) => {
      const action = event.target.closest("[data-grid-action]")?.dataset.gridAction;
      if (action) this[action]();
    };
    this.dialog = dialog;
    dialog.addEventListener("click", this.press);
    this.draw();
  }

  view(cell = cellType.create()) {
    const state = EditorState.create({
      doc: cell,
      plugins: [...rules, history(), keymap({ "Mod-b": commands.strong, "Mod-i": commands.em, "Mod-z": commands.undo, "Shift-Mod-z": commands.redo, Enter: () => true }), keymap(allKeys)],
    });
    return new EditorView(null, {
      state,
      nodeViews: this.nodeViews,
      attributes: { class: "input", role: "textbox", dir: "auto" },
      transformPasted: withTokens,
      handleDOMEvents: { focus: (view) => { this.at = this.placeOf(view); return false; } },
    });
  }

  placeOf(view) {
    const row = this.cells.findIndex((line) => line.includes(view));
    return [row, this.cells[row].indexOf(view)];
  }

  draw() {
    this.body.replaceChildren();
    this.cells.forEach((line, row) => {
      const made = this.body.insertRow();
      line.forEach((view, column) => {
        view.dom.setAttribute("aria-label", row ? `Row ${row}, column ${column + 1}` : `Head of column ${column + 1}`);
        made.insertCell().append(view.dom);
      });
    });
    const [action, most] = [(name) => this.dialog.querySelector(`[data-grid-action=${name}]`), MOST];
    action("addRow").disabled = this.cells.length >= most.rows;
    action("addColumn").disabled = this.cells[0].length >= most.columns;
    action("removeRow").disabled = this.cells.length === 1;
    action("removeColumn").disabled = this.cells[0].length === 1;
  }

  go(row, column) {
    this.draw();
    const line = this.cells[Math.min(row, this.cells.length - 1)];
    line[Math.min(column, line.length - 1)].focus();
  }

  addRow() {
    const [row, column] = this.at;
    this.cells.splice(row + 1, 0, this.cells[0].map(() => this.view()));
    this.go(row + 1, column);
  }

  addColumn() {
    const [row, column] = this.at;
    for (const line of this.cells) line.splice(column + 1, 0, this.view());
    this.go(row, column + 1);
  }

  removeRow() {
    const [row, column] = this.at;
    for (const view of this.cells.splice(row, 1)[0]) view.destroy();
    this.go(row, column);
  }

  removeColumn() {
    const [row, column] = this.at;
    for (const line of this.cells) line.splice(column, 1)[0].destroy();
    this.go(row, column);
  }

  table() {
    return table.create(null, this.cells.map((line) => rowType.create(null, line.map((view) => view.state.doc))));
  }

  destroy() {
    this.dialog.removeEventListener("click", this.press);
    for (const view of this.cells.flat()) view.destroy();
    this.body.replaceChildren();
  }
}
