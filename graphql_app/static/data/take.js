// The view as code to take away: GraphQL, REST, curl, CSV.
import { headers } from "../caller.js";
import { code, element, quoted } from "../elements.js";
import { pageOf } from "./api.js";
import { exported } from "../table.js";
import { openPopover } from "./popover.js";
import { restQuery } from "./view.js";

const SIZE = 100;
const base = () => new URL(".", document.baseURI).href;

// Headers of whoever asks, as arguments of curl; what is secret is left for the reader to fill in.
const asked = () => Object.entries(headers()).map(([name, value]) => ` \\\n  -H ${quoted(`${name}: ${/^x-hasura-(?!admin)/.test(name) ? value : "…"}`)}`).join("");

const rest = (view, more) => {
  const query = [restQuery(view), more].filter(Boolean).join("&");
  return `api/${view.table.path}/${query ? `query?${query}` : "query"}`;
};

const exportAddress = (view) => `api/${view.table.path}/export${restQuery(view) ? `?${restQuery(view)}` : ""}`;

// The rows and columns of the view as files, beside `anchor`.
export function files(anchor, { table, ...view }) {
  const address = exportAddress({ table, ...view });
  const sheet = `${address}${address.includes("?") ? "&" : "?"}format=spreadsheet`;
  const links = [
    exported(table, address, { words: "CSV" }),
    exported(table, sheet, { words: "CSV for spreadsheets" }),
    exported(table, rest({ table, ...view }, ""), { words: "JSON lines", ending: "ndjson", accept: "application/x-ndjson" }),
  ];
  openPopover(anchor, "Export", element("div", { class: "items" }, links));
}

// [what it is, the text] of each form.
export function forms(structure, view) {
  const { query, variables } = pageOf(structure, view, SIZE, null);
  const body = JSON.stringify({ query: query.replace(/\s+/g, " "), variables });
  return [
    ["GraphQL", query],
    ["Variables", JSON.stringify(variables, null, 2)],
    ["GraphQL with curl", `curl -s ${base()}graphql \\\n  -H 'Content-Type: application/json'${asked()} \\\n  -d ${quoted(body)}`],
    ["REST", `GET /${rest(view, `limit=${SIZE}`)}`],
    ["REST with curl", `curl -s ${quoted(base() + rest(view, `limit=${SIZE}`))}${asked()}`],
    ["CSV with curl", `curl -s ${quoted(base() + exportAddress(view))}${asked()} -o ${quoted(`${view.table.name}.csv`)}`],
  ];
}

// Shows them all beside `anchor`.
export function take(anchor, structure, view) {
  const parts = forms(structure, view).map(([title, words]) => element("section", {}, element("h3", {}, title), code(words, title)));
  const { query, variables } = pageOf(structure, view, SIZE, null);
  const link = `graphiql?${new URLSearchParams({ query, variables: JSON.stringify(variables, null, 2) })}`;
  openPopover(anchor, "These rows as code", element("div", { class: "take" }, structure.graphiql && element("p", {}, element("a", { href: link }, "Open in GraphiQL")), parts));
}
