// Starts Swagger UI on the server's own description: of all tables where they are few, else of one that is chosen.
//
// The address parameter `table` names one.
import { ask, headers, showCaller } from "./caller.js";
import { element } from "./elements.js";

const FEW = 40; // Swagger UI takes a minute for hundreds of tables, and then shows a part of them

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

const answer = await ask("structure.json");
const { tables, roles } = answer.ok ? await answer.json() : { tables: [], roles: [] };
if (roles !== null) showCaller(document.getElementById("caller"), roles, !answer.ok);
const asked = new URLSearchParams(location.search).get("table");
const few = tables.length <= FEW;
const table = asked || (few ? "" : tables[0].name);

const picker = document.getElementById("table");
if (few) picker.append(element("option", { value: "" }, "all"));
picker.append(...tables.map(({ name }) => element("option", { value: name, selected: name === table }, name)));
picker.addEventListener("change", () => (location.search = `?table=${encodeURIComponent(picker.value)}`));

if (!answer.ok) document.getElementById("docs").append(element("p", {}, `${(await answer.json()).message}.`));
else window.SwaggerUIBundle({
  dom_id: "#docs",
  url: table ? `openapi.json?table=${encodeURIComponent(table)}` : "openapi.json",
  deepLinking: true,
  docExpansion: table ? "list" : "none",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: !table,
  requestInterceptor: (request) => Object.assign(request, { headers: { ...request.headers, ...headers() } }),
  validatorUrl: null, // it would call a public service
});
