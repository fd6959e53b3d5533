// A row as a form, for a new one or for all columns at once; what is missing or refused is told at its field.
import { element, plural } from "../elements.js";
import { referring } from "../structure.js";
import { graphql, refersTo } from "./api.js";
import { editorOf } from "./editors.js";
import { columnAt, insertOf, send, updateOf } from "./edits.js";
import { where } from "./view.js";

// A form over `columns`; `record` is the row that is changed, null for a new one. `sent(edit)` is called when the
// database has taken it, `kept(values)` to keep it with other changes.
export function rowForm(structure, table, columns, record, { sent, kept, cancel }) {
  const fields = columns.map((column) => ({ column, editor: editorOf(structure, table, column, record ? record[column.field] : undefined), told: element("p", { class: "bad", id: `told-${column.name}`, hidden: true }) }));
  const told = element("p", { class: "bad", role: "alert", hidden: true });
  const form = element(
    "form",
    { class: "row-form", novalidate: true },
    fields.map((field) => shown(field, record === null)),
    told,
    element(
      "p",
      { class: "buttons" },
      element("button", { type: "submit", class: "main" }, record ? "Save" : "Insert"),
      element("button", { type: "button", onclick: keep }, "Keep for later"),
      element("button", { type: "button", onclick: cancel }, "Cancel"),
    ),
  );
  let values = {};

  function check() {
    values = {};
    say(told, "");
    const wrong = fields.filter((field) => {
      say(field.told, "", field.editor);
      try {
        const value = field.editor.read();
        if (value !== undefined && !(record && JSON.stringify(value) === JSON.stringify(record[field.column.field]))) values[field.column.field] = value;
        else if (value === undefined && record === null && required(field.column)) throw new Error("A value is needed");
        return false;
      } catch (error) {
        say(field.told, error.message, field.editor);
        return true;
      }
    });
    wrong[0]?.editor.focus();
    return wrong.length === 0;
  }

  function keep() {
    if (check()) kept(values);
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!check()) return undefined;
    if (record && Object.keys(values).length === 0) return cancel();
    const edit = record ? { ...updateOf(table, record), values: new Map(Object.entries(values)) } : insertOf(table, values);
    form.inert = true;
    try {
      const done = await send(structure, [edit]);
      if (done.length) return sent(edit);
      say(told, edit.error.message);
    } catch (error) {
      const field = fields.find(({ column }) => column === columnAt(table, error));
      say(field?.told ?? told, error.message, field?.editor);
      form.inert = false;
      field?.editor.focus();
    } finally {
      form.inert = false;
    }
    return undefined;
  });
  return { form, focus: () => fields[0]?.editor.focus() };
}

const required = (column) => column.default === undefined && !column.null;

function shown({ column, editor, told }, fresh) {
  const facts = [column.type, fresh && (required(column) ? null : `default: ${column.default ?? "NULL"}`)].filter(Boolean).join(" · ");
  const needed = fresh && required(column) && element("span", { class: "needed", title: "A value is needed" }, " *");
  if (needed) editor.input.setAttribute("aria-required", "true");
  return element("div", { class: "field", "data-field": column.name }, element("p", { class: "label" }, column.name, needed, element("span", { class: "hint" }, ` ${facts}`)), editor.box, told);
}

function say(box, words, editor) {
  box.textContent = words;
  box.hidden = words === "";
  if (!editor) return;
  if (words) editor.input.setAttribute("aria-invalid", "true");
  else editor.input.removeAttribute("aria-invalid");
  editor.input.setAttribute("aria-describedby", box.id);
}

// What refers to a row that is to go, counted.
export async function consequences(structure, table, record) {
  const found = referring(structure.tables, table.name).filter(([from]) => from.roots.aggregate).slice(0, 40);
  const lists = found.map(([from, reference]) => ({ from, reference, filters: refersTo(from, reference, table, record) }));
  const known = lists.filter(({ filters }) => filters.every(({ column, value }) => column?.may.includes("r") && value !== null && value !== undefined));
  if (known.length === 0) return [];
  const declared = known.map(({ from }, at) => `$w${at}: ${from.types.bool_exp}`).join(", ");
  const parts = known.map(({ from }, at) => `l${at}: ${from.roots.aggregate}(where: $w${at}) { aggregate { count } }`);
  const data = await graphql(`query consequences(${declared}) {\n${parts.join("\n")}\n}`, Object.fromEntries(known.map(({ filters }, at) => [`w${at}`, where(structure, filters)])));
  return known.map((list, at) => ({ ...list, count: data[`l${at}`].aggregate.count })).filter(({ count }) => count > 0);
}

// The same as elements.
export function consequenceList(found) {
  if (found.length === 0) return [element("p", { class: "hint" }, "No row that you may see refers to it.")];
  const items = found.map(({ from, reference, count }) => element("li", {}, element("strong", {}, plural(count, "row")), ` of ${from.name} by ${reference.columns.join(", ")}`));
  return [
    element("p", {}, "These refer to it. As each foreign key says, they go too, lose the reference, or the database refuses:"),
    element("ul", { class: "relations" }, items),
  ];
}
