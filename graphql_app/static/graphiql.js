// Starts GraphiQL against the GraphQL address beside this page, with a first query made from the real schema.
//
// Address parameters: `query` and `variables` open a shared query, `table` a first query on that root field.
import { anybody, ask, headers, showCaller } from "./caller.js";

(() => {
  const kit = window.GraphiQLKit;
  const h = kit.createElement;
  const parameters = new URLSearchParams(location.search);

  const HELP = [
    "# Ctrl-Enter runs, Ctrl-Space completes.",
    "# Left: documentation, history, builder.",
    "",
    "",
  ].join("\n");
  const ROWS = 10;
  const COLUMNS = 6;

  const http = new URL("graphql", document.baseURI);
  const socket = new URL(http.href.replace(/^http/, "ws"));
  const fetcher = kit.createGraphiQLFetcher({
    url: http.href,
    subscriptionUrl: socket.href,
    headers: headers(),
    wsConnectionParams: { headers: headers() },
  });
  const plugins = [kit.explorerPlugin({ showAttribution: false })];

  // A visitor without a query of their own gets ours once the schema is known.
  const shared = parameters.get("query");
  const table = parameters.get("table");
  const firstVisit = shared === null && (table !== null || remembered("graphiql:tabState") === null);

  function remembered(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // the browser forbids storage to this page
    }
  }

  function isListOfObjects(field) {
    const type = kit.isNonNullType(field.type) ? field.type.ofType : field.type;
    return kit.isListType(type) && kit.isObjectType(kit.getNamedType(type)) && !field.args.some(kit.isRequiredArgument);
  }

  function isPlainColumn(field) {
    return kit.isLeafType(kit.getNamedType(field.type)) && field.args.length === 0;
  }

  // The query a table is met with: its first columns of its first rows. Empty where the schema has no list of objects.
  function firstQuery(schema) {
    const roots = Object.values(schema.getQueryType()?.getFields() ?? {}).filter(isListOfObjects);
    const root = roots.find((field) => field.name === table) ?? roots[0];
    if (!root) return "";
    const columns = Object.values(kit.getNamedType(root.type).getFields()).filter(isPlainColumn).slice(0, COLUMNS);
    const limit = root.args.some((argument) => argument.name === "limit") ? `(limit: ${ROWS})` : "";
    const names = columns.length > 0 ? columns.map((column) => column.name) : ["__typename"];
    return [`query ${root.name} {`, `  ${root.name}${limit} {`, ...names.map((name) => `    ${name}`), "  }", "}", ""].join("\n");
  }

  function linkTo(query, variables) {
    const link = new URL("graphiql", document.baseURI); // the GraphQL address would run the query
    link.searchParams.set("query", query);
    if (variables.trim()) link.searchParams.set("variables", variables);
    return link.href;
  }

  // Headers are left out of the link on purpose: they hold secrets.
  function ShareButton() {
    const { queryEditor, variableEditor } = kit.useEditorContext({ nonNull: true });
    const [label, setLabel] = kit.useState("Copy a link to this query");
    const share = async () => {
      const link = linkTo(queryEditor.getValue(), variableEditor?.getValue() ?? "");
      try {
        history.replaceState(null, "", link);
        await navigator.clipboard.writeText(link);
        setLabel("Link copied");
      } catch {
        setLabel("The link is in the address bar"); // no clipboard outside of https and localhost
      }
    };
    const icon = h(
      "svg",
      { className: "graphiql-toolbar-icon", viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", strokeWidth: 1.5, "aria-hidden": true },
      h("path", { d: "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1.5 1.5M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1.5-1.5" }),
    );
    return h(kit.ToolbarButton, { label, onClick: share }, icon);
  }

  function toolbar({ prettify, merge, copy }) {
    return [prettify, merge, copy, h(ShareButton, { key: "share" })];
  }

  // Once edited, a shared query is no longer what the address says, and a reload must not bring it back.
  function forgetLink() {
    if (location.search) history.replaceState(null, "", location.pathname);
  }

  let content = shared ?? HELP;
  let showFirstQuery = () => {};

  function onSchemaChange(schema) {
    showFirstQuery(schema);
  }

  function Page() {
    const [query, setQuery] = kit.useState(firstVisit ? HELP : (shared ?? undefined));
    const [welcome, setWelcome] = kit.useState(HELP);
    showFirstQuery = (schema) => {
      const text = HELP + firstQuery(schema);
      setWelcome(text);
      if (firstVisit && content === HELP) setQuery(text);
    };
    const onEditQuery = (text) => {
      content = text;
      if (shared !== null && text !== shared) forgetLink();
    };
    const variables = shared === null ? undefined : (parameters.get("variables") ?? "");
    return h(
      kit.GraphiQL,
      { fetcher, plugins, query, variables, defaultQuery: welcome, onEditQuery, onSchemaChange },
      h(kit.GraphiQL.Logo, null, h("a", { className: "graphiql-logo-link", href: "./" }, "graphql-app")),
      h(kit.GraphiQL.Toolbar, null, toolbar),
    );
  }

  // Where callers are told apart, who asks can be said; the start page knows it in every case.
  ask("structure.json", { method: "HEAD" }).then(({ status }) => {
    if (anybody() || status === 401 || status === 403) showCaller(document.getElementById("caller"), [], status === 401);
  });

  kit.createRoot(document.getElementById("graphiql")).render(h(Page));
})();
