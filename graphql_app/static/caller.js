// Who asks: what visitors say of themselves, kept for this tab alone, as headers of every request of the pages.
import { element } from "./elements.js";

const KEPT = "graphql-app:caller";
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/; // three parts; an admin secret is whatever else
const VARIABLE = /(x-hasura-[\w-]+)\s*[=:]\s*([^,;\s]+)/gi;

function said() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT)) ?? {};
  } catch {
    return {}; // the browser forbids storage to this page
  }
}

// The headers that say it; none where nothing was said.
export function headers() {
  const { key = "", role = "", variables = "" } = said();
  const found = {};
  if (key) Object.assign(found, TOKEN.test(key) ? { Authorization: `Bearer ${key}` } : { "x-hasura-admin-secret": key });
  if (role) found["x-hasura-role"] = role;
  for (const [, name, value] of variables.matchAll(VARIABLE)) found[name.toLowerCase()] = value;
  return found;
}

export const anybody = () => Object.keys(headers()).length > 0;

// As `fetch`, by whoever asks.
export const ask = (address, options = {}) => fetch(address, { ...options, headers: { ...options.headers, ...headers() } });

// Fills `box`, a details element, with the form, and shows it; `roles` are offered. What is said holds from a reload on.
export function showCaller(box, roles = [], open = false) {
  const now = said();
  const known = roles.length > 0 ? roles : (now.roles ?? []);
  const field = (name, label, more) => {
    const input = element("input", { id: `caller-${name}`, name, autocomplete: "off", spellcheck: "false", ...more });
    input.value = now[name] ?? "";
    return element("label", {}, `${label} `, input);
  };
  const choices = element("datalist", { id: "caller-roles" }, known.map((role) => element("option", { value: role })));
  const form = element(
    "form",
    { class: "caller" },
    field("key", "Token or admin secret", { type: "password" }),
    field("role", "Role", { list: "caller-roles" }),
    field("variables", "Variables", { placeholder: "x-hasura-user-id=1" }),
    choices,
    element("button", { type: "submit" }, "Ask so"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(form));
    sessionStorage.setItem(KEPT, JSON.stringify({ ...given, roles: known }));
    location.reload();
  });
  const { role, key } = now;
  const who = role || (key ? "by what was given" : "nobody in particular");
  box.replaceChildren(element("summary", {}, `Asking as ${who}`), form);
  box.hidden = false;
  box.open = open;
}
