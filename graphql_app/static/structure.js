// What the pages show of the database: structure.json, asked until it is answered, and what follows from it.
import { anybody, ask, showCaller } from "./caller.js";

const AGAIN = 2000;
const UNKNOWN = 401; // who asks has to be said
const HIDDEN = 403; // the operator does not want the structure shown, or not to this caller

// Calls `open` with the structure. Until then `summary`, an element, tells why there is none; `caller` is where it is
// said who asks.
export async function readStructure(summary, caller, open) {
  try {
    const answer = await ask("structure.json");
    if (answer.status === HIDDEN || answer.status === UNKNOWN) {
      summary.textContent = `${(await answer.json()).message}.`;
      showCaller(caller, [], answer.status === UNKNOWN);
      return;
    }
    if (!answer.ok) throw new Error(`${(await answer.json()).message}. Trying again…`);
    const structure = await answer.json();
    if (structure.roles !== null || anybody()) showCaller(caller, structure.roles ?? []);
    open(structure);
  } catch (error) {
    summary.textContent = error instanceof TypeError ? "The server does not answer. Trying again…" : error.message;
    setTimeout(() => readStructure(summary, caller, open), AGAIN);
  }
}

// The table that most relations lead to and from, which shows most of the others.
export function busiest(tables) {
  const relations = new Map(tables.map((table) => [table.name, table.references.length]));
  for (const table of tables) {
    for (const name of new Set(table.references.map((reference) => reference.table))) relations.set(name, relations.get(name) + 1);
  }
  return [...tables].sort((a, b) => relations.get(b.name) - relations.get(a.name))[0];
}

// [table, reference] of every foreign key that points at the table called `name`.
export const referring = (tables, name) =>
  tables.flatMap((table) => table.references.filter((reference) => reference.table === name).map((reference) => [table, reference]));
