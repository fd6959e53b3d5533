// The columns of a grid: how wide, which ones are pinned, which are shown. Widths and pins are kept by this browser.
import { element } from "../elements.js";
import { isNumber } from "./cells.js";
import { openPopover } from "./popover.js";
import { readable } from "./view.js";

const KEPT = "graphql-app:columns:";
const LETTER = 8; // pixels, about
const WIDTHS = { Boolean: 90, date: 110, datetime: 210, timestamp: 230, json: 240, binary: 120, geometry: 160 };
const STEP = 48;

// The columns of the view for the grid; a key goes first and stays in sight.
export function columnsOf(structure, view) {
  const kept = read(structure, view.table);
  return (view.select ?? readable(view.table)).map((column) => {
    const { width, pinned } = kept[column.name] ?? {};
    return { column, name: column.name, width: width ?? usual(column), pinned: pinned ?? (column.key && innerWidth > 600), right: isNumber(column) };
  });
}

function usual(column) {
  const words = column.name.length * LETTER + 60;
  const value = WIDTHS[column.scalar] ?? (isNumber(column) ? 100 : /text|\((?:[5-9]\d|\d{3,})\)/.test(column.type) ? 220 : 140);
  return Math.min(280, Math.max(words, value));
}

const place = (structure, table) => `${KEPT}${structure.database}:${table.name}`;

function read(structure, table) {
  try {
    return JSON.parse(localStorage.getItem(place(structure, table))) ?? {};
  } catch {
    return {}; // the browser forbids storage to this page
  }
}

export function keep(structure, table, { name, width, pinned }) {
  try {
    localStorage.setItem(place(structure, table), JSON.stringify({ ...read(structure, table), [name]: { width, pinned } }));
  } catch {
    // then it holds for as long as the page is open
  }
}

// What a column's head offers, beside the head.
export function columnMenu(anchor, { column: grid, view, go, filter, kept }) {
  const { column } = grid;
  const sorted = (down) => go({ ...view, order: [{ column, down }, ...view.order.filter((each) => each.column !== column)] });
  const without = () => go({ ...view, select: (view.select ?? readable(view.table)).filter((each) => each !== column) });
  const wider = (by) => kept({ ...grid, width: Math.max(48, grid.width + by) });
  const item = (words, act) => act && element("button", { type: "button", onclick: () => (close(), act()) }, words);
  const facts = element("p", { class: "hint" }, element("code", {}, column.type), column.comment && element("span", {}, ` ${column.comment}`));
  const close = openPopover(
    anchor,
    `Column ${column.name}`,
    facts,
    element(
      "div",
      { class: "items" },
      item("Sort ascending", () => sorted(false)),
      item("Sort descending", () => sorted(true)),
      item("Condition…", () => filter(column)),
      item(grid.pinned ? "Unpin" : "Pin to the left", () => kept({ ...grid, pinned: !grid.pinned })),
      item("Wider", () => wider(STEP)),
      item("Narrower", () => wider(-STEP)),
      item("Hide", (view.select ?? readable(view.table)).length > 1 && without),
    ),
  );
}

// Which columns are shown: a list to tick.
export function columnChooser(anchor, view, go) {
  const all = readable(view.table);
  const shown = new Set(view.select ?? all);
  const search = element("input", { type: "search", placeholder: "Search", "aria-label": "Search columns" });
  const items = all.map((column) => {
    const box = element("input", { type: "checkbox", checked: shown.has(column) });
    box.addEventListener("change", () => (box.checked ? shown.add(column) : shown.delete(column)));
    return element("label", { class: "check", title: column.comment }, box, ` ${column.name} `, element("span", { class: "hint" }, column.type));
  });
  search.addEventListener("input", () => items.forEach((item, at) => (item.hidden = !all[at].name.toLowerCase().includes(search.value.toLowerCase()))));
  const tick = (on) => () => items.forEach((item) => item.hidden || item.firstChild.checked === on || item.firstChild.click());
  const form = element(
    "form",
    { class: "chooser" },
    search,
    element("div", { class: "list" }, items),
    element("p", { class: "buttons" }, element("button", { type: "button", onclick: tick(true) }, "All"), element("button", { type: "button", onclick: tick(false) }, "None"), element("button", { type: "submit", class: "main" }, "Show")),
  );
  const close = openPopover(anchor, "Columns", form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    close();
    const select = all.filter((column) => shown.has(column));
    go({ ...view, select: select.length === all.length || select.length === 0 ? null : select });
  });
}
