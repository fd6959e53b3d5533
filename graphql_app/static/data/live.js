// The first rows of a view, sent by the server whenever they change: a GraphQL subscription over server-sent events.
import { ask } from "../caller.js";
import { fieldsOf } from "./api.js";
import { keyOf, orderBy, readable, where, word } from "./view.js";

const WATCHED = 100; // rows that are watched at a time, or as many as the server's limits let through
const AGAIN = 2000; // milliseconds to wait when the connection broke

// Calls `rows` with the rows at once and after each change, and whether these are all; `failed` with words, when that ends
// it. Gives a function that ends it.
export function watch(structure, view, { rows, failed }) {
  const ended = new AbortController();
  const { table } = view;
  const keys = keyOf(table).filter((column) => !view.order.some((term) => term.column === column));
  const order = [...view.order, ...keys.map((column) => ({ column, down: false }))];
  const query = `subscription watch($where: ${table.types.bool_exp}, $order: [${table.types.order_by}!], $limit: Int) {
  rows: ${table.roots.list}(where: $where, ${word(structure, "order_by")}: $order, limit: $limit) { ${fieldsOf(table, view.select ?? readable(table)).join(" ")} }
}`;
  const variables = { where: where(structure, view.filters), order: orderBy(structure, order), limit: WATCHED };

  async function listen() {
    try {
      const headers = { "Content-Type": "application/json", Accept: "text/event-stream" };
      const answer = await ask("graphql", { method: "POST", body: JSON.stringify({ query, variables }), headers, signal: ended.signal });
      for await (const told of messages(answer)) {
        if (told.data) rows(told.data.rows, told.data.rows.length < variables.limit);
        else if (told.errors[0].extensions?.reason !== "LIMIT_EXCEEDED" || variables.limit === 1) return failed(told.errors[0].message);
        else return fewer();
      }
    } catch (error) {
      if (ended.signal.aborted) return undefined;
    }
    return void setTimeout(() => ended.signal.aborted || listen(), AGAIN);
  }

  function fewer() {
    variables.limit = Math.ceil(variables.limit / 2);
    return listen();
  }

  listen();
  return () => ended.abort();
}

// The JSON of each event of an answer; of an answer that is no stream its own.
async function* messages(answer) {
  if (!answer.headers.get("content-type")?.startsWith("text/event-stream")) {
    const told = await answer.json();
    yield told.errors ? told : { errors: [{ message: told.message ?? `The server answered ${answer.status}.` }] };
    return;
  }
  let rest = "";
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const events = (rest + part.value).split(/\r?\n\r?\n/);
    rest = events.pop();
    for (const event of events) {
      const data = event.split(/\r?\n/).filter((line) => line.startsWith("data:")).map((line) => line.slice(5)).join("\n");
      if (data.trim()) yield JSON.parse(data);
    }
  }
}
