// Changes that are not sent yet, and how they are: all of them as one mutation, which is one transaction.
//
// A change holds only where the row is still as it was read: its old values are part of the condition, so that nobody
// else's change is overwritten.
import { graphql } from "./api.js";
import { columnOf, sameRow, where, word } from "./view.js";

const UNCOMPARED = new Set(["json", "geometry", "vector", "binary", "Float"]); // one value, several forms

const KEY_BYTES = 16;
const idOf = (table, filters) => JSON.stringify([table.name, ...filters.map(({ value }) => value)]);
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

export class Edits {
  all = [];
  #key = null;

  // `changed` is called whenever there are others.
  constructor(structure, changed) {
    [this.structure, this.changed] = [structure, changed];
  }

  // The change of a row of `table`, if there is one.
  of(table, record) {
    const filters = sameRow(table, record);
    return filters ? this.all.find((each) => each.id === idOf(table, filters)) : undefined;
  }

  // A row's column gets another value; its own value takes the change back.
  update(table, record, column, value) {
    const edit = this.of(table, record) ?? updateOf(table, record);
    if (edit.kind !== "update") return;
    if (same(record[column.field], value)) edit.values.delete(column.field);
    else edit.values.set(column.field, value);
    edit.error = null;
    this.#put(edit, edit.values.size > 0);
  }

  // A row is to go, or not after all.
  remove(table, record) {
    const now = this.of(table, record);
    const gone = { ...updateOf(table, record), kind: "delete" };
    if (now) this.drop(now);
    if (now?.kind !== "delete") this.#put(gone, true);
  }

  insert(table, values) {
    this.#put(insertOf(table, values), true);
  }

  drop(edit) {
    this.#put(edit, false);
  }

  clear() {
    this.all = [];
    this.#put(null, false);
  }

  #put(edit, keep) {
    this.all = [...this.all.filter((each) => each !== edit && !(keep && each.id === edit?.id)), ...(keep ? [edit] : [])];
    this.#key = null; // other changes are another request
    this.changed();
  }

  // Sends them all, and gives those that were made. What was refused stays, with its error. Sent again after a failure
  // of the way there, they are still done once.
  async send() {
    const sent = this.all;
    this.#key ??= randomKey();
    try {
      const done = await send(this.structure, sent, this.#key);
      this.all = this.all.filter((each) => !done.includes(each));
      this.#key = null;
      this.changed();
      return done;
    } catch (error) {
      const edit = sent[Number(/^[mwso](\d+)$/.exec(error.field)?.[1])];
      if (error.reason !== "AWAY") this.#key = null;
      if (edit) edit.error = { message: error.message, column: columnAt(edit.table, error) };
      this.changed();
      throw error;
    }
  }
}

export const updateOf = (table, record) => ({ kind: "update", table, record, filters: sameRow(table, record), values: new Map(), error: null, id: idOf(table, sameRow(table, record)) });
export const insertOf = (table, values) => ({ kind: "insert", table, record: null, values: new Map(Object.entries(values)), error: null, id: randomKey() });

// Sends changes under an Idempotency-Key. Raises `Refusal`, and then nothing was done; what somebody else has changed
// or taken away meanwhile is marked, and not among those given back.
export async function send(structure, edits, key = randomKey()) {
  const { query, variables } = mutationOf(structure, edits);
  const data = await graphql(query, variables, { headers: { "Idempotency-Key": key } });
  const affected = word(structure, "affected_rows");
  const done = edits.filter((_, at) => data[`m${at}`][affected] > 0);
  for (const edit of edits.filter((each) => !done.includes(each))) {
    edit.error = { message: "Somebody has changed or removed this row meanwhile: this change was not made.", column: null, stale: true };
  }
  return done;
}

// The column that a refusal is about, by its GraphQL name or its own, or by the key that is taken.
export function columnAt(table, error) {
  const { column, constraint } = error;
  const found = table.columns.find((each) => each.name === column || each.field === column);
  return found ?? columnOf(table, table.keys[constraint]?.at(-1)) ?? null;
}

export function mutationOf(structure, edits) {
  const [affected, most] = [word(structure, "affected_rows"), word(structure, "max_affected")];
  const variables = {};
  const [declared, parts] = [[], []];
  edits.forEach(({ kind, table, record, filters, values }, at) => {
    const { roots, types } = table;
    if (kind === "insert") {
      declared.push(`$o${at}: ${types.insert_input}!`);
      variables[`o${at}`] = Object.fromEntries(values);
      parts.push(`m${at}: ${roots.insert}(objects: [$o${at}]) { ${affected} }`);
      return;
    }
    declared.push(`$w${at}: ${types.bool_exp}!`);
    const watched = kind === "delete" ? table.columns : table.columns.filter((column) => values.has(column.field));
    variables[`w${at}`] = where(structure, [...filters, ...unchanged(watched, record)]);
    if (kind === "update") {
      declared.push(`$s${at}: ${types.set_input}`);
      variables[`s${at}`] = Object.fromEntries(values);
    }
    const set = kind === "update" ? `_set: $s${at}, ` : "";
    parts.push(`m${at}: ${roots[kind]}(where: $w${at}, ${set}${most}: 1) { ${affected} }`);
  });
  return { query: `mutation changes(${declared.join(", ")}) {\n  ${parts.join("\n  ")}\n}`, variables };
}

// Conditions that these columns still hold what was read of them.
function unchanged(columns, record) {
  const known = columns.filter((column) => record[column.field] !== undefined && !column.key && !UNCOMPARED.has(column.scalar));
  return known.map((column) => {
    const value = record[column.field];
    return value === null ? { column, operator: "is", value: "null" } : { column, operator: "eq", value };
  });
}

function randomKey() {
  return [...crypto.getRandomValues(new Uint8Array(KEY_BYTES))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
