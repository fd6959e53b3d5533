// A grid of which only what is in sight is there: rows of one height, columns of their own widths, some of them pinned.
//
// The focus stays on the grid itself, which names its active cell: cells come and go while one scrolls.
import { element } from "../elements.js";

export const ROW = 32; // pixels, as in data.css
const GUTTER = 54; // the column before all others: the row's number, which opens it
const SPARE = 6; // rows above and below the window
const NARROWEST = 48;
const STEP = 24;
const HEIGHT = 15_000_000; // pixels that a browser can scroll over for certain

let grids = 0;

export class Grid {
  left = 0; // how far it is scrolled to the right, also when it is shown no more
  #head = element("div", { role: "row", class: "grid-row grid-head", "aria-rowindex": 1 });
  #body = element("div", { role: "rowgroup", class: "grid-body" });
  #drawn = new Map();
  #columns = [];
  #lefts = [];
  #window = "";
  #active = { row: 0, column: 0 };
  #length = 0;
  #asked = false;
  #name = `grid${grids++}`;

  // `model` fills it: `head(column)` and `cell(row, column, box)` give what stands there, `open(row)`, `edit(row, column)`,
  // `sort(column, more)`, `menu(column, anchor)` do what was asked, `sight(last)` hears of the last row in sight, `key(event, row, column)`
  // may take a key, `resized(column)` hears of a new width.
  constructor(label, model) {
    this.model = model;
    this.box = element("div", { role: "grid", class: "grid", tabindex: 0, "aria-label": label }, element("div", { role: "rowgroup", class: "grid-top" }, this.#head), this.#body);
    this.box.addEventListener("scroll", () => ((this.left = this.box.scrollLeft), this.#later()), { passive: true });
    this.box.addEventListener("keydown", (event) => this.#key(event));
    this.box.addEventListener("click", (event) => this.#click(event));
    this.box.addEventListener("dblclick", (event) => this.#double(event));
    this.box.addEventListener("pointerdown", (event) => this.#size(event));
    new ResizeObserver(() => this.#later()).observe(this.box);
  }

  get active() {
    return this.#active;
  }

  // The columns: {name, width, pinned, right}; pinned ones go first. Everything is drawn anew.
  columns(columns) {
    this.#columns = [...columns.filter((each) => each.pinned), ...columns.filter((each) => !each.pinned)];
    this.#active.column = Math.min(this.#active.column, this.#columns.length);
    this.#measure();
  }

  #measure() {
    let left = GUTTER;
    this.#lefts = this.#columns.map((column) => (left += column.width) - column.width);
    this.#lefts.push(left);
    this.box.setAttribute("aria-colcount", this.#columns.length + 1);
    this.refresh();
  }

  // How many rows there are to scroll over, and how many in all as far as is known (-1: unknown).
  length(rows, total) {
    this.#length = Math.min(rows, Math.floor(HEIGHT / ROW));
    this.box.setAttribute("aria-rowcount", total === -1 ? -1 : total + 1);
    this.#body.style.height = `${this.#length * ROW}px`;
    this.#later();
  }

  // Draws everything in sight anew.
  refresh() {
    this.#window = "";
    this.#later();
  }

  top() {
    this.box.scrollTop = 0;
    this.#active.row = 0;
  }

  // The box of a cell in sight, to put an editor over it.
  cellAt(row, column) {
    return document.getElementById(`${this.#name}-${row}-${column}`);
  }

  columnAt(at) {
    return this.#columns[at - 1];
  }

  #later() {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      this.#draw();
    });
  }

  // The columns in sight: [first, after the last], of those that are not pinned.
  #span() {
    const pinned = this.#columns.filter((each) => each.pinned).length;
    const { scrollLeft, clientWidth } = this.box;
    let first = pinned;
    while (first < this.#columns.length - 1 && this.#lefts[first + 1] < scrollLeft + this.#lefts[pinned]) first += 1;
    let after = first;
    while (after < this.#columns.length && this.#lefts[after] < scrollLeft + clientWidth) after += 1;
    return [pinned, first, after];
  }

  #draw() {
    const { scrollTop, clientHeight } = this.box;
    if (clientHeight === 0) return;
    const span = this.#span();
    const width = this.#lefts.at(-1) ?? GUTTER;
    const drawn = `${span} ${width}`;
    if (drawn !== this.#window) {
      this.#window = drawn;
      for (const row of this.#drawn.values()) row.remove();
      this.#drawn.clear();
      this.#body.style.width = `${width}px`;
      this.#head.style.width = `${width}px`;
      this.#head.replaceChildren(...this.#cells(span, (at) => this.#headCell(at)));
    }
    const first = Math.max(0, Math.floor(scrollTop / ROW) - SPARE);
    const after = Math.min(this.#length, Math.ceil((scrollTop + clientHeight) / ROW) + SPARE);
    for (const [at, row] of this.#drawn) {
      if (at >= first && at < after) continue;
      row.remove();
      this.#drawn.delete(at);
    }
    for (let at = first; at < after; at += 1) if (!this.#drawn.has(at)) this.#add(at, span, width);
    this.#mark();
    this.model.sight(after);
  }

  #add(at, span, width) {
    const row = element("div", { role: "row", class: "grid-row", "aria-rowindex": at + 2 });
    row.style.top = `${at * ROW}px`;
    row.style.width = `${width}px`;
    row.append(...this.#cells(span, (column) => this.#bodyCell(at, column)));
    this.model.row?.(at, row);
    this.#drawn.set(at, row);
    this.#body.append(row);
  }

  // The cells in sight: the gutter, those pinned, a gap, the others.
  #cells([pinned, first, after], make) {
    const gap = element("div", { class: "gap" });
    gap.style.width = `${this.#lefts[first] - this.#lefts[pinned]}px`;
    const range = (from, to) => Array.from({ length: to - from }, (_, index) => make(from + index + 1));
    return [make(0), ...range(0, pinned), gap, ...range(first, after)];
  }

  #place(cell, at) {
    const column = this.#columns[at - 1];
    cell.setAttribute("aria-colindex", at + 1);
    cell.dataset.column = at;
    cell.style.width = `${column?.width ?? GUTTER}px`;
    if (at === 0 || column.pinned) {
      cell.classList.add("pinned");
      cell.style.left = `${at === 0 ? 0 : this.#lefts[at - 1]}px`;
    }
    return cell;
  }

  #headCell(at) {
    const cell = element("div", { role: "columnheader", class: "cell", id: `${this.#name}--1-${at}` });
    if (at === 0) cell.append(element("span", { class: "quiet" }, "#"));
    else this.model.head(this.#columns[at - 1], cell);
    if (at > 0) cell.append(element("span", { class: "edge" }));
    return this.#place(cell, at);
  }

  #bodyCell(row, at) {
    const cell = element("div", { role: "gridcell", class: "cell", id: `${this.#name}-${row}-${at}` });
    if (at === 0) cell.append(element("button", { type: "button", tabindex: -1, class: "number", "aria-label": `Open row ${row + 1}` }, String(row + 1)));
    else {
      if (this.#columns[at - 1].right) cell.classList.add("right");
      this.model.cell(row, this.#columns[at - 1], cell);
    }
    return this.#place(cell, at);
  }

  #mark() {
    const { row, column } = this.#active;
    this.box.querySelector(".active")?.classList.remove("active");
    const cell = this.cellAt(row, column);
    cell?.classList.add("active");
    if (cell) this.box.setAttribute("aria-activedescendant", cell.id);
    else this.box.removeAttribute("aria-activedescendant");
  }

  // Makes a cell the active one (row -1 is the head), and brings it into sight.
  go(row, column) {
    this.#active = { row: Math.max(-1, Math.min(this.#length - 1, row)), column: Math.max(0, Math.min(this.#columns.length, column)) };
    const { box } = this;
    const at = this.#active;
    if (at.row >= 0) {
      const [above, below] = [at.row * ROW, (at.row + 2) * ROW + 2];
      if (above < box.scrollTop) box.scrollTop = above;
      else if (below > box.scrollTop + box.clientHeight) box.scrollTop = below - box.clientHeight;
    }
    const pinned = this.#columns.filter((each) => each.pinned).length;
    if (at.column > pinned) {
      const [left, right, edge] = [this.#lefts[at.column - 1], this.#lefts[at.column], this.#lefts[pinned]];
      if (left - edge < box.scrollLeft) box.scrollLeft = left - edge;
      else if (right > box.scrollLeft + box.clientWidth) box.scrollLeft = Math.min(left - edge, right - box.clientWidth);
    }
    this.#draw();
  }

  #key(event) {
    if (event.target !== this.box) return;
    const { row, column } = this.#active;
    const page = Math.max(1, Math.floor(this.box.clientHeight / ROW) - 2);
    const all = event.ctrlKey || event.metaKey;
    const moves = {
      ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
      PageUp: [Math.max(0, row - page), column], PageDown: [row + page, column],
      Home: all ? [0, 0] : [row, 0], End: all ? [this.#length - 1, this.#columns.length] : [row, this.#columns.length],
    };
    const plain = !event.altKey && !(event.shiftKey && event.key !== "Enter");
    if (plain && moves[event.key]) this.go(...moves[event.key]);
    else if (row === -1 ? !this.#headKey(event, column) : !this.#rowKey(event, row, column)) return;
    event.preventDefault();
  }

  #headKey(event, at) {
    const column = this.#columns[at - 1];
    if (!column) return false;
    if (event.altKey && (event.key === "ArrowLeft" || event.key === "ArrowRight")) this.#resize(column, column.width + (event.key === "ArrowLeft" ? -STEP : STEP));
    else if (event.key === "Enter") this.model.sort(column, event.shiftKey);
    else if (event.key === " " || event.key === "ArrowDown") this.model.menu(column, this.cellAt(-1, at));
    else return false;
    return true;
  }

  #rowKey(event, row, at) {
    if (row >= this.#length) return false;
    if (this.model.key?.(event, row, this.#columns[at - 1])) return true;
    if (event.key === " " || (event.key === "Enter" && at === 0)) this.model.open(row);
    else if (event.key === "Enter" || event.key === "F2") this.model.edit(row, this.#columns[at - 1]);
    else return false;
    return true;
  }

  // The row and column that an event is about.
  #where(event) {
    const cell = event.target.closest?.(".cell");
    if (!cell || !this.box.contains(cell)) return null;
    return { cell, row: Number(cell.closest(".grid-row").getAttribute("aria-rowindex")) - 2, column: Number(cell.dataset.column) };
  }

  #click(event) {
    const at = this.#where(event);
    if (!at || event.target.closest("a, .edge")) return;
    this.go(at.row, at.column);
    const column = this.#columns[at.column - 1];
    if (at.row >= 0) {
      if (at.column === 0) this.model.open(at.row);
    } else if (event.target.closest(".menu")) this.model.menu(column, at.cell);
    else if (column) this.model.sort(column, event.shiftKey);
  }

  #double(event) {
    const at = this.#where(event);
    if (at && at.row >= 0 && at.column > 0 && !event.target.closest("a")) this.model.edit(at.row, this.#columns[at.column - 1]);
  }

  // Dragging the edge of a head makes its column wider or narrower.
  #size(event) {
    const at = event.target.classList.contains("edge") ? this.#where(event) : null;
    if (!at) return;
    event.preventDefault();
    const column = this.#columns[at.column - 1];
    const [start, width] = [event.clientX, column.width];
    const move = (next) => this.#resize(column, width + next.clientX - start);
    addEventListener("pointermove", move);
    addEventListener("pointerup", () => removeEventListener("pointermove", move), { once: true });
  }

  #resize(column, width) {
    column.width = Math.max(NARROWEST, width);
    this.#measure();
    this.model.resized?.(column);
  }
}
