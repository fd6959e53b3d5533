// The rows of a view, read page by page as they are needed, each page from where the one before ended.
import { countRows, graphql, pageOf, rowsOf } from "./api.js";

const FIRST = 60; // one window full, so that something is seen at once
const LARGEST = 500;
const AHEAD = 100; // rows below the last one in sight that are fetched before they are needed
const MANY = 200_000; // counting more takes a while, so it waits to be asked for

export class Rows {
  rows = [];
  total = null;
  counted = false;
  done = false;
  error = null;
  #next = null;
  #size = FIRST;
  #largest = LARGEST;
  #reading = false;
  #ended = new AbortController();

  // `changed` is called whenever there is something new to show.
  constructor(structure, view, changed) {
    [this.structure, this.view, this.changed] = [structure, view, changed];
    this.total = view.filters.length === 0 ? view.table.rows : null;
  }

  // Makes sure that the row `last` and some below it are there, or on their way.
  async need(last) {
    if (this.#reading || this.done || this.error || last + AHEAD < this.rows.length) return;
    this.#reading = true;
    try {
      const { query, variables } = pageOf(this.structure, this.view, this.#size, this.#next);
      const page = rowsOf(await graphql(query, variables, { signal: this.#ended.signal }), this.#size, this.#next);
      this.rows.push(...page.rows);
      [this.#next, this.done] = [page.next, page.next === null];
      this.#size = Math.min(this.#largest, this.#size * 2);
      if (this.done) [this.total, this.counted] = [this.rows.length, true];
    } catch (error) {
      if (error.name === "AbortError") return;
      if (this.#smaller(error)) return void setTimeout(() => this.need(last));
      this.error = error;
    } finally {
      this.#reading = false;
    }
    this.changed();
  }

  // Whether a page of fewer rows may be what the server's limits let through.
  #smaller(error) {
    if (error.reason !== "LIMIT_EXCEEDED" || this.#size === 1) return false;
    this.#largest = this.#size = Math.ceil(this.#size / 2);
    return true;
  }

  // Shows other rows in place of those read, and reads no more.
  replace(rows, done) {
    [this.rows, this.done] = [rows, true];
    if (done) [this.total, this.counted] = [rows.length, true];
    this.changed();
  }

  // Tries again after an error.
  again() {
    this.error = null;
    this.need(this.rows.length);
  }

  // Counts exactly, unless that may take long and nobody asked for it.
  async count(asked = false) {
    const { table, filters } = this.view;
    if (this.counted || (!asked && (table.rows ?? 0) > MANY)) return;
    try {
      const total = await countRows(this.structure, table, filters, this.#ended.signal);
      if (total === null || this.counted) return;
      [this.total, this.counted] = [total, true];
    } catch {
      return; // the rows themselves tell what is wrong
    }
    this.changed();
  }

  stop() {
    this.#ended.abort();
  }
}
