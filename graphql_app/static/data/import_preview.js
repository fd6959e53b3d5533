// What a file of rows looks like before it is imported: its first lines, how it is written, and what of it would be refused.
import { ask } from "../caller.js";
import { element, plural } from "../elements.js";

const HEAD = 60_000; // bytes: less than the server reads to recognise a file's form
const LINES = 6;
const FORM = {
  delimiter: ["comma", "semicolon", "tab", "pipe"],
  encoding: ["utf-8", "cp1252", "utf-16"],
  decimal: ["point", "comma"],
  dates: ["iso", "dmy", "mdy", "ymd"],
};

// How the file is written, to say it where it is not recognised: {box, query()}; `changed` is called when it is said.
export function fileForm(changed) {
  const fields = Object.entries(FORM).map(([name, choices]) => {
    const all = [element("option", { value: "" }, "recognised"), ...choices.map((each) => element("option", { value: each }, each))];
    return element("label", {}, `${name} `, element("select", { name }, all));
  });
  const none = element("label", {}, "null ", element("input", { name: "null", placeholder: "recognised", size: 8 }));
  const form = element("form", {}, fields, none);
  form.addEventListener("change", changed);
  form.addEventListener("submit", (event) => event.preventDefault());
  const box = element("details", { class: "file-form" }, element("summary", {}, "How the file is written"), form);
  return { box, query: () => Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== "")) };
}

// The elements that tell what the first rows of `file` would become: nothing is written.
export async function previewOf(table, file, query, signal) {
  const head = await beginning(file);
  const parameters = new URLSearchParams({ ...query, dry_run: true, table: table.name });
  const form = new FormData();
  form.append("file", new File([head], file.name));
  const shown = [await lines(head, query.encoding)];
  const answer = await ask(`api/batch/import?${parameters}`, { method: "POST", body: form, signal });
  const told = await answer.json();
  if (!told.data?.errors) return [...shown, element("p", { class: "bad" }, told.message)];
  const { rows_total: total, rows_failed: refused, errors, detected } = told.data;
  const rows = head.size < file.size ? `Its first ${plural(total, "row")}` : plural(total, "row");
  const words = `${rows}: ${refused ? `${plural(refused, "row")} would be refused` : "all fit"}.`;
  shown.push(element("p", { class: refused ? "bad" : "good" }, words));
  if (detected) shown.push(element("p", { class: "hint" }, `Recognised: ${Object.entries(detected).map(([name, value]) => `${name} ${value === "\t" ? "tab" : value}`).join(", ")}`));
  if (errors.length) shown.push(element("p", { class: "hint" }, `Line ${errors[0].line}: ${errors[0].message}`));
  return shown;
}

// The first part of a file, to the end of a line.
async function beginning(file) {
  if (file.size <= HEAD) return file;
  const bytes = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
  const end = bytes.lastIndexOf(10);
  const wide = bytes[end + 1] === 0 ? 2 : 1; // a line's end in UTF-16 has two bytes
  return file.slice(0, end < 0 ? HEAD : end + wide);
}

async function lines(head, encoding) {
  const bytes = new Uint8Array(await head.slice(0, 4000).arrayBuffer());
  const wide = bytes.includes(0) ? "utf-16" : "utf-8";
  const text = new TextDecoder(encoding === "cp1252" ? "windows-1252" : (encoding ?? wide)).decode(bytes);
  return element("pre", { tabindex: 0, "aria-label": "First lines of the file" }, text.split(/\r\n|\r|\n/).slice(0, LINES).join("\n"));
}
