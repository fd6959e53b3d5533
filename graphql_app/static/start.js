// The start page: reads structure.json, lists and draws the tables, and shows the one that the address's # names.
import { Diagram } from "./diagram.js";
import { element, plural } from "./elements.js";
import { busiest, readStructure } from "./structure.js";
import { tableView } from "./table.js";
import { TableList } from "./table_list.js";

const FEW = 40; // so many tables can be looked at all at once

const $ = (id) => document.getElementById(id);
const state = { structure: null, selected: null, near: true };
const list = new TableList(document.querySelector("aside"), (table) => `#${encodeURIComponent(table.name)}`);
const diagram = new Diagram($("diagram"), (name) => (location.hash = `#${encodeURIComponent(name)}`));

function open(structure) {
  state.structure = structure;
  const { tables, database, skipped } = structure;
  document.title = `${database} · graphql-app`;
  $("graphiql").hidden = !structure.graphiql;
  const rows = tables.reduce((sum, table) => sum + (table.rows ?? 0), 0);
  const relations = tables.reduce((sum, table) => sum + table.references.length, 0);
  const figures = [plural(tables.length, "table"), plural(relations, "relation"), `about ${plural(rows, "row")}`];
  $("summary").replaceChildren(element("strong", {}, database), ` · ${figures.join(" · ")}`);
  list.fill(tables);
  $("scope").hidden = tables.length <= FEW;
  $("skipped").hidden = skipped.length === 0;
  $("skipped").querySelector("summary").textContent = `Not served: ${skipped.length}`;
  $("skipped").querySelector("ul").replaceChildren(...skipped.map((each) => element("li", {}, element("code", {}, each.name), ` ${each.reason}`)));
  document.querySelector(".layout").hidden = false;
  if (tables.length === 0) $("table").replaceChildren(element("p", {}, "The database has no table yet. One that is made is found by itself."));
  choose();
}

// The table that the address names, else the one that shows most of the others.
function wanted() {
  const { tables } = state.structure;
  const named = decodeURIComponent(location.hash.slice(1));
  return tables.find((table) => table.name === named) ?? busiest(tables);
}

function choose() {
  const table = wanted();
  if (!table) return;
  const again = state.selected === table;
  state.selected = table;
  list.mark(table.name);
  draw();
  if (!again) $("table").replaceChildren(...tableView(state.structure, table));
}

function draw() {
  const { tables } = state.structure;
  const all = tables.length <= FEW || !state.near;
  diagram.show(all ? tables : around(state.selected, tables), state.selected.name);
}

function around(table, tables) {
  const names = new Set([table.name, ...table.references.map((each) => each.table)]);
  const refers = (other) => other.references.some((each) => each.table === table.name);
  return tables.filter((other) => names.has(other.name) || refers(other));
}

$("in").addEventListener("click", () => diagram.larger());
$("out").addEventListener("click", () => diagram.smaller());
$("fit").addEventListener("click", () => diagram.fit());
for (const button of $("scope").children) {
  button.addEventListener("click", () => {
    state.near = button.dataset.scope === "near";
    for (const each of $("scope").children) each.setAttribute("aria-pressed", String(each === button));
    draw();
  });
}
addEventListener("hashchange", choose);
addEventListener("resize", () => diagram.fit());

readStructure($("summary"), $("caller"), open);
