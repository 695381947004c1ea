// Makes a table of a table, where one row is like the other; others only lay a page out.

import { joined } from "./blocks.js";
import { isHidden } from "./styles.js";

const MOST_CELLS = 20_000;
const WIDEST_SPAN = 20;

const rowsOf = (table, styles) => [...table.rows].filter((row) => isShown(row, styles));
const cellsOf = (row, styles) => [...row.cells].filter((cell) => isShown(cell, styles));
const isShown = (element, styles) => !element.hidden && !isHidden(styles.of(element));
const isOurs = (table) => Boolean(table.rows[0]?.cells[0]?.hasAttribute("data-align"));

export const isNarrow = (table) => [...table.rows].every(({ cells }) => cells.length < 2);

// Returns the table with a cell for each place, the first row as its head; null when it lays a page out. `read` returns the
// lines that a cell says.
export function grid(table, read, styles) {
  const ours = isOurs(table);
  if (/^(?:presentation|none)$/.test(table.getAttribute("role")) || table.querySelector("table") || (isNarrow(table) && !ours)) return null;
  const placed = places(rowsOf(table, styles), styles);
  if (!placed) return null;
  const said = placed.map((row) => row.map((cell) => (cell ? { cell, units: joined(read(cell)) } : { cell, units: [] })));
  const width = Math.max(0, ...said.map(({ length }) => length));
  const columns = Array.from({ length: width }, (_, at) => at).filter((at) => ours || said.some((row) => row[at]?.units.length));
  const rows = said.filter((row) => ours || row.some(({ units }) => units.length));
  if (!rows.length || columns.length < (ours ? 1 : 2)) return null;
  return {
    tag: "table",
    rows: rows.map((row) => columns.map((at) => row[at]?.units ?? [])),
    aligns: columns.map((at) => (ours ? ownAlign(rows[0][at]?.cell) : agreed(rows.slice(1).map((row) => row[at]), styles))),
  };
}

// Returns for each row its cells by place, null for a place that a merged cell covers; null when there are too many.
function places(rows, styles) {
  const covered = []; // place -> how many more rows a merged cell reaches down
  const out = [];
  for (const row of rows) {
    const places = [];
    const skip = () => {
      while (covered[places.length] > 0) {
        covered[places.length] -= 1;
        places.push(null);
      }
    };
    for (const cell of cellsOf(row, styles)) {
      skip();
      for (let at = 0; at < Math.min(cell.colSpan, WIDEST_SPAN); at += 1) {
        covered[places.length] = cell.rowSpan - 1;
        places.push(at ? null : cell);
      }
      if (places.length * rows.length > MOST_CELLS) return null;
    }
    while (places.length < covered.length) {
      skip();
      if (places.length < covered.length) places.push(null);
    }
    out.push(places);
  }
  return out;
}

const ownAlign = (cell) => (/^(?:left|center|right)$/.test(cell?.dataset.align) ? cell.dataset.align : "");

// Returns the side at which all cells of a column stand, if it is not the usual one.
function agreed(column, styles) {
  const sideOf = (cell) => styles.of(cell).get("text-align") ?? cell.align.toLowerCase();
  const sides = new Set(column.filter((place) => place?.units.length).map(({ cell }) => sideOf(cell)));
  const [side] = sides;
  return sides.size === 1 && /^(?:center|right)$/.test(side) ? side : "";
}
