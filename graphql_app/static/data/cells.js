// Values as they are: a NULL is no empty text, a number stands right, JSON and files are told by what they hold.
import { element } from "../elements.js";

const SHOWN = 300; // letters of a long text that a cell takes; the sheet has all of it
const NUMBERS = new Set(["Int", "Float", "bigint", "decimal", "year"]);
const IMAGES = { iVBORw0KGgo: "png", "/9j/": "jpeg", R0lGOD: "gif", UklGR: "webp" };

export const isNumber = (column) => NUMBERS.has(column.scalar);

// What a cell shows of a value: one line.
export function cellOf(column, value) {
  if (value === undefined) return element("span", { class: "quiet" }, "…");
  if (value === null) return element("span", { class: "null" }, "NULL");
  if (value === "") return element("span", { class: "quiet" }, "empty");
  if (column.scalar === "binary") return element("span", { class: "quiet" }, bytes(value));
  return document.createTextNode(line(column, value));
}

// A value as one line of text, as a cell has it.
export function line(column, value) {
  if (value === null) return "NULL";
  if (column.scalar === "geometry") return geometry(value);
  const text = Array.isArray(value) && column.scalar === "String" ? value.join(", ") : typeof value === "object" ? JSON.stringify(value) : String(value);
  const short = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  return /[\n\r\t]/.test(short) ? short.replace(/\r\n|[\n\r]/g, " ↵ ").replaceAll("\t", " ") : short;
}

// The whole of a value, as the sheet has it: texts unfolded, JSON as a tree, files to save, places on a plain map.
export function wholeOf(column, value, name) {
  if (value === null || value === "" || value === undefined) return cellOf(column, value);
  if (column.scalar === "binary") return file(value, name);
  if (column.scalar === "json") return typeof value === "object" ? tree(value) : element("code", {}, JSON.stringify(value));
  if (column.scalar === "geometry") return element("div", {}, map(value), element("details", {}, element("summary", {}, geometry(value)), tree(value)));
  if (typeof value === "string" && /^https?:\/\/\S+$/.test(value)) return element("a", { href: value, rel: "noreferrer noopener", target: "_blank" }, value);
  return element("span", { class: "whole" }, line(column, value).length < 100 && typeof value !== "string" ? line(column, value) : String(value));
}

// A length in bytes of what is in base64, in words.
function bytes(base64) {
  const length = (base64.length * 3) / 4 - (base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0);
  return length < 1000 ? `${length} bytes` : length < 1e6 ? `${(length / 1e3).toFixed(1)} kB` : `${(length / 1e6).toFixed(1)} MB`;
}

function file(base64, name) {
  const image = Object.entries(IMAGES).find(([start]) => base64.startsWith(start))?.[1];
  const link = element("a", { href: `data:application/octet-stream;base64,${base64}`, download: `${name}.${image ?? "bin"}` }, `Save ${bytes(base64)}`);
  const shown = image ? element("img", { src: `data:image/${image};base64,${base64}`, alt: `Picture in ${name}` }) : hex(base64);
  return element("div", { class: "file" }, shown, link);
}

function hex(base64) {
  const start = [...atob(base64.slice(0, 44))].map((letter) => letter.charCodeAt(0).toString(16).padStart(2, "0"));
  return element("code", {}, start.join(" ") + (base64.length > 44 ? " …" : ""));
}

// JSON as a tree that folds; large branches begin folded.
function tree(value, name = null) {
  const label = name === null ? "" : `${name}: `;
  if (value === null || typeof value !== "object") return element("div", { class: "leaf" }, label, element("code", {}, JSON.stringify(value)));
  const entries = Object.entries(value);
  const many = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`;
  const box = element("details", { class: "tree" }, element("summary", {}, `${label}${many}`));
  const fill = () => box.childElementCount === 1 && box.append(...entries.map(([key, each]) => tree(each, key)));
  box.open = entries.length <= 12 && name === null;
  if (box.open) fill();
  box.addEventListener("toggle", fill);
  return box;
}

const geometry = (value) => (value.coordinates && value.type === "Point" ? `Point ${value.coordinates.join(", ")}` : value.type);

const SVG = "http://www.w3.org/2000/svg";

// A place drawn within its own bounds, north above: a map without a picture beneath.
function map(value) {
  const lines = [];
  const walk = (each) => {
    if (each.geometries) each.geometries.forEach(walk);
    else (function down(part) {
      if (typeof part[0] === "number") lines.push([part]);
      else if (typeof part[0]?.[0] === "number") lines.push(part);
      else part.forEach(down);
    })(each.coordinates ?? []);
  };
  walk(value);
  const points = lines.flat();
  if (points.length === 0) return "";
  const range = (at) => points.reduce(([low, high], point) => [Math.min(low, point[at]), Math.max(high, point[at])], [Infinity, -Infinity]);
  const [[west, east], [south, north]] = [range(0), range(1)];
  const size = Math.max(east - west, north - south) || 1;
  const place = ([x, y]) => [10 + (80 * (x - (west + east) / 2)) / size + 40, 50 - (80 * (y - (south + north) / 2)) / size];
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, words] of Object.entries({ viewBox: "0 0 100 100", class: "map", role: "img", "aria-label": geometry(value) })) svg.setAttribute(key, words);
  for (const each of lines) {
    const drawn = document.createElementNS(SVG, each.length === 1 ? "circle" : "polyline");
    const [x, y] = place(each[0]);
    const shape = each.length === 1 ? { cx: x, cy: y, r: 3 } : { points: each.map((point) => place(point).join(",")).join(" ") };
    for (const [key, words] of Object.entries(shape)) drawn.setAttribute(key, words);
    svg.append(drawn);
  }
  return svg;
}
