// The diagram of tables: an SVG inside of a box that scrolls, so that touch, wheel and arrow keys move it as anything else.
import { layout, short } from "./layout.js";

const SVG = "http://www.w3.org/2000/svg";
const MARGIN = 16;
const SMALLEST = 0.05;
const LARGEST = 2;
const STEP = 1.25;
const READABLE = 0.45; // a window too narrow for more shows a part of the diagram
const DETAILED_TABLES = 60; // with more, boxes that list columns are a wall

export class Diagram {
  #box;
  #choose;
  #svg = null;
  #size = { width: 1, height: 1 };
  #scale = 1;
  #drawn = "";
  #boxes = new Map();
  #dragged = false;

  // `box` is the element to draw into; `choose` is called with the name of a table that is clicked.
  constructor(box, choose) {
    this.#box = box;
    this.#choose = choose;
    box.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.#dragging();
  }

  // Draws these tables, and marks one with what it is related to. Draws nothing anew that is there already.
  show(tables, selected) {
    const drawn = tables.map((table) => table.name).join("\n");
    if (drawn !== this.#drawn) {
      this.#drawn = drawn;
      this.#draw(tables);
      this.#begin();
    }
    this.#mark(selected);
  }

  zoom(factor) {
    this.#resize(Math.min(LARGEST, Math.max(SMALLEST, this.#scale * factor)));
  }

  larger() {
    this.zoom(STEP);
  }

  smaller() {
    this.zoom(1 / STEP);
  }

  // The whole diagram in sight, never larger than life.
  fit() {
    this.#show(SMALLEST);
  }

  // The same, but not so small that nothing can be read: then a part is in sight.
  #begin() {
    this.#show(READABLE);
  }

  #show(least) {
    const room = this.#box.clientWidth - 2;
    const tall = Math.max(220, Math.min(innerHeight * 0.6, 620));
    const scale = Math.min(1, room / this.#size.width, tall / this.#size.height);
    this.#resize(Math.max(least, scale));
    this.#box.style.height = `${Math.min(tall, this.#size.height * this.#scale) + 2}px`;
    this.#box.scrollTo(0, 0);
  }

  #resize(scale) {
    const { clientWidth, clientHeight, scrollLeft, scrollTop } = this.#box;
    const [x, y] = [(scrollLeft + clientWidth / 2) / this.#scale, (scrollTop + clientHeight / 2) / this.#scale];
    this.#scale = scale;
    this.#svg?.setAttribute("width", this.#size.width * scale);
    this.#svg?.setAttribute("height", this.#size.height * scale);
    this.#box.scrollTo(x * scale - clientWidth / 2, y * scale - clientHeight / 2);
  }

  #draw(tables) {
    const plan = layout(tables, tables.length <= DETAILED_TABLES);
    this.#size = { width: plan.width + 2 * MARGIN, height: plan.height + 2 * MARGIN };
    this.#svg = make("svg", { viewBox: `${-MARGIN} ${-MARGIN} ${this.#size.width} ${this.#size.height}` });
    for (const link of plan.links) this.#svg.append(line(link));
    this.#boxes = new Map(plan.boxes.map((each) => [each.name, this.#table(each)]));
    this.#svg.append(...this.#boxes.values());
    this.#box.replaceChildren(this.#svg);
  }

  #table(each) {
    const group = make("a", { class: `box ${each.kind}`, href: `#${encodeURIComponent(each.name)}`, tabindex: "-1", transform: `translate(${each.x} ${each.y})` });
    group.dataset.table = each.name;
    group.append(make("rect", { class: "body", width: each.width, height: each.height, rx: 6 }));
    if (each.lines.length) group.append(make("path", { class: "rule", d: `M0 29.5H${each.width}` }));
    const count = each.rows === null ? "" : short(each.rows);
    const room = Math.floor((each.width - 24 - count.length * 6.6) / 7.6);
    group.append(text("name", 10, 20, clipped(each.name, room)), text("count", each.width - 8, 20, count));
    for (const { text: words, mark, y } of each.lines) group.append(text(`column ${mark}`, 10, y + 2, clipped(words, Math.floor((each.width - 16) / 6.9))));
    group.append(title(each.rows === null ? each.name : `${each.name}: about ${each.rows.toLocaleString("en")} rows`));
    group.addEventListener("click", (event) => {
      event.preventDefault();
      if (!this.#dragged) this.#choose(each.name);
    });
    return group;
  }

  #mark(selected) {
    const near = new Set([selected]);
    for (const link of this.#svg.querySelectorAll("g.link")) {
      const { from, to } = link.dataset;
      const related = from === selected || to === selected;
      link.classList.toggle("related", related);
      if (related) near.add(from).add(to);
    }
    for (const [name, group] of this.#boxes) {
      group.classList.toggle("selected", name === selected);
      group.classList.toggle("related", near.has(name));
    }
    this.#reveal(this.#boxes.get(selected));
  }

  // Puts what is out of sight into the middle, and never scrolls the page.
  #reveal(group) {
    if (!group) return;
    const [inner, outer] = [group.getBoundingClientRect(), this.#box.getBoundingClientRect()];
    const past = (low, high, from, to) => (low < from || high > to ? (low + high - from - to) / 2 : 0);
    this.#box.scrollBy(past(inner.left, inner.right, outer.left, outer.right), past(inner.top, inner.bottom, outer.top, outer.bottom));
  }

  #wheel(event) {
    if (!event.ctrlKey) return;
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY / 300));
  }

  #dragging() {
    let last = null;
    this.#box.addEventListener("pointerdown", (event) => {
      this.#dragged = false;
      if (event.pointerType === "mouse" && event.button === 0) last = event;
    });
    addEventListener("pointermove", (event) => {
      if (last === null) return;
      const [x, y] = [last.clientX - event.clientX, last.clientY - event.clientY];
      if (!this.#dragged && Math.hypot(x, y) < 4) return; // a click with an unsteady hand
      this.#dragged = true;
      this.#box.scrollBy(x, y);
      last = event;
    });
    addEventListener("pointerup", () => (last = null));
    this.#box.addEventListener("dragstart", (event) => event.preventDefault());
  }
}

function make(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function text(kind, x, y, words) {
  const element = make("text", { class: kind, x, y });
  element.textContent = words;
  return element;
}

function title(words) {
  const element = make("title", {});
  element.textContent = words;
  return element;
}

function line(link) {
  const group = make("g", { class: "link" });
  group.dataset.from = link.from;
  group.dataset.to = link.to;
  group.append(make("path", { d: link.path }), make("path", { d: link.feet }), title(`${link.from}.${link.column} → ${link.to}.${link.toColumn}`));
  return group;
}

function clipped(words, room) {
  return words.length > room ? `${words.slice(0, Math.max(1, room - 1))}…` : words;
}
