// Import of a file of CSV or JSON lines into one table: a place to drop it, its progress, and what became of its rows.
import { headers } from "./caller.js";
import { count, element, plural } from "./elements.js";

const MODES = [
  ["insert", "refuse rows whose key is there"],
  ["upsert", "update rows whose key is there"],
  ["update", "only update rows, by primary key"],
  ["ignore", "pass over rows whose key is there"],
];
const SHOWN_ERRORS = 200;
const ENDINGS = ".csv,.tsv,.txt,.ndjson,.jsonl";
const ASK = "Drop a file of CSV or JSON lines here, or choose one";

// The form for `table`, as one element.
export function importForm(table) {
  const chosen = { file: null };
  const input = element("input", { type: "file", accept: `${ENDINGS},text/csv`, id: "file", "aria-describedby": "header" });
  const words = element("span", {}, ASK);
  const zone = element("label", { class: "drop", for: "file" }, words, input);
  const mode = element("select", { id: "mode" }, MODES.map(([name, what]) => element("option", { value: name }, `${name}: ${what}`)));
  const dry = element("input", { type: "checkbox", id: "dry" });
  const start = element("button", { type: "button", class: "main", disabled: true }, "Import");
  const stop = element("button", { type: "button", hidden: true }, "Stop");
  const bar = element("progress", { max: 1, value: 0, hidden: true, "aria-label": "Sent" });
  const result = element("div", { class: "result", role: "status" });

  const choose = (file) => {
    chosen.file = file ?? null;
    words.textContent = file ? `${file.name}, ${size(file.size)}` : ASK;
    start.disabled = !file;
    result.replaceChildren();
  };
  input.addEventListener("change", () => choose(input.files[0]));
  for (const kind of ["dragenter", "dragover"]) zone.addEventListener(kind, (event) => over(event, true));
  for (const kind of ["dragleave", "drop"]) zone.addEventListener(kind, (event) => over(event, false));
  zone.addEventListener("drop", (event) => choose(event.dataTransfer.files[0]));
  function over(event, inside) {
    event.preventDefault();
    zone.classList.toggle("over", inside);
  }

  const busy = (now) => {
    [start.disabled, input.disabled, mode.disabled, dry.disabled] = [now, now, now, now];
    [stop.hidden, bar.hidden] = [!now, !now];
  };
  start.addEventListener("click", () => {
    busy(true);
    result.replaceChildren("Sending…");
    const sending = send(table, chosen.file, mode.value, dry.checked, (share) => {
      if (share < 1) bar.value = share;
      else bar.removeAttribute("value");
      result.replaceChildren(share < 1 ? `Sent ${Math.floor(share * 100)} %` : "All sent; the database is at work…");
    });
    stop.onclick = () => sending.stop();
    sending.done.then((shown) => result.replaceChildren(...shown)).finally(() => busy(false));
  });

  const needed = table.columns.map((column) => column.name).join(",");
  return element(
    "div",
    { class: "import" },
    zone,
    element("p", { id: "header", class: "hint" }, "The first line of CSV names columns, in any order: ", element("code", {}, needed)),
    element("div", { class: "row" }, element("label", { for: "mode" }, "Mode "), mode),
    element("div", { class: "row" }, element("label", { class: "check" }, dry, " Dry run: try every row, keep none"), start, stop),
    bar,
    result,
  );
}

function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

// Sends the file; `done` gives the elements that tell of it. XMLHttpRequest, for `fetch` does not tell how far it is.
function send(table, file, mode, dry, progress) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve) => {
    request.upload.onprogress = (event) => progress(event.total ? event.loaded / event.total : 0);
    request.onload = () => resolve(told(request, dry));
    request.onerror = () => resolve([failed("The connection broke. Rows that were in stay in.")]);
    request.onabort = () => resolve([failed("Stopped. Rows that were in stay in.")]);
    const query = new URLSearchParams({ mode, dry_run: dry, table: table.name });
    request.open("POST", new URL(`api/batch/import?${query}`, document.baseURI));
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    const form = new FormData();
    form.append("file", file, file.name); // its ending says what it is of
    request.send(form);
  });
  return { done, stop: () => request.abort() };
}

function told(request, dry) {
  let answer = null;
  try {
    answer = JSON.parse(request.responseText);
  } catch {
    return [failed(`The server answered ${request.status}, which makes no sense here.`)];
  }
  if (!answer.data?.errors) return [failed(answer.message)];
  const { rows_total: total, rows_imported: imported, rows_failed: refused, errors } = answer.data;
  const passed = total - imported - refused;
  const figures = [`${plural(total, "row")} read`, `${count(imported)} ${dry ? "would be imported" : "imported"}`, `${count(refused)} refused`];
  if (passed > 0) figures.push(`${count(passed)} passed over`);
  const shown = [element("p", { class: refused ? "bad" : "good" }, `${answer.message}: ${figures.join(", ")}.`)];
  if (answer.data.detected) shown.push(recognised(answer.data.detected));
  if (errors.length) shown.push(refusals(errors, refused));
  return shown;
}

// What of the file's form is unlike the program's own files.
function recognised(detected) {
  const words = Object.entries(detected).map(([name, value]) => `${name} ${value === "\t" ? "tab" : value}`);
  return element("p", { class: "hint detected" }, `Recognised: ${words.join(", ")}`);
}

function failed(words) {
  return element("p", { class: "bad" }, words);
}

function refusals(errors, all) {
  const shown = errors.slice(0, SHOWN_ERRORS);
  const head = element("tr", {}, ["Line", "Column", "Refused because"].map((words) => element("th", { scope: "col" }, words)));
  const rows = shown.map((error) =>
    element("tr", {}, [[error.line], [error.column ?? ""], [error.message, element("code", {}, error.code)]].map((cell) => element("td", {}, ...cell))),
  );
  const caption = shown.length < all ? `The first ${plural(shown.length, "refused row")} of ${count(all)}` : "Refused rows";
  const table = element("table", {}, element("caption", {}, caption), element("thead", {}, head), element("tbody", {}, rows));
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, table);
}
