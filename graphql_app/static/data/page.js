// The page of rows: the address says what is shown; this puts grid, conditions, sheet and tools together around it.
import { count, element } from "../elements.js";
import { busiest, readStructure } from "../structure.js";
import { exported } from "../table.js";
import { TableList } from "../table_list.js";
import { columnChooser, columnMenu, columnsOf, keep } from "./columns.js";
import { edit as editFilter, showFilters } from "./filters.js";
import { rowGrid } from "./row_grid.js";
import { showRow } from "./sheet.js";
import { exportAddress, take } from "./take.js";
import { addressOf, sameRow, viewOf, whole } from "./view.js";

const $ = (id) => document.getElementById(id);
const state = { structure: null, view: null, shown: null, columns: [], opener: null };
const list = new TableList(document.querySelector(".layout aside"), (table) => addressOf(whole(table)));

function open(structure) {
  state.structure = structure;
  document.title = `Rows · ${structure.database}`;
  $("summary").replaceChildren(element("strong", {}, structure.database));
  $("graphiql").hidden = !structure.graphiql;
  list.fill(structure.tables);
  document.querySelector(".layout").hidden = false;
  addEventListener("hashchange", show);
  show();
}

const go = (view) => (location.hash = addressOf(view));

// The address says nothing, or names no table that there is: then the table that leads to most others.
function wanted(tables) {
  const named = viewOf(location.hash, tables);
  if (named || tables.length === 0) return named;
  const found = whole(busiest(tables));
  if (location.hash.length > 1) found.unknown.push(decodeURI(location.hash.slice(1)));
  return found;
}

function show() {
  const { structure } = state;
  const view = wanted(structure.tables);
  if (!view) return told("The database has no table yet. One that is made is found by itself.");
  const { row, ...rows } = view;
  const same = JSON.stringify(rows) === state.shown;
  [state.view, state.shown] = [view, JSON.stringify(rows)];
  if (!same) showRows(view);
  showSheet(view);
  return undefined;
}

function showRows(view) {
  const { structure } = state;
  const { table } = view;
  state.grid?.stop();
  list.mark(table.name);
  $("title").textContent = table.name;
  $("title").title = table.comment;
  $("structure").href = `./#${encodeURIComponent(table.name)}`;
  told(view.unknown.length ? `Not understood in this address, and left out: ${view.unknown.join(", ")}` : "");
  showFilters($("filters"), view, go);
  $("tools").replaceChildren(...tools(view));
  if (!table.roots.list) {
    $("count").textContent = "";
    return void $("rows").replaceChildren(element("p", { class: "hint" }, "Its rows are not listed for you."));
  }
  const before = state.grid?.table === table ? state.grid : null;
  const focused = before?.box.contains(document.activeElement);
  state.columns = columnsOf(structure, view);
  state.grid = rowGrid(structure, view, state.columns, {
    opened: (row) => addressOf({ ...state.view, row }),
    open: (row) => openRow(row),
    order: (order) => go({ ...state.view, order, row: null }),
    menu: (column, anchor) => columnMenu(anchor, { column, view: state.view, go, filter: (each) => editFilter(anchor, state.view, state.view.filters.length, go, each), kept: resized }),
    resized: (column) => keep(structure, table, column),
    counted: showCount,
  });
  $("rows").replaceChildren(state.grid.box);
  if (before) state.grid.follow(before, focused);
  return undefined;
}

function resized(column) {
  keep(state.structure, state.view.table, column);
  state.columns = columnsOf(state.structure, state.view);
  state.grid.columns(state.columns);
}

function showCount(rows) {
  if (rows.error) return void ($("count").textContent = "");
  const words = rows.total === null ? `${count(rows.rows.length)} rows and more` : `${rows.counted ? "" : "about "}${count(rows.total)} row${rows.total === 1 ? "" : "s"}`;
  const exact = element("button", { type: "button", class: "link", onclick: () => rows.count(true) }, "count");
  $("count").replaceChildren(words, " ", !rows.counted && state.view.table.roots.aggregate ? exact : "");
  return undefined;
}

function tools(view) {
  const button = (words, act, more = {}) => {
    const made = element("button", { type: "button", class: "button", ...more }, words);
    made.addEventListener("click", () => act(made));
    return made;
  };
  const file = exported(view.table, exportAddress(view));
  return [button("Columns", (anchor) => columnChooser(anchor, state.view, go)), button("As code", (anchor) => take(anchor, state.structure, state.view)), view.table.roots.list && file].filter(Boolean);
}

function told(words) {
  $("told").textContent = words;
  $("told").hidden = words === "";
}

// --- the sheet -----------------------------------------------------------------

function openRow(record) {
  const { view } = state;
  const filters = sameRow(view.table, record);
  state.opener = document.activeElement;
  if (filters) go({ ...view, row: { table: view.table, filters } });
  else showSheet({ ...view, row: { table: view.table, filters: [], given: record } });
}

function showSheet(view) {
  if (!view.row) {
    const open = !$("sheet").hidden;
    $("sheet").hidden = true;
    document.body.classList.remove("beside");
    if (open) (state.opener?.isConnected ? state.opener : state.grid?.box)?.focus();
    return;
  }
  document.body.classList.add("beside");
  const close = () => (location.hash === addressOf({ ...state.view, row: null }) ? showSheet({ ...state.view, row: null }) : go({ ...state.view, row: null }));
  showRow($("sheet"), state.structure, view.row, { close, opened: (row) => addressOf({ ...state.view, row }) });
  $("sheet").querySelector("h2").focus();
}

$("sheet").addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented) $("sheet").querySelector(".close")?.click();
});

readStructure($("summary"), $("caller"), open);
