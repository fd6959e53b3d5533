// What is looked at: a table, conditions, an order, columns. The address says it in the words of the REST query string.
//
// `#orders?state=eq.open&order=id.desc&select=id,state/customers?id=eq.5`: what follows the slash is the row in the
// sheet. GraphQL's form of the same is made here too.

const RESERVED = ["select", "order", "limit", "offset", "and", "or", "not.and", "not.or"];
const LISTS = new Set(["in", "nin", "between"]);
const TRUTHS = { true: true, false: false };

// The operators by what a column holds: [word of REST, word of GraphQL, in words].
const EQUAL = [["eq", "_eq", "equals"], ["neq", "_neq", "is not"], ["in", "_in", "is one of"], ["nin", "_nin", "is none of"]];
const ORDERED = [["gt", "_gt", "greater than"], ["gte", "_gte", "at least"], ["lt", "_lt", "less than"], ["lte", "_lte", "at most"], ["between", "_between", "between"]];
const TEXTS = [
  ["contains", "_contains", "contains"], ["starts_with", "_starts_with", "starts with"], ["ends_with", "_ends_with", "ends with"],
  ["ilike", "_ilike", "like, any case"], ["like", "_like", "like"], ["nilike", "_nilike", "unlike, any case"], ["nlike", "_nlike", "unlike"],
  ["imatch", "_iregex", "matches, any case"], ["match", "_regex", "matches"], ["nmatch", "_nregex", "does not match"],
];
const NULLS = [["is", "_is_null", "is"]];
const WORDS = new Map([...EQUAL, ...ORDERED, ...TEXTS, ...NULLS].map((each) => [each[0], each]));
const NO_ORDER = new Set(["geometry", "vector"]);

// The operators that a column takes.
export function operatorsOf(column) {
  if (NO_ORDER.has(column.scalar)) return NULLS;
  if (column.scalar === "json") return [...EQUAL, ...NULLS];
  return column.scalar === "String" ? [...EQUAL, ...TEXTS, ...ORDERED, ...NULLS] : [...EQUAL, ...ORDERED, ...NULLS];
}

export const inWords = (operator) => WORDS.get(operator)?.[2] ?? operator;
export const takesList = (operator) => LISTS.has(operator);
export const readable = (table) => table.columns.filter((column) => column.may.includes("r"));
export const columnOf = (table, name) => table.columns.find((column) => column.name === name);
export const keyOf = (table) => table.columns.filter((column) => column.key);

// A view of `table` as it opens: all of it.
export const whole = (table) => ({ table, filters: [], order: [], select: null, row: null, unknown: [] });

// The conditions by which `row` of `table` is found again; null where it has no key.
export function sameRow(table, row) {
  const key = keyOf(table);
  if (key.length === 0) return null;
  return key.map((column) => ({ column, operator: "eq", value: row[column.field] }));
}

// --- the address ---------------------------------------------------------------

