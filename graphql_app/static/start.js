// The start page: reads structure.json, lists and draws the tables, and shows the one that the address's # names.
import { anybody, ask, showCaller } from "./caller.js";
import { Diagram } from "./diagram.js";
import { count, element, plural } from "./elements.js";
import { tableView } from "./table.js";

const FEW = 40; // so many tables can be looked at all at once
const AGAIN = 2000;
const UNKNOWN = 401; // who asks has to be said
const HIDDEN = 403; // the operator does not want the structure shown, or not to this caller

const $ = (id) => document.getElementById(id);
const state = { structure: null, selected: null, near: true };
const diagram = new Diagram($("diagram"), (name) => (location.hash = `#${encodeURIComponent(name)}`));

async function begin() {
  try {
    const answer = await ask("structure.json");
    if (answer.status === HIDDEN || answer.status === UNKNOWN) {
      $("summary").textContent = `${(await answer.json()).message}.`;
      showCaller($("caller"), [], answer.status === UNKNOWN);
      return;
    }
    if (!answer.ok) throw new Error(`${(await answer.json()).message}. Trying again…`);
    open(await answer.json());
  } catch (error) {
    $("summary").textContent = error instanceof TypeError ? "The server does not answer. Trying again…" : error.message;
    setTimeout(begin, AGAIN);
  }
}

function open(structure) {
  state.structure = structure;
  if (structure.roles !== null || anybody()) showCaller($("caller"), structure.roles ?? []);
  const { tables, database, skipped } = structure;
  document.title = `${database} · graphql-app`;
  $("graphiql").hidden = !structure.graphiql;
  const rows = tables.reduce((sum, table) => sum + (table.rows ?? 0), 0);
  const relations = tables.reduce((sum, table) => sum + table.references.length, 0);
  const figures = [plural(tables.length, "table"), plural(relations, "relation"), `about ${plural(rows, "row")}`];
  $("summary").replaceChildren(element("strong", {}, database), ` · ${figures.join(" · ")}`);
  $("tables").replaceChildren(...tables.map(entry));
  $("scope").hidden = tables.length <= FEW;
  $("skipped").hidden = skipped.length === 0;
  $("skipped").querySelector("summary").textContent = `Not served: ${skipped.length}`;
  $("skipped").querySelector("ul").replaceChildren(...skipped.map((each) => element("li", {}, element("code", {}, each.name), ` ${each.reason}`)));
  document.querySelector(".layout").hidden = false;
  if (tables.length === 0) $("table").replaceChildren(element("p", {}, "The database has no table yet. One that is made is found by itself."));
  choose();
}

function entry(table) {
  const link = element("a", { href: `#${encodeURIComponent(table.name)}` }, element("span", { class: "name" }, table.name));
  if (table.kind === "view") link.append(element("span", { class: "badge" }, "view"));
  if (table.rows !== null) link.append(element("span", { class: "count", title: "rows, as the database estimates" }, count(table.rows)));
  const item = element("li", {}, link);
  item.dataset.table = table.name;
  return item;
}

// The table that the address names, else the one with the most relations, which shows most of the others.
function wanted() {
  const { tables } = state.structure;
  const named = decodeURIComponent(location.hash.slice(1));
  const relations = (table) => table.references.length + tables.filter((each) => each.references.some((other) => other.table === table.name)).length;
  return tables.find((table) => table.name === named) ?? [...tables].sort((a, b) => relations(b) - relations(a))[0];
}

function choose() {
  const table = wanted();
  if (!table) return;
  const again = state.selected === table;
  state.selected = table;
  for (const item of $("tables").children) {
    const current = item.dataset.table === table.name;
    if (current) item.firstChild.setAttribute("aria-current", "true");
    else item.firstChild.removeAttribute("aria-current");
    if (current) reveal(item);
  }
  draw();
  if (!again) $("table").replaceChildren(...tableView(state.structure, table));
}

// Scrolls the list, not the page.
function reveal(item) {
  const list = $("tables");
  const [inner, outer] = [item.getBoundingClientRect(), list.getBoundingClientRect()];
  if (inner.top < outer.top) list.scrollTop -= outer.top - inner.top;
  else if (inner.bottom > outer.bottom) list.scrollTop += inner.bottom - outer.bottom;
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

function search() {
  const words = $("search").value.trim().toLowerCase();
  let found = 0;
  for (const item of $("tables").children) {
    item.hidden = !item.dataset.table.toLowerCase().includes(words);
    found += item.hidden ? 0 : 1;
  }
  $("none").hidden = found > 0;
}

// From the search field and within the list, arrows go to the next table that is shown.
function step(event) {
  const down = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === "Enter" && event.target === $("search")) return shownLinks()[0]?.click();
  if (down === undefined) return undefined;
  const links = shownLinks();
  event.preventDefault();
  const next = links.indexOf(document.activeElement) + down;
  return (links[next] ?? (next < 0 ? $("search") : links.at(-1)))?.focus();
}

const shownLinks = () => [...$("tables").querySelectorAll("li:not([hidden]) a")];

$("search").addEventListener("input", search);
document.querySelector("aside").addEventListener("keydown", step);
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
addEventListener("keydown", (event) => {
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  $("search").focus();
});

begin();
