// GraphQL asked by whoever asks, and the documents that the page of rows asks.
import { ask } from "../caller.js";
import { columnOf, orderBy, readable, where, word } from "./view.js";

// A refusal: `message` for people; `column` where it is one column's, `field` the root field that was refused.
export class Refusal extends Error {
  constructor(message, { column, field, constraint, reason } = {}) {
    super(message);
    Object.assign(this, { column, field, constraint, reason });
  }
}

// The `data` of an answer. Raises `Refusal`, also where nothing answers.
export async function graphql(query, variables, { headers = {}, signal } = {}) {
  let answer;
  try {
    const body = JSON.stringify({ query, variables });
    answer = await ask("graphql", { method: "POST", body, signal, headers: { "Content-Type": "application/json", ...headers } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal("The server does not answer.", { reason: "AWAY" });
  }
  const told = await answer.json().catch(() => ({}));
  if (told.errors) throw refusalOf(told.errors[0]);
  if (told.data === undefined) throw new Refusal(told.message ?? `The server answered ${answer.status}.`);
  return told.data;
}

function refusalOf(error) {
  const { column, constraint, reason } = error.extensions ?? {};
  const variable = /^Variable '\$(\w+)' has invalid value at \.?(\w+)/.exec(error.message);
  return new Refusal(error.message, { column: column ?? variable?.[2], field: error.path?.[0] ?? variable?.[1], constraint, reason });
}

// Files that may be large are not read along with the rows of a list, where a row can be asked for again.
export const heavy = (table, column) => column.scalar === "binary" && /blob/.test(column.type) && table.columns.some((each) => each.key);

// The fields of a table that a list shows: those of `columns`, and the key, by which a row is found again.
export function fieldsOf(table, columns) {
  const wanted = new Set(columns.filter((column) => !heavy(table, column)));
  return readable(table).filter((column) => wanted.has(column) || column.key).map((column) => column.field);
}

// How a page of a view is asked: GraphQL's document and variables. `cursor` is where the page before ended.
export function pageOf(structure, view, size, cursor) {
  const { table } = view;
  const [name, orderName] = [table.roots, word(structure, "order_by")];
  const fields = fieldsOf(table, view.select ?? readable(table)).join(" ") || "__typename";
  const shared = `$where: ${table.types.bool_exp}, $order: [${table.types.order_by}!]`;
  const variables = { where: where(structure, view.filters), order: orderBy(structure, view.order) };
  if (name.connection) {
    const query = `query rows(${shared}, $first: Int, $after: String) {
  rows: ${name.connection}(where: $where, ${orderName}: $order, first: $first, after: $after) {
    edges { node { ${fields} } }
    pageInfo { hasNextPage endCursor }
  }
}`;
    return { query, variables: { ...variables, first: size, ...(cursor ? { after: cursor } : {}) } };
  }
  const query = `query rows(${shared}, $limit: Int, $offset: Int) {
  rows: ${name.list}(where: $where, ${orderName}: $order, limit: $limit, offset: $offset) { ${fields} }
}`;
  return { query, variables: { ...variables, limit: size, offset: cursor ?? 0 } };
}

// The rows of such a page, and where the next one begins; null where there is none.
export function rowsOf(data, size, cursor) {
  if (Array.isArray(data.rows)) return { rows: data.rows, next: data.rows.length < size ? null : (cursor ?? 0) + size };
  const { edges, pageInfo } = data.rows;
  return { rows: edges.map((edge) => edge.node), next: pageInfo.hasNextPage ? pageInfo.endCursor : null };
}

// How many rows meet the conditions; null where the caller may not know.
export async function countRows(structure, table, filters, signal) {
  if (!table.roots.aggregate) return null;
  const query = `query count($where: ${table.types.bool_exp}) { n: ${table.roots.aggregate}(where: $where) { aggregate { count } } }`;
  return (await graphql(query, { where: where(structure, filters) }, { signal })).n.aggregate.count;
}

// The row that meets the conditions, with all that may be read of it; null where there is none.
export async function oneRow(structure, table, filters, columns = readable(table)) {
  const query = `query row($where: ${table.types.bool_exp}) {
  rows: ${table.roots.list}(where: $where, limit: 1) { ${columns.map((column) => column.field).join(" ")} }
}`;
  return (await graphql(query, { where: where(structure, filters) })).rows[0] ?? null;
}

// The conditions under which rows of a reference's table refer to `row` of the table it points at.
export function refersTo(from, reference, to, row) {
  return reference.columns.map((name, at) => ({ column: columnOf(from, name), operator: "eq", value: row[columnOf(to, reference.to[at])?.field] }));
}

// The conditions by which `row` of a reference's table finds the row it refers to; null where it refers to none.
export function referredTo(from, reference, to, row) {
  const found = reference.to.map((name, at) => ({ column: columnOf(to, name), operator: "eq", value: row[columnOf(from, reference.columns[at])?.field] }));
  return found.every(({ column, value }) => column?.may.includes("r") && value !== null && value !== undefined) ? found : null;
}
