// Conditions and order as a row of buttons, and the form that makes one: the words are the API's own.
import { element } from "../elements.js";
import { openPopover } from "./popover.js";
import { asTyped, columnOf, inWords, operatorsOf, readable, takesList, typed } from "./view.js";

const IS = ["null", "not_null", "true", "false"];

// Fills `box` with what narrows and orders `view`; `go` is called with each other view.
export function showFilters(box, view, go) {
  const filters = view.filters.map((filter, at) => {
    const words = [element("b", {}, filter.column.name), ` ${filter.operator} `, element("span", {}, asTyped(filter))];
    return chip(`condition ${filter.column.name} ${filter.operator} ${asTyped(filter)}`, words, (anchor) => edit(anchor, view, at, go), () => go({ ...view, filters: view.filters.filter((each) => each !== filter) }));
  });
  const order = view.order.map((term) => {
    const turn = () => go({ ...view, order: view.order.map((each) => (each === term ? { ...each, down: !each.down } : each)) });
    const words = [element("span", { "aria-hidden": "true" }, term.down ? "↓ " : "↑ "), element("b", {}, term.column.name), term.down ? " desc" : " asc"];
    return chip(`order by ${term.column.name}`, words, turn, () => go({ ...view, order: view.order.filter((each) => each !== term) }));
  });
  const add = element("button", { type: "button", class: "chip add", id: "add-filter", onclick: () => edit(add, view, view.filters.length, go) }, "+ Condition");
  box.replaceChildren(...filters, ...order, add);
}

function chip(label, words, open, drop) {
  const main = element("button", { type: "button", title: `Change the ${label}` }, words);
  main.addEventListener("click", () => open(main));
  return element("span", { class: "chip" }, main, element("button", { type: "button", class: "drop-it", "aria-label": `Without ${label}`, onclick: drop }, "×"));
}

// The form for the condition at a place of the view's list; `start` is a column to begin with.
export function edit(anchor, view, at, go, start = null) {
  const now = view.filters[at];
  const columns = readable(view.table);
  const column = element("select", { "aria-label": "Column" }, columns.map((each) => element("option", { value: each.name, selected: each === (now?.column ?? start) }, each.name)));
  const operator = element("select", { "aria-label": "Operator" });
  const place = element("span", {});
  const fill = () => {
    const known = operatorsOf(columnOf(view.table, column.value));
    const before = operator.value || now?.operator;
    operator.replaceChildren(...known.map(([name, , words]) => element("option", { value: name, selected: name === before }, `${name}: ${words}`)));
    value();
  };
  const value = () => place.replaceChildren(valueField(columnOf(view.table, column.value), operator.value, place.firstChild?.value ?? (now ? asTyped(now) : "")));
  column.addEventListener("change", fill);
  operator.addEventListener("change", value);
  fill();
  const form = element("form", { class: "condition" }, column, operator, place, element("button", { type: "submit", class: "main" }, "Show"));
  const close = openPopover(anchor, "A condition", form);
  if (now || start) place.firstChild.focus();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    close();
    const filters = [...view.filters];
    filters[at] = { column: columnOf(view.table, column.value), operator: operator.value, value: typed(operator.value, place.firstChild.value) };
    go({ ...view, filters });
  });
}

function valueField(column, operator, now) {
  const choices = operator === "is" ? (column.scalar === "Boolean" ? IS : IS.slice(0, 2)) : takesList(operator) ? null : column.scalar === "Boolean" ? ["true", "false"] : null;
  if (choices) return element("select", { "aria-label": "Value" }, choices.map((each) => element("option", { value: each, selected: each === now }, each)));
  const hint = takesList(operator) ? (operator === "between" ? "low,high" : "one,two,…") : inWords(operator).startsWith("like") ? "* stands for anything" : column.type;
  const field = element("input", { "aria-label": "Value", placeholder: hint, autocomplete: "off", spellcheck: "false", value: now, list: column.members ? "members" : null });
  if (!column.members) return field;
  const list = element("datalist", { id: "members" }, column.members.map((each) => element("option", { value: each })));
  const box = element("span", {}, field, list);
  Object.defineProperty(box, "value", { get: () => field.value });
  box.focus = () => field.focus();
  return box;
}
