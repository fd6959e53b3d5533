// The page of rows: the address says what is shown; this puts grid, conditions, sheet and tools together around it.
import { importForm } from "../csv.js";
import { count, element } from "../elements.js";
import { busiest, readStructure } from "../structure.js";
import { TableList } from "../table_list.js";
import { columnChooser, columnMenu, columnsOf, keep } from "./columns.js";
import { editorOf, mayDelete, mayInsert, mayUpdate } from "./editors.js";
import { Edits } from "./edits.js";
import { edit as editFilter, showFilters } from "./filters.js";
import { consequenceList, consequences, rowForm } from "./forms.js";
import { watch } from "./live.js";
import { pendingBar } from "./pending.js";
import { openPopover } from "./popover.js";
import { rowGrid } from "./row_grid.js";
import { showRow } from "./sheet.js";
import { files, take } from "./take.js";
import { addressOf, readable, sameRow, viewOf, whole } from "./view.js";

const $ = (id) => document.getElementById(id);
const state = { structure: null, view: null, shown: null, columns: [], opener: null, edits: null, watch: null };
const list = new TableList(document.querySelector(".layout aside"), (table) => addressOf(whole(table)));

function open(structure) {
  state.structure = structure;
  state.edits = new Edits(structure, showEdits);
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
  const watched = state.watch !== null && state.grid?.table === table;
  stopWatching();
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
    edit: editCell,
    value: valueIn,
    mark: (record, box) => record && box.classList.toggle("gone", state.edits.of(table, record)?.kind === "delete"),
    key: (event, record, column) => event.key === "Delete" && !column && removeRow(record),
  });
  $("rows").replaceChildren(state.grid.box);
  if (before) state.grid.follow(before, focused);
  if (watched) startWatching();
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
  const { table } = view;
  const add = mayInsert(table) && button("New row", (anchor) => newRow(anchor), { class: "button main" });
  return [
    add,
    mayInsert(table) && button("Import", (anchor) => importFile(anchor)),
    table.live && button("Watch", (anchor) => (state.watch ? showRows(stopWatching()) : startWatching(anchor)), { id: "watch", "aria-pressed": "false" }),
    button("Columns", (anchor) => columnChooser(anchor, state.view, go)),
    button("As code", (anchor) => take(anchor, state.structure, state.view)),
    table.roots.list && button("Export", (anchor) => files(anchor, state.view)),
  ].filter(Boolean);
}

// --- watching ------------------------------------------------------------------

// Shows the first rows as they are at each moment.
function startWatching() {
  const { structure, view, grid } = state;
  let first = true;
  $("watch").setAttribute("aria-pressed", "true");
  state.watch = watch(structure, view, {
    rows: (records, whole) => {
      const changed = grid.live(records, whole, first);
      if (changed) told(`${changed} row${changed === 1 ? "" : "s"} changed at ${new Date().toLocaleTimeString()}`, true);
      first = false;
    },
    failed: (words) => {
      stopWatching();
      told(words);
    },
  });
}

function stopWatching() {
  state.watch?.();
  state.watch = null;
  $("watch")?.setAttribute("aria-pressed", "false");
  return state.view;
}

function told(words, good = false) {
  $("told").textContent = words;
  $("told").hidden = words === "";
  $("told").classList.toggle("good", good);
}

// --- changes -------------------------------------------------------------------

// The value of a cell, which is one not sent yet where there is one.
function valueIn(record, column, cell) {
  const edit = state.edits.of(state.view.table, record);
  if (edit?.error?.column === column) cell.classList.add("wrong"), (cell.title = edit.error.message);
  if (!edit?.values.has(column.field)) return record[column.field];
  cell.classList.add("changed");
  return edit.values.get(column.field);
}

function editCell(record, column) {
  const { structure, view, grid, edits } = state;
  if (!column || !mayUpdate(view.table, column) || record[column.field] === undefined) return openRow(record);
  const now = edits.of(view.table, record)?.values.get(column.field);
  const editor = editorOf(structure, view.table, column, now === undefined ? record[column.field] : now);
  const told = element("p", { class: "bad", role: "alert", hidden: true });
  const form = element("form", { class: "cell-form" }, editor.box, element("button", { type: "submit", class: "main" }, "Keep"), told);
  const { row, column: at } = grid.grid.active;
  const close = openPopover(grid.grid.cellAt(row, at) ?? grid.box, `Edit ${column.name}`, form);
  editor.focus();
  editor.input.select?.();
  form.addEventListener("keydown", (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && form.requestSubmit());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    try {
      const value = editor.read();
      close();
      grid.grid.box.focus();
      if (value !== undefined) edits.update(view.table, record, column, value);
    } catch (error) {
      told.textContent = error.message;
      told.hidden = false;
    }
  });
  return undefined;
}

