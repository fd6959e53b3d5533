// Import of a file of CSV or JSON lines into one table: a place to drop it, its progress, and what became of its rows.
import { headers } from "./caller.js";
import { fileForm, previewOf } from "./data/import_preview.js";
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

// The form for `table`, as one element; `given` is a file that was dropped already, `done` is called when rows are in.
export function importForm(table, given = null, done = () => {}) {
  const chosen = { file: null, key: null, looking: new AbortController() };
  const input = element("input", { type: "file", accept: `${ENDINGS},text/csv`, id: "file", "aria-describedby": "header" });
  const words = element("span", {}, ASK);
  const zone = element("label", { class: "drop", for: "file" }, words, input);
  const mode = element("select", { id: "mode" }, MODES.map(([name, what]) => element("option", { value: name }, `${name}: ${what}`)));
  const dry = element("input", { type: "checkbox", id: "dry" });
  const start = element("button", { type: "button", class: "main", disabled: true }, "Import");
  const stop = element("button", { type: "button", hidden: true }, "Stop");
  const bar = element("progress", { max: 1, value: 0, hidden: true, "aria-label": "Sent" });
  const result = element("div", { class: "result", role: "status" });

  const preview = element("div", { class: "file-preview", role: "status" });
  const form = fileForm(() => look());

  const choose = (file) => {
    chosen.file = file ?? null;
    words.textContent = file ? `${file.name}, ${size(file.size)}` : ASK;
    result.replaceChildren();
    look();
  };

  // Tries the beginning of the file, and lets nothing be imported before that is answered.
  const look = async () => {
    chosen.looking.abort();
    chosen.key = null; // other ways to read a file are another request
    [start.disabled, form.box.hidden] = [true, !chosen.file];
    preview.replaceChildren(...(chosen.file ? ["Looking into the file…"] : []));
    if (!chosen.file) return;
    const { signal } = (chosen.looking = new AbortController());
    const shown = await previewOf(table, chosen.file, { ...form.query(), mode: mode.value }, signal).catch((error) => (error.name === "AbortError" ? null : [failed("The file cannot be looked into just now.")]));
    if (shown === null || signal.aborted) return;
    preview.replaceChildren(...shown);
    start.disabled = false;
  };
  mode.addEventListener("change", look);
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
    chosen.key ??= newKey();
    const query = { ...form.query(), mode: mode.value, dry_run: dry.checked, table: table.name };
    const sending = send(chosen.file, query, dry.checked ? null : chosen.key, (share) => {
      if (share < 1) bar.value = share;
      else bar.removeAttribute("value");
      result.replaceChildren(share < 1 ? `Sent ${Math.floor(share * 100)} %` : "All sent; the database is at work…");
    });
    stop.onclick = () => sending.stop();
    sending.done
      .then(({ shown, imported }) => {
        result.replaceChildren(...shown);
        if (imported > 0 && !dry.checked) done();
      })
      .finally(() => busy(false));
  });

  form.box.hidden = true;
  if (given) choose(given);

  const needed = table.columns.map((column) => column.name).join(",");
  return element(
    "div",
    { class: "import" },
    zone,
    element("p", { id: "header", class: "hint" }, "The first line of CSV names columns, in any order: ", element("code", {}, needed)),
    element("div", { class: "row" }, element("label", { for: "mode" }, "Mode "), mode),
    element("div", { class: "row" }, element("label", { class: "check" }, dry, " Dry run: try every row, keep none"), start, stop),
    form.box,
    preview,
    bar,
    result,
  );
}

// Under the same key an import that broke off is gone on with: what is in is passed over.
const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

// Sends the file; `done` gives the elements that tell of it. XMLHttpRequest, for `fetch` does not tell how far it is.
function send(file, query, key, progress) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve) => {
    request.upload.onprogress = (event) => progress(event.total ? event.loaded / event.total : 0);
    request.onload = () => resolve(told(request, query.dry_run));
    const broken = (words) => resolve({ shown: [failed(`${words} Rows that were in stay in; the same file goes on from there.`)], imported: 0 });
    request.onerror = () => broken("The connection broke.");
    request.onabort = () => broken("Stopped.");
    request.open("POST", new URL(`api/batch/import?${new URLSearchParams(query)}`, document.baseURI));
    if (key) request.setRequestHeader("Idempotency-Key", key);
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
    return { shown: [failed(`The server answered ${request.status}, which makes no sense here.`)], imported: 0 };
  }
  if (!answer.data?.errors) return { shown: [failed(answer.message)], imported: 0 };
  const { rows_total: total, rows_imported: imported, rows_failed: refused, errors } = answer.data;
  const passed = total - imported - refused;
  const figures = [`${plural(total, "row")} read`, `${count(imported)} ${dry ? "would be imported" : "imported"}`, `${count(refused)} refused`];
  if (passed > 0) figures.push(`${count(passed)} passed over`);
  const shown = [element("p", { class: refused ? "bad" : "good" }, `${answer.message}: ${figures.join(", ")}.`)];
  if (answer.data.detected) shown.push(recognised(answer.data.detected));
  if (errors.length) shown.push(refusals(errors, refused));
  return { shown, imported };
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
