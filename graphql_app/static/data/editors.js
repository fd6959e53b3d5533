// The editor of each kind of column: what is shown of a value to change it, and what comes out of it as JSON.
import { element } from "../elements.js";
import { graphql } from "./api.js";
import { columnOf, readable, where } from "./view.js";

const LONG = 80; // letters of a text that call for more than one line
const PICKS = 20; // rows offered of the table that a column refers to
const PAUSE = 150; // milliseconds without a key before rows are looked for
const LARGEST_FILE = 8_000_000; // bytes of a file that is read into a column

export const mayInsert = (table) => Boolean(table.roots.insert) && table.columns.some((column) => column.may.includes("i"));
export const mayUpdate = (table, column) => Boolean(table.roots.update) && column.may.includes("u") && hasKey(table);
export const mayDelete = (table) => Boolean(table.roots.delete) && hasKey(table);
const hasKey = (table) => table.columns.some((column) => column.key && column.may.includes("r"));

// An editor for `column`: {box, focus(), read()}. `value` is what it begins with; undefined for a new row, where an
// editor that is left alone gives undefined. `read` raises `Error` with words for people.
export function editorOf(structure, table, column, value) {
  const field = fieldOf(structure, table, column, value);
  field.input.setAttribute("aria-label", column.name);
  const fresh = value === undefined;
  const none = column.null ? element("input", { type: "checkbox", checked: value === null }) : null;
  const box = element("span", { class: "editor" }, field.box ?? field.input, none && element("label", { class: "check null-it" }, none, " NULL"));
  let touched = !fresh;
  const touch = (event) => {
    touched = true;
    if (none && event.target !== none) none.checked = false;
  };
  box.addEventListener("input", touch);
  box.addEventListener("change", touch);
  const read = () => {
    if (!touched) return undefined;
    if (none?.checked) return null;
    return field.read();
  };
  return { box, read, focus: () => field.input.focus(), input: field.input };
}

function fieldOf(structure, table, column, value) {
  const { scalar, type } = column;
  const reference = table.references.find((each) => each.columns.length === 1 && each.columns[0] === column.name);
  const target = reference && structure.tables.find((each) => each.name === reference.table && each.roots.list);
  if (target && columnOf(target, reference.to[0])?.may.includes("r")) return picker(structure, column, value, target, columnOf(target, reference.to[0]));
  if (scalar === "Boolean") return choice(["true", "false"], value, (text) => text === "true", column);
  if (column.members && type.startsWith("set")) return several(column, value);
  if (column.members) return choice(column.members, value, (text) => text, column);
  if (scalar === "date") return plain("date", value);
  if (["datetime", "timestamp"].includes(scalar)) return plain("text", value, { placeholder: "2024-02-29T13:45:00" });
  if (scalar === "time") return plain("text", value, { placeholder: "13:45:00" });
  if (["json", "geometry", "vector"].includes(scalar)) return jsonArea(value);
  if (scalar === "binary") return file(value);
  if (["Int", "Float", "year"].includes(scalar)) return plain("text", value, { inputmode: "decimal" }, number);
  if (["bigint", "decimal"].includes(scalar)) return plain("text", value, { inputmode: "decimal" }, digits);
  const long = /text/.test(type) || String(value ?? "").length > LONG || /\n/.test(value ?? "");
  return long ? area(value) : plain("text", value);
}

function plain(type, value, more = {}, read = (text) => text) {
  const input = element("input", { type, autocomplete: "off", spellcheck: "false", ...more });
  input.value = value ?? "";
  return { input, read: () => read(input.value) };
}

function area(value, read = (text) => text) {
  const input = element("textarea", { rows: 6, spellcheck: "false" });
  input.value = value ?? "";
  return { input, read: () => read(input.value) };
}

function number(text) {
  if (text.trim() === "" || !Number.isFinite(Number(text))) throw new Error(`“${text}” is no number`);
  return Number(text);
}

function digits(text) {
  if (!/^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text)) throw new Error(`“${text}” is no number`);
  return text.trim();
}

function jsonArea(value) {
  return area(value === undefined || value === null ? "" : JSON.stringify(value, null, 2), (text) => {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new Error(`This is no JSON: ${error.message}`);
    }
  });
}

function choice(members, value, read, column) {
  const all = value === undefined || value === null || column.null ? [element("option", { value: "" }, "–")] : [];
  const input = element("select", {}, all, members.map((each) => element("option", { value: each }, each)));
  if (value !== undefined && value !== null) input.value = String(value);
  return {
    input,
    read: () => {
      if (input.value === "" && !members.includes("")) return column.null ? null : undefined;
      return read(input.value);
    },
  };
}

function several(column, value) {
  const boxes = column.members.map((each) => element("input", { type: "checkbox", value: each, checked: value?.includes(each) }));
  const box = element("span", { class: "several", role: "group", "aria-label": column.name }, boxes.map((each) => element("label", { class: "check" }, each, ` ${each.value} `)));
  return { input: boxes[0], box, read: () => boxes.filter((each) => each.checked).map((each) => each.value) };
}

function file(value) {
  const input = element("input", { type: "file" });
  let read = value ?? "";
  input.addEventListener("change", async () => {
    const [chosen] = input.files;
    if (!chosen || chosen.size > LARGEST_FILE) return void (read = null);
    const bytes = new Uint8Array(await chosen.arrayBuffer());
    let text = "";
    for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
    read = btoa(text);
    return undefined;
  });
  return {
    input,
    read: () => {
      if (read === null) throw new Error("The file is too large to be sent from here");
      return read;
    },
  };
}

// A field that offers the rows it may refer to, found by key or by their first text.
function picker(structure, column, value, target, to) {
  const list = element("datalist", { id: `picks-${column.name}` });
  const field = plain("text", value, {}, (text) => (column.scalar === "Int" ? number(text) : text));
  field.input.setAttribute("list", list.id);
  field.input.placeholder = `a row of ${target.name}`;
  const label = readable(target).find((each) => each.scalar === "String" && !each.key && !each.members);
  let waiting = 0;
  const look = async () => {
    const rows = await candidates(structure, target, to, label, field.input.value).catch(() => []);
    list.replaceChildren(...rows.map((row) => element("option", { value: row[to.field], label: label ? `${row[to.field]} · ${row[label.field]}` : null })));
  };
  field.input.addEventListener("focus", look, { once: true });
  field.input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, PAUSE);
  });
  return { ...field, box: element("span", {}, field.input, list) };
}

async function candidates(structure, target, to, label, text) {
  const words = `%${text.replace(/[\\%_]/g, "\\$&")}%`;
  const found = text && label ? [{ [label.field]: { _ilike: words } }] : [];
  const key = text === "" ? null : where(structure, [{ column: to, operator: "eq", value: text }]);
  const fits = key && (to.scalar !== "Int" || /^[+-]?\d+$/.test(text));
  const any = [...found, ...(fits ? [key] : [])];
  const query = `query picks($where: ${target.types.bool_exp}) { rows: ${target.roots.list}(where: $where, limit: ${PICKS}) { ${[to, label].filter(Boolean).map((each) => each.field).join(" ")} } }`;
  return (await graphql(query, { where: any.length ? { _or: any } : {} })).rows;
}