function removeRow(record) {
  if (record && mayDelete(state.view.table)) state.edits.remove(state.view.table, record);
  return true;
}

function showEdits() {
  pendingBar($("pending"), state.structure, state.edits, sent);
  state.grid?.refresh();
}

// What was sent shows: the grid reads its rows again, as the database has them now.
function sent(done) {
  if (done.length === 0) return;
  const words = done.length === 1 ? "The change is made." : `${count(done.length)} changes are made.`;
  showRows(state.view);
  if (state.view.row) showSheet(state.view);
  if (state.edits.all.length === 0) told(words, true);
}

addEventListener("beforeunload", (event) => state.edits?.all.length && event.preventDefault());

// Files may be dropped anywhere on the page.
function importFile(anchor, file = null) {
  const { table } = state.view;
  const form = importForm(table, file, () => showRows(state.view));
  openSheet(anchor, `Import into ${table.name}`, form);
  form.querySelector("input").focus();
}

const carries = (event) => state.view && mayInsert(state.view.table) && event.dataTransfer?.types.includes("Files");

addEventListener("dragover", (event) => {
  if (!carries(event)) return;
  event.preventDefault();
  document.body.classList.add("over");
});
addEventListener("dragleave", (event) => event.relatedTarget === null && document.body.classList.remove("over"));
addEventListener("drop", (event) => {
  document.body.classList.remove("over");
  if (!carries(event) || event.defaultPrevented) return;
  event.preventDefault();
  importFile($("rows"), event.dataTransfer.files[0]);
});

// The sheet with something other than a row in it.
function openSheet(anchor, title, content) {
  state.opener = anchor;
  const shut = element("button", { type: "button", class: "close", "aria-label": "Close", onclick: closeSheet }, "×");
  $("sheet").replaceChildren(element("header", {}, element("h2", { tabindex: -1 }, title), shut), element("div", { class: "sheet-body" }, content));
  document.body.classList.add("beside");
  $("sheet").hidden = false;
}

function newRow(anchor) {
  const { structure, edits } = state;
  const { table } = state.view;
  const columns = table.columns.filter((column) => column.may.includes("i"));
  const { form, focus } = rowForm(structure, table, columns, null, {
    sent: (edit) => (closeSheet(), sent([edit])),
    kept: (values) => (closeSheet(), edits.insert(table, values)),
    cancel: closeSheet,
  });
  openSheet(anchor, `New row of ${table.name}`, form);
  focus();
}

// What may be done with the row in the sheet.
function rowActions(table, record) {
  const columns = readable(table).filter((column) => mayUpdate(table, column));
  const body = $("sheet").querySelector(".sheet-body");
  const change = columns.length > 0 && element("button", { type: "button", onclick: () => changeRow(body, table, columns, record) }, "Edit");
  const remove = mayDelete(table) && element("button", { type: "button", onclick: () => askToRemove(remove, table, record) }, "Delete…");
  return change || remove ? [element("p", { class: "buttons" }, change, remove)] : [];
}

function changeRow(body, table, columns, record) {
  const again = () => showSheet(state.view);
  const { form, focus } = rowForm(state.structure, table, columns, record, {
    sent: (edit) => (sent([edit]), again()),
    kept: (values) => {
      for (const column of columns) if (column.field in values) state.edits.update(table, record, column, values[column.field]);
      again();
    },
    cancel: again,
  });
  body.replaceChildren(form);
  focus();
}

async function askToRemove(anchor, table, record) {
  const box = element("div", { class: "review" }, element("p", { class: "hint" }, "Looking for what refers to it…"));
  const close = openPopover(anchor, "Delete this row", box);
  const found = await consequences(state.structure, table, record).catch(() => null);
  const keep = () => {
    close();
    state.edits.remove(table, record);
    closeSheet();
  };
  box.replaceChildren(...(found ? consequenceList(found) : []), element("button", { type: "button", class: "main", onclick: keep }, "Mark for deletion"));
  box.querySelector("button").focus();
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
  const { table } = view.row;
  showRow($("sheet"), state.structure, view.row, { close: closeSheet, opened: (row) => addressOf({ ...state.view, row }), actions: (record) => rowActions(table, record) });
  $("sheet").querySelector("h2").focus();
}

function closeSheet() {
  const view = { ...state.view, row: null };
  if (state.view.row && !state.view.row.given) go(view);
  else showSheet(view);
}

$("sheet").addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented) $("sheet").querySelector(".close")?.click();
});

readStructure($("summary"), $("caller"), open);
