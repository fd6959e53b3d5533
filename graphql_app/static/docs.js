// Starts Swagger UI on the server's own description: of all tables where they are few, else of one that is chosen.
//
// The address parameter `table` names one; `table=` alone means all of them, however many.
import { element } from "./elements.js";

const FEW = 40; // hundreds of tables are megabytes, and take the browser many seconds

const answer = await fetch("structure.json");
const tables = answer.ok ? (await answer.json()).tables : [];
const asked = new URLSearchParams(location.search).get("table");
const table = asked ?? (tables.length > FEW ? tables[0].name : "");

const picker = document.getElementById("table");
picker.append(element("option", { value: "" }, `All ${tables.length} tables`));
picker.append(...tables.map(({ name }) => element("option", { value: name, selected: name === table }, name)));
picker.addEventListener("change", () => (location.search = `?table=${encodeURIComponent(picker.value)}`));

window.SwaggerUIBundle({
  dom_id: "#docs",
  url: table ? `openapi.json?table=${encodeURIComponent(table)}` : "openapi.json",
  deepLinking: true,
  docExpansion: table ? "list" : "none",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: !table,
  validatorUrl: null, // it would call a public service
});
