// One table as the start page shows it: columns, relations, and every way in with something to copy.
import { anybody, ask } from "./caller.js";
import { importForm } from "./csv.js";
import { columnsOf } from "./data/columns.js";
import { rowGrid } from "./data/row_grid.js";
import { addressOf, sameRow, whole } from "./data/view.js";
import { code, count, element, quoted } from "./elements.js";

const JSON_HEADER = "\\\n  -H 'Content-Type: application/json'";

// The elements that show `table`.
export function tableView(structure, table) {
  const facts = [columns(table), relations(structure, table), section("CSV", ...csv(table))].filter(Boolean);
  const calls = [section("GraphQL", ...graphql(structure, table)), section("REST", rest(table))];
  return [heading(structure, table), preview(structure, table) ?? "", element("div", { class: "columns" }, element("div", {}, facts), element("div", {}, calls))];
}

function section(title, ...children) {
  return element("section", {}, element("h3", {}, title), ...children);
}

function heading(structure, table) {
  const rows = table.rows === null ? "" : ` · about ${count(table.rows)} rows`;
  const facts = `${table.kind}${rows}${table.writable ? "" : " · read only"}`;
  const links = [
    table.roots.list && element("a", { class: "button main", href: `data#${table.path}` }, "Rows"),
    structure.graphiql && table.query !== "" && element("a", { class: "button", href: inGraphiql(table) }, "Open in GraphiQL"),
    element("a", { class: "button", href: `docs?table=${table.path}` }, "REST documentation"),
    exported(table),
  ];
  return element(
    "header",
    {},
    element("div", {}, element("h2", {}, table.name), element("p", { class: "facts" }, facts), table.comment && element("p", {}, table.comment)),
    element("p", { class: "buttons" }, links),
  );
}

// A link to the table's rows as a file, or to those that `address` names. Whoever has to say who asks is given the file
// by way of memory, for links say nothing, and so is a form that has to be asked for (`accept`).
export function exported(table, address = `api/${table.path}/export`, { words = "Export CSV", ending = "csv", accept = null } = {}) {
  const link = element("a", { class: "button", href: address, download: `${table.name}.${ending}` }, words);
  if (!anybody() && accept === null) return link;
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    const answer = await ask(address, { headers: accept ? { Accept: accept } : {} });
    if (!answer.ok) return void (link.textContent = (await answer.json()).message);
    const file = URL.createObjectURL(await answer.blob());
    element("a", { href: file, download: link.download }).click();
    setTimeout(() => URL.revokeObjectURL(file), 1000);
  });
  return link;
}

// Its first rows; whatever one does with them leads to the page of rows.
function preview(structure, table) {
  if (!table.roots.list) return null;
  const view = whole(table);
  const address = (more) => `data${addressOf({ ...view, ...more })}`;
  const filters = (record) => sameRow(table, record);
  const grid = rowGrid(structure, view, columnsOf(structure, view), {
    opened: (row) => address({ row }),
    open: (record) => location.assign(address(record && filters(record) ? { row: { table, filters: filters(record) } } : {})),
    order: (order) => location.assign(address({ order })),
  });
  return element("section", { class: "preview", "aria-label": "Rows" }, grid.box);
}

const inGraphiql = (table) => `graphiql?query=${encodeURIComponent(table.query)}`;
const base = () => new URL(".", document.baseURI).href;

function columns(table) {
  const referring = new Set(table.references.flatMap((reference) => reference.columns));
  const rows = table.columns.map((column) => {
    const marks = [column.key && "key", referring.has(column.name) && "refers", column.null && "null"].filter(Boolean);
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, column.name),
      element("td", {}, element("code", {}, column.type), column.comment && element("span", { class: "hint" }, column.comment)),
      element("td", {}, marks.map((mark) => element("span", { class: `badge ${mark}` }, mark))),
    );
  });
  return element("div", { class: "scroll" }, element("table", {}, element("caption", {}, "Columns"), element("tbody", {}, rows)));
}

function relations(structure, table) {
  const out = table.references.map((reference) => relation(reference, reference.table, table.name));
  const back = structure.tables.flatMap((other) =>
    other.references.filter((reference) => reference.table === table.name && other !== table).map((reference) => relation(reference, other.name, other.name)),
  );
  if (out.length + back.length === 0) return null;
  return element("div", {}, element("h3", {}, "Relations"), element("ul", { class: "relations" }, out, back));
}

function relation(reference, leads, from) {
  const words = `${from}.${reference.columns.join(", ")} → ${reference.table}.${reference.to.join(", ")}`;
  return element("li", {}, element("a", { href: `#${encodeURIComponent(leads)}` }, words));
}

function graphql(structure, table) {
  if (!table.query) return [element("p", { class: "hint" }, "Its rows are not listed for you.")];
  const body = JSON.stringify({ query: table.query.replace(/\s+/g, " ").trim() });
  const call = `curl -s ${base()}graphql ${JSON_HEADER} \\\n  -d ${quoted(body)}`;
  return [code(table.query.trimEnd(), "GraphQL query"), code(call, "the same with curl")];
}

// What the OpenAPI document of this table tells, as commands.
function rest(table) {
  const box = element("div", {}, element("p", { class: "hint" }, "Reading the addresses…"));
  ask(`openapi.json?table=${table.path}`)
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(answer.statusText))))
    .then((document) => box.replaceChildren(...commands(table, document)))
    .catch(() => box.replaceChildren(element("p", { class: "bad" }, "The addresses cannot be read just now.")));
  return box;
}

function commands(table, document) {
  const order = ["get", "post", "put", "patch", "delete"];
  const own = Object.entries(document.paths).filter(([path]) => [`/api/${table.path}`, `/api/${table.path}/query`].includes(path));
  const found = own.flatMap(([path, methods]) => order.filter((method) => methods[method]).map((method) => [path, method, methods[method]]));
  found.sort((a, b) => order.indexOf(a[1]) - order.indexOf(b[1]));
  return found.map(([path, method, operation]) =>
    element("div", {}, element("p", { class: "what" }, operation.summary), code(command(path, method, operation), `${method} ${path}`)),
  );
}

function command(path, method, operation) {
  const address = base() + path.slice(1);
  if (method === "get") return `curl -s ${quoted(`${address}?limit=10`)}`;
  const body = operation.requestBody?.content?.["application/json"]?.example;
  return `curl -s -X ${method.toUpperCase()} ${address} ${JSON_HEADER}` + (body === undefined ? "" : ` \\\n  -d ${quoted(JSON.stringify(body))}`);
}

function csv(table) {
  const file = /^[\w.-]+$/.test(table.name) ? `${table.name}.csv` : quoted(`${table.name}.csv`);
  const out = code(`curl -s ${base()}api/${table.path}/export -o ${file}`, "CSV export with curl");
  if (!table.writable) return [out];
  const back = code(`curl -s -X POST ${base()}api/batch/import -F file=@${file}`, "CSV import with curl");
  return [out, back, importForm(table)];
}