const escaped = (words) => `"${words.replace(/["\\]/g, "\\$&")}"`;
const quotedName = (name) => (RESERVED.includes(name) || /["\\.,():]/.test(name) || name !== name.trim() ? escaped(name) : name);
const quotedItem = (words) => (words === "" || /[,()"\\]/.test(words) ? escaped(words) : words);
const shownValue = (value) => (value !== null && typeof value === "object" ? JSON.stringify(value) : String(value));

// One condition as REST writes it: [name, value].
export function restFilter({ column, operator, value }) {
  const operand = LISTS.has(operator) ? `(${value.map((each) => quotedItem(shownValue(each))).join(",")})` : shownValue(value);
  return [quotedName(column.name), `${operator}.${operand}`];
}

export const restOrder = (order) => order.map(({ column, down }) => quotedName(column.name) + (down ? ".desc" : "")).join(",");

// The parameters of a REST read of the view, without its length.
export function restQuery(view) {
  const query = new URLSearchParams(view.filters.map(restFilter));
  if (view.order.length) query.append("order", restOrder(view.order));
  if (view.select) query.append("select", view.select.map((column) => quotedName(column.name)).join(","));
  return readableQuery(query);
}

// URLSearchParams, without the escapes that an address does not need.
const readableQuery = (query) => query.toString().replaceAll("%2C", ",").replaceAll("%28", "(").replaceAll("%29", ")").replaceAll("%3A", ":");

// The address of a view, from its `#` on.
export function addressOf(view) {
  const part = (table, query) => encodeURIComponent(table.name) + (query ? `?${query}` : "");
  const row = view.row ? `/${part(view.row.table, readableQuery(new URLSearchParams(view.row.filters.map(restFilter))))}` : "";
  return `#${part(view.table, restQuery(view))}${row}`;
}

// The view that an address names; null where there is no such table. `unknown` holds what could not be read in it.
export function viewOf(address, tables) {
  const [first, second] = address.replace(/^#/, "").split("/").map((part) => readPart(part, tables));
  if (!first) return null;
  const view = { ...first, row: null };
  if (second) view.row = { table: second.table, filters: second.filters };
  return view;
}

function readPart(part, tables) {
  const [name, query = ""] = [part.split("?", 1)[0], part.slice(part.indexOf("?") + 1 || part.length)];
  let decoded = name;
  try {
    decoded = decodeURIComponent(name);
  } catch {
    // shown as it stands
  }
  const table = tables.find((each) => each.name === decoded);
  if (!table) return null;
  const view = whole(table);
  for (const [key, value] of new URLSearchParams(query)) readParameter(view, key, value);
  return view;
}

function readParameter(view, name, value) {
  const columns = (text) => split(text).map((each) => ({ text: each, column: named(view.table, each) }));
  if (name === "select") {
    const found = columns(value).map((each) => each.column);
    if (found.every(Boolean) && found.length) view.select = found;
    else view.unknown.push(`select=${value}`);
  } else if (name === "order") {
    for (const text of split(value)) readTerm(view, text);
  } else if (!readFilter(view, name, value)) view.unknown.push(`${name}=${value}`);
}

function readTerm(view, text) {
  const column = named(view.table, text.replace(/\.(?:asc|desc)$/, ""));
  if (column) view.order.push({ column, down: text.endsWith(".desc") });
  else view.unknown.push(`order=${text}`);
}

function readFilter(view, name, value) {
  const column = named(view.table, name);
  const [, operator, operand] = /^(\w+)\.(.*)$/s.exec(value) ?? [];
  if (!column || !operatorsOf(column).some((each) => each[0] === operator)) return false;
  const list = LISTS.has(operator);
  if (list && !/^\(.*\)$/s.test(operand)) return false;
  view.filters.push({ column, operator, value: list ? split(operand.slice(1, -1)).map(unquoted) : operand });
  return true;
}

const unquoted = (words) => (/^".*"$/s.test(words) ? words.slice(1, -1).replace(/\\(.)/gs, "$1") : words);
const named = (table, text) => columnOf(table, unquoted(text));

// The items of a list with commas; quotes keep a comma.
function split(text) {
  return text === "" ? [] : [...text.matchAll(/(?:^|,)((?:"(?:[^"\\]|\\.)*"|[^,])*)/gs)].map((match) => match[1]);
}

// What was typed for a filter, as its value: a list where the operator takes one.
export const typed = (operator, text) => (LISTS.has(operator) ? split(text).map((each) => unquoted(each.trim())) : text);
export const asTyped = ({ operator, value }) => (LISTS.has(operator) ? value.map((each) => quotedItem(shownValue(each))).join(",") : shownValue(value));

// --- GraphQL -------------------------------------------------------------------

// A word of the API in the style of the schema.
export function word(structure, snake) {
  return structure.naming === "camel" ? snake.replace(/(?<=[a-z])_([a-z])/g, (_, letter) => letter.toUpperCase()) : snake;
}

// A text as the JSON that GraphQL takes for the column. What makes no sense goes as it is, for the server to refuse.
export function jsonValue(column, value) {
  if (typeof value !== "string") return value;
  if (column.scalar === "Boolean") return TRUTHS[value] ?? value;
  if (column.type.startsWith("set(")) return value === "" ? [] : value.split(",");
  if (["Int", "Float", "year"].includes(column.scalar)) return value.trim() !== "" && Number.isFinite(Number(value)) ? Number(value) : value;
  if (["json", "geometry", "vector"].includes(column.scalar)) return parsed(value);
  return value;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

// The condition of a filter: `{state: {_eq: "open"}}`.
function condition(structure, { column, operator, value }) {
  const name = word(structure, WORDS.get(operator)[1]);
  if (operator === "is") return isCondition(structure, column, value);
  const star = operator.includes("like");
  const json = LISTS.has(operator) ? value.map((each) => jsonValue(column, each)) : jsonValue(column, star ? value.replaceAll("*", "%") : value);
  return { [column.field]: { [name]: json } };
}

function isCondition(structure, column, value) {
  const isNull = word(structure, "_is_null");
  if (value in TRUTHS) return { [column.field]: { _eq: TRUTHS[value] } };
  return { [column.field]: { [isNull]: value !== "not_null" } };
}

// `where` of conditions; of none it is every row.
export function where(structure, filters) {
  const all = filters.map((filter) => condition(structure, filter));
  return all.length === 1 ? all[0] : all.length ? { _and: all } : {};
}

export function orderBy(structure, order) {
  const direction = (down) => (structure.naming === "camel" ? (down ? "DESC" : "ASC") : down ? "desc" : "asc");
  return order.map(({ column, down }) => ({ [column.field]: direction(down) }));
}
