// One row at the side: all of its columns, the rows it refers to as links, and below the rows that refer to it.
import { element, plural } from "../elements.js";
import { referring } from "../structure.js";
import { countRows, graphql, oneRow, referredTo, refersTo } from "./api.js";
import { line, wholeOf } from "./cells.js";
import { addressOf, readable, where, whole } from "./view.js";

const FEW = 5; // rows of each list below
const WORDS = 4; // columns that tell a row from others
const LISTS = 40; // lists below that are asked for; more tables may refer to one

// Fills `box` with the row that `row` = {table, filters} names. `actions(record)` gives buttons for it, once it is read;
// `address(view)` the address of a view beside it.
export async function showRow(box, structure, { table, filters, given = null }, { close, actions, opened }) {
  const name = filters.map(({ value }) => value).join(", ");
  const shut = element("button", { type: "button", class: "close", "aria-label": "Close", onclick: close }, "×");
  const title = element("h2", { tabindex: -1 }, table.name, " ", element("span", { class: "quiet" }, name));
  const body = element("div", { class: "sheet-body" }, element("p", { class: "hint" }, "Reading the row…"));
  box.replaceChildren(element("header", {}, title, shut), body);
  box.hidden = false;
  try {
    const record = given ?? (await oneRow(structure, table, filters));
    if (record === null) {
      body.replaceChildren(element("p", { class: "bad" }, "There is no such row (any more)."));
      return;
    }
    const lists = element("div", {});
    body.replaceChildren(...(actions?.(record) ?? []), fields(structure, table, record, opened), lists);
    await below(lists, structure, table, record, opened);
  } catch (error) {
    body.replaceChildren(element("p", { class: "bad" }, error.message));
  }
}

function fields(structure, table, record, opened) {
  const parts = readable(table).flatMap((column) => {
    const value = record[column.field];
    const links = table.references.filter((reference) => reference.columns[0] === column.name).map((reference) => {
      const target = structure.tables.find((each) => each.name === reference.table);
      const found = target?.roots.list && referredTo(table, reference, target, record);
      return found && element("a", { href: opened({ table: target, filters: found }), class: "refers" }, `${target.name} →`);
    });
    return [
      element("dt", {}, column.name, element("span", { class: "hint" }, ` ${column.type}`)),
      element("dd", { "data-field": column.name }, wholeOf(column, value, `${table.name}.${column.name}`), " ", links),
    ];
  });
  return element("dl", {}, parts);
}

// The rows that refer to this one: a few of each list, how many there are, and a way to all of them.
async function below(box, structure, table, record, opened) {
  const found = referring(structure.tables, table.name).filter(([from]) => from.roots.list).slice(0, LISTS);
  if (found.length === 0) return;
  const lists = found.map(([from, reference]) => ({ from, reference, filters: refersTo(from, reference, table, record) }));
  const known = lists.filter(({ filters }) => filters.every(({ column, value }) => column?.may.includes("r") && value !== null && value !== undefined));
  if (known.length === 0) return;
  const parts = known.map(({ from, filters }, at) => `l${at}: ${from.roots.list}(where: $w${at}, limit: ${FEW}) { ${shownOf(from).map((column) => column.field).join(" ")} }`);
  const variables = Object.fromEntries(known.map(({ filters }, at) => [`w${at}`, where(structure, filters)]));
  const declared = known.map(({ from }, at) => `$w${at}: ${from.types.bool_exp}`).join(", ");
  const data = await graphql(`query below(${declared}) {\n${parts.join("\n")}\n}`, variables);
  box.replaceChildren(...known.map((list, at) => listOf(structure, list, data[`l${at}`], opened)));
}

function shownOf(table) {
  const plain = readable(table).filter((column) => column.key || !["binary", "json", "geometry"].includes(column.scalar));
  return plain.length ? [...new Set([...plain.filter((column) => column.key), ...plain])].slice(0, WORDS) : readable(table).slice(0, 1);
}

function listOf(structure, { from, reference, filters }, rows, opened) {
  const view = { ...whole(from), filters };
  const all = element("a", { href: addressOf(view) }, rows.length < FEW ? plural(rows.length, "row") : "all of them");
  if (rows.length === FEW) countRows(structure, from, filters).then((total) => total !== null && (all.textContent = plural(total, "row"))).catch(() => {});
  const items = rows.map((row) => {
    const words = shownOf(from).map((column) => line(column, row[column.field])).join(" · ");
    const key = from.columns.filter((column) => column.key);
    const link = key.length ? element("a", { href: opened({ table: from, filters: key.map((column) => ({ column, operator: "eq", value: row[column.field] })) }) }, words) : words;
    return element("li", {}, link);
  });
  return element("section", {}, element("h3", {}, `${from.name} `, element("span", { class: "hint" }, `by ${reference.columns.join(", ")} `), all), element("ul", { class: "relations" }, items));
}
