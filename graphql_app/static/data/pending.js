// The changes that are not sent yet, as a bar below the grid, and what they are in words before they go.
import { element, plural } from "../elements.js";
import { line } from "./cells.js";
import { consequenceList, consequences } from "./forms.js";
import { openPopover } from "./popover.js";

const CHANGES = { insert: "new row", update: "changed", delete: "deleted" };

// Fills `box` with what can be done about `edits`; `sent(done)` is called with those that the database has taken.
export function pendingBar(box, structure, edits, sent) {
  box.hidden = edits.all.length === 0;
  if (box.hidden) return;
  const told = element("p", { role: "alert", class: "bad", hidden: edits.all.every((each) => !each.error) }, edits.all.find((each) => each.error)?.error.message);
  const tables = [...new Set(edits.all.map(({ table }) => table.name))].join(", ");
  const send = element("button", { type: "button", class: "main" }, "Send");
  const look = element("button", { type: "button", onclick: () => review(look, structure, edits, press) }, "Review");
  async function press() {
    send.disabled = true;
    try {
      sent(await edits.send());
    } catch (error) {
      told.textContent = error.message;
      told.hidden = false;
    } finally {
      send.disabled = false;
    }
  }
  send.addEventListener("click", press);
  box.replaceChildren(
    element("span", {}, element("strong", {}, plural(edits.all.length, "change")), ` not sent yet, in ${tables}`),
    element("span", { class: "buttons" }, look, send, element("button", { type: "button", onclick: () => edits.clear() }, "Discard")),
    told,
  );
}

// What would change, row by row, the old value beside the new one.
function review(anchor, structure, edits, press) {
  const parts = edits.all.map((edit) => {
    const undo = element("button", { type: "button", class: "link" }, "undo");
    const part = element("section", { class: edit.error ? "wrong" : "" }, element("h3", {}, `${edit.table.name} `, element("span", { class: "hint" }, nameOf(edit)), ` ${CHANGES[edit.kind]} `, undo), diff(edit));
    undo.addEventListener("click", () => (edits.drop(edit), part.remove(), edits.all.length || close()));
    if (edit.error) part.append(element("p", { class: "bad" }, edit.error.message));
    if (edit.kind === "delete") consequences(structure, edit.table, edit.record).then((found) => part.append(...consequenceList(found))).catch((error) => part.append(element("p", { class: "bad" }, error.message)));
    return part;
  });
  const send = element("button", { type: "button", class: "main", onclick: () => (close(), press()) }, "Send all");
  const close = openPopover(anchor, "Changes", element("div", { class: "review" }, element("p", { class: "hint" }, "They go in one transaction: all of them, or none where one is refused. A row that somebody else has changed meanwhile stays as it is."), parts, element("p", { class: "buttons" }, send)));
}

const nameOf = (edit) => edit.filters?.map(({ value }) => value).join(", ") ?? "";

function diff({ kind, table, record, values }) {
  if (kind === "delete") return "";
  const rows = table.columns.filter((column) => values.has(column.field)).map((column) => {
    const before = kind === "update" && [element("del", {}, line(column, record[column.field])), " → "];
    return element("li", {}, `${column.name}: `, before || "", element("ins", {}, line(column, values.get(column.field))));
  });
  return element("ul", { class: "relations diff" }, rows);
}
