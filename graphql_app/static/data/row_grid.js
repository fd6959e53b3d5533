// A grid of a view's rows: what its heads and cells hold, and what a key or a click does in it.
import { element } from "../elements.js";
import { heavy, oneRow, referredTo } from "./api.js";
import { cellOf } from "./cells.js";
import { Grid } from "./grid.js";
import { Rows } from "./rows.js";
import { sameRow } from "./view.js";

const ALL = "all";
const FLASH = 1500; // milliseconds, as in data.css

// `acts`: opened(row) -> address, open(record), order(order), menu(column, anchor), resized(column), counted(rows).
// Gives `box`, `columns(columns)`, `stop()`, and what it shows.
export function rowGrid(structure, view, columns, acts) {
  const { table } = view;
  const rows = new Rows(structure, view, changed);
  let fresh = new Map(); // rows of which something changed a moment ago: the fields, or all of it
  const links = linksOf(structure, table);
  const grid = new Grid(`Rows of ${table.name}`, {
    head: (each, box) => head(view, each, box),
    cell: (at, each, box) => fill(rows.rows[at], each.column, box),
    open: (at) => acts.open(rows.rows[at]),
    edit: (at, each) => (acts.edit ?? acts.open)(rows.rows[at], each?.column),
    sort: (each, more) => acts.order(nextOrder(view.order, each.column, more)),
    menu: (each, anchor) => acts.menu?.(each, anchor),
    resized: (each) => acts.resized?.(each),
    sight: (last) => rows.need(last),
    key: (event, at, each) => acts.key?.(event, rows.rows[at], each?.column) || enter(event, at, grid),
    row: (at, box) => acts.mark?.(rows.rows[at], box),
  });
  const error = element("p", { class: "bad grid-told", role: "alert", hidden: true });
  const box = element("div", { class: "grid-box" }, grid.box, error);

  function fill(row, column, cell) {
    if (heavy(table, column)) return void cell.append(later(row, column, cell));
    const value = acts.value ? acts.value(row, column, cell) : row[column.field];
    const news = fresh.get(row);
    if (news === ALL || news?.has(column.field)) cell.classList.add("flash");
    const link = value !== null && links.get(column.name)?.(row);
    cell.append(link ? element("a", { href: acts.opened(link), tabindex: -1, class: "refers" }, cellOf(column, value)) : cellOf(column, value));
    return undefined;
  }

  // A file is read when somebody asks for it.
  function later(row, column, cell) {
    const button = element("button", { type: "button", class: "link", tabindex: -1, "aria-label": `Read ${column.name}` }, "read");
    button.addEventListener("click", async (event) => {
      event.stopPropagation();
      const found = await oneRow(structure, table, sameRow(table, row), [column]).catch(() => null);
      cell.replaceChildren(found ? cellOf(column, found[column.field]) : "gone");
    });
    return button;
  }

  function changed() {
    error.hidden = !rows.error;
    if (rows.error) error.replaceChildren(`${rows.error.message} `, element("button", { type: "button", class: "button", onclick: () => rows.again() }, "Try again"));
    grid.length(rows.rows.length, rows.total ?? -1);
    if (rows.done && rows.rows.length === 0) error.replaceChildren("No row here."), (error.hidden = false);
    error.classList.toggle("bad", Boolean(rows.error));
    acts.counted?.(rows);
  }

  // Rows as they are now, in place of those shown; what is new about them flashes. `whole`: there are no more of them.
  function live(records, whole, first) {
    const before = new Map(rows.rows.map((row, at) => [nameOf(row, at), row]));
    fresh = first ? new Map() : new Map(records.map((row, at) => [row, newsOf(row, before.get(nameOf(row, at)))]));
    setTimeout(() => (fresh = new Map()), FLASH);
    rows.replace(records, whole);
    grid.refresh();
    return [...fresh.values()].filter((news) => news === ALL || news.size > 0).length;
  }

  const key = table.columns.filter((column) => column.key);
  const nameOf = (row, at) => (key.length ? JSON.stringify(key.map((column) => row[column.field])) : at);

  grid.columns(columns);
  rows.need(0).then(() => rows.count());
  // Takes the place of another grid of the same table: the same columns in sight, the same one active.
  function follow(other, focused) {
    grid.go(other.grid.active.row < 0 ? -1 : 0, other.grid.active.column);
    grid.box.scrollLeft = other.left;
    if (focused) grid.box.focus();
  }

  return { box, table, rows, grid, follow, live, get left() { return grid.left; }, columns: (next) => grid.columns(next), refresh: () => grid.refresh(), stop: () => rows.stop() };
}

// The fields of a row that are not as they were.
function newsOf(row, before) {
  if (!before) return ALL;
  return new Set(Object.keys(row).filter((field) => JSON.stringify(row[field]) !== JSON.stringify(before[field])));
}

// Columns that refer to a row -> what gives that row of a record.
function linksOf(structure, table) {
  const found = new Map();
  for (const reference of table.references) {
    const target = structure.tables.find((each) => each.name === reference.table);
    if (!target?.roots.list || found.has(reference.columns[0])) continue;
    found.set(reference.columns[0], (row) => {
      const filters = referredTo(table, reference, target, row);
      return filters && { table: target, filters };
    });
  }
  return found;
}

function head(view, { column }, box) {
  const at = view.order.findIndex((each) => each.column === column);
  const down = view.order[at]?.down;
  if (at >= 0) box.setAttribute("aria-sort", down ? "descending" : "ascending");
  const mark = at >= 0 && element("span", { class: "sorted", "aria-hidden": "true" }, `${down ? "↓" : "↑"}${view.order.length > 1 ? at + 1 : ""}`);
  const menu = element("button", { type: "button", class: "menu", tabindex: -1, "aria-label": `Column ${column.name}` }, "⋮");
  box.append(element("span", { class: "label", title: [column.name, column.type, column.comment].filter(Boolean).join(" · ") }, column.name), mark || "", menu);
}

// A click sorts up, then down, then not; with shift it adds to what is sorted by already.
function nextOrder(order, column, more) {
  const now = order.find((each) => each.column === column);
  const next = !now ? [{ column, down: false }] : now.down ? [] : [{ column, down: true }];
  if (!more) return next;
  return now ? order.flatMap((each) => (each === now ? next : [each])) : [...order, ...next];
}

// Ctrl-Enter follows the link of the active cell.
function enter(event, at, grid) {
  const link = event.key === "Enter" && (event.ctrlKey || event.metaKey) && grid.cellAt(at, grid.active.column)?.querySelector("a, button");
  if (link) link.click();
  return Boolean(link);
}
