// The list of tables beside a page: searched by typing, walked by arrow keys.
import { count, element } from "./elements.js";

export class TableList {
  #list;
  #search;
  #none;

  // `box` holds an input of kind search, a list and a word for "none"; `href` gives the address of a table.
  constructor(box, href) {
    [this.#search, this.#list, this.#none] = [box.querySelector("input"), box.querySelector("ul"), box.querySelector("p")];
    this.href = href;
    this.#search.addEventListener("input", () => this.#find());
    box.addEventListener("keydown", (event) => this.#step(event));
    addEventListener("keydown", (event) => this.#slash(event));
  }

  fill(tables) {
    this.#list.replaceChildren(...tables.map((table) => this.#entry(table)));
  }

  // Marks one table and brings it into sight.
  mark(name) {
    for (const item of this.#list.children) {
      const current = item.dataset.table === name;
      if (current) item.firstChild.setAttribute("aria-current", "true");
      else item.firstChild.removeAttribute("aria-current");
      if (current) this.#reveal(item);
    }
  }

  #entry(table) {
    const link = element("a", { href: this.href(table) }, element("span", { class: "name" }, table.name));
    if (table.kind === "view") link.append(element("span", { class: "badge" }, "view"));
    if (table.rows !== null) link.append(element("span", { class: "count", title: "rows, as the database estimates" }, count(table.rows)));
    const item = element("li", {}, link);
    item.dataset.table = table.name;
    return item;
  }

  // Scrolls the list, not the page.
  #reveal(item) {
    const [inner, outer] = [item.getBoundingClientRect(), this.#list.getBoundingClientRect()];
    if (inner.top < outer.top) this.#list.scrollTop -= outer.top - inner.top;
    else if (inner.bottom > outer.bottom) this.#list.scrollTop += inner.bottom - outer.bottom;
  }

  #find() {
    const words = this.#search.value.trim().toLowerCase();
    let found = 0;
    for (const item of this.#list.children) {
      item.hidden = !item.dataset.table.toLowerCase().includes(words);
      found += item.hidden ? 0 : 1;
    }
    this.#none.hidden = found > 0;
  }

  // From the search field and within the list, arrows go to the next table that is shown.
  #step(event) {
    const down = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const links = [...this.#list.querySelectorAll("li:not([hidden]) a")];
    if (event.key === "Enter" && event.target === this.#search) return links[0]?.click();
    if (down === undefined) return undefined;
    event.preventDefault();
    const next = links.indexOf(document.activeElement) + down;
    return (links[next] ?? (next < 0 ? this.#search : links.at(-1)))?.focus();
  }

  #slash(event) {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.#search.focus();
  }
}
