// Where the boxes and lines of the diagram go. Pure: plain values in and out, no page.
//
// Tables stand in columns: what is referred to on the left, what refers on the right. Tables that hang together
// form a group; groups, and last the tables that nothing hangs on, are packed row by row.

const CHARACTER = 7.3;
const LINE = 18;
const HEAD = 30;
const SHOWN_COLUMNS = 6;
const GAP = { column: 84, wrapped: 28, box: 22, group: 40 };
const SWEEPS = 8;

// Tables as the server tells of them, `detailed` for boxes that list columns ->
// { width, height, boxes: [{ name, x, y, width, height, lines: [{ text, type, y }], ... }], links: [{ from, to, path, feet }] }
export function layout(tables, detailed) {
  const boxes = new Map(tables.map((table) => [table.name, box(table, detailed)]));
  const links = tables.flatMap((table) => linksOf(table, boxes));
  const groups = components(boxes, links).map((names) => place(names.map((name) => boxes.get(name)), links));
  const size = pack(groups);
  return { ...size, boxes: [...boxes.values()], links: links.map((link) => draw(link, boxes)) };
}

function box(table, detailed) {
  const foreign = new Set(table.references.flatMap((reference) => reference.columns));
  const important = table.columns.filter((column) => column.key || foreign.has(column.name));
  const others = table.columns.filter((column) => !important.includes(column));
  const room = Math.max(0, SHOWN_COLUMNS - important.length);
  const chosen = new Set([...important, ...others.slice(0, room)]);
  const columns = detailed ? table.columns.filter((column) => chosen.has(column)) : [];
  const lines = columns.map((column, at) => ({
    text: column.name,
    mark: column.key ? "key" : foreign.has(column.name) ? "foreign" : "",
    y: HEAD + LINE * at + 13,
  }));
  const left = detailed ? table.columns.length - columns.length : 0;
  if (left > 0) lines.push({ text: `+ ${left} more`, mark: "more", y: HEAD + LINE * lines.length + 13 });
  const longest = Math.max(table.name.length + 2 + (table.rows === null ? 0 : short(table.rows).length + 2), ...lines.map((line) => line.text.length + 3));
  return {
    name: table.name,
    kind: table.kind,
    rows: table.rows,
    lines,
    width: Math.min(280, Math.max(120, Math.round(longest * CHARACTER + 20))),
    height: HEAD + LINE * lines.length + (lines.length ? 8 : 0),
    x: 0,
    y: 0,
  };
}

// A count of rows in few characters: 950, 12k, 3.4M.
export function short(rows) {
  for (const [size, sign] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (rows >= size) return (rows / size).toFixed(rows < 10 * size ? 1 : 0).replace(/\.0$/, "") + sign;
  }
  return String(rows);
}

function linksOf(table, boxes) {
  return table.references
    .filter((reference) => boxes.has(reference.table))
    .map((reference) => ({ from: table.name, to: reference.table, column: reference.columns[0], toColumn: reference.to[0] }));
}

function components(boxes, links) {
  const near = neighbours(boxes.keys(), links);
  const seen = new Set();
  const found = [];
  for (const start of boxes.keys()) {
    if (seen.has(start)) continue;
    seen.add(start);
    const group = [start];
    for (const name of group) {
      for (const other of near.get(name)) {
        if (!seen.has(other)) {
          seen.add(other);
          group.push(other);
        }
      }
    }
    found.push(group);
  }
  return found;
}

function neighbours(names, links) {
  const near = new Map([...names].map((name) => [name, new Set()]));
  for (const { from, to } of links) {
    if (from === to || !near.has(from) || !near.has(to)) continue;
    near.get(from).add(to);
    near.get(to).add(from);
  }
  return near;
}

// One group: its boxes get places relative to its corner.
function place(group, links) {
  if (group.length === 1) return { boxes: group, width: group[0].width + loop(group[0], links), height: group[0].height };
  const near = neighbours(group.map((each) => each.name), links);
  const ranks = ranked(group, links);
  const layers = layered(group, ranks);
  settle(layers, near);
  const columns = wrapped(layers);
  level(columns, near);
  let x = 0;
  columns.forEach((column, at) => {
    const width = Math.max(...column.boxes.map((each) => each.width));
    for (const each of column.boxes) each.x = x;
    const next = columns[at + 1];
    x += width + (next ? (next.rank === column.rank ? GAP.wrapped : GAP.column) : 0);
  });
  const top = Math.min(...group.map((each) => each.y));
  for (const each of group) each.y -= top;
  const loops = Math.max(...group.map((each) => (each.x + each.width + loop(each, links) > x ? loop(each, links) : 0)));
  return { boxes: group, width: x + loops, height: Math.max(...group.map((each) => each.y + each.height)) };
}

function loop(each, links) {
  return links.some((link) => link.from === each.name && link.to === each.name) ? 26 : 0;
}

// The length of the longest chain of references from a table; a reference that closes a circle does not count.
function ranked(group, links) {
  const parents = new Map(group.map((each) => [each.name, []]));
  for (const { from, to } of links) if (from !== to && parents.has(from)) parents.get(from).push(to);
  const ranks = new Map();
  const open = new Set();
  const visit = (name) => {
    if (ranks.has(name)) return ranks.get(name);
    if (open.has(name)) return -1;
    open.add(name);
    const rank = 1 + Math.max(-1, ...parents.get(name).map(visit));
    open.delete(name);
    ranks.set(name, rank);
    return rank;
  };
  group.forEach((each) => visit(each.name));
  return ranks;
}

function layered(group, ranks) {
  const layers = [];
  for (const each of group) (layers[ranks.get(each.name)] ??= []).push(each);
  return layers.map((boxes, rank) => ({ rank, boxes })).filter(Boolean);
}

// Few crossings: each box goes to the mean place of its neighbours in the other layers, back and forth.
function settle(layers, near) {
  const at = new Map();
  const number = (layer) => layer.boxes.forEach((each, place) => at.set(each.name, (place + 0.5) / layer.boxes.length));
  layers.forEach(number);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const layer of sweep % 2 ? [...layers].reverse() : layers) {
      const wish = new Map(layer.boxes.map((each) => [each, mean([...near.get(each.name)].map((name) => at.get(name))) ?? at.get(each.name)]));
      layer.boxes.sort((a, b) => wish.get(a) - wish.get(b));
      number(layer);
    }
  }
}

// Layers that are much taller than the group should be are broken into several columns.
function wrapped(layers) {
  const boxes = layers.flatMap((layer) => layer.boxes);
  const area = boxes.reduce((sum, each) => sum + (each.width + GAP.column) * (each.height + GAP.box), 0);
  const tallest = Math.max(Math.sqrt(area) * 0.9, ...boxes.map((each) => each.height));
  return layers.flatMap(({ rank, boxes: all }) => {
    const columns = [];
    let left = 0;
    for (const each of all) {
      if (columns.length === 0 || left < each.height) {
        columns.push({ rank, boxes: [] });
        left = tallest;
      }
      columns.at(-1).boxes.push(each);
      left -= each.height + GAP.box;
    }
    return columns;
  });
}

// Heights: every column centred, then each box drawn towards its neighbours as far as the others let it.
function level(columns, near) {
  const byName = new Map(columns.flatMap((column) => column.boxes.map((each) => [each.name, each])));
  const middle = (each) => each.y + each.height / 2;
  for (const { boxes } of columns) {
    const height = boxes.reduce((sum, each) => sum + each.height + GAP.box, -GAP.box);
    let y = -height / 2;
    for (const each of boxes) {
      each.y = y;
      y += each.height + GAP.box;
    }
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const { boxes } of sweep % 2 ? [...columns].reverse() : columns) {
      const wish = boxes.map((each) => (mean([...near.get(each.name)].map((name) => middle(byName.get(name)))) ?? middle(each)) - each.height / 2);
      let end = -Infinity;
      boxes.forEach((each, at) => {
        each.y = Math.max(wish[at], end);
        end = each.y + each.height + GAP.box;
      });
      const shift = mean(boxes.map((each, at) => wish[at] - each.y));
      for (const each of boxes) each.y += shift;
    }
  }
}

function mean(values) {
  return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : undefined;
}

// Groups row by row, the tall ones first; gives the size of the whole.
function pack(groups) {
  const area = groups.reduce((sum, group) => sum + (group.width + GAP.group) * (group.height + GAP.group), 0);
  const widest = Math.max(0, ...groups.map((group) => group.width), Math.sqrt(area * 1.9));
  let [x, y, row, right] = [0, 0, 0, 0];
  for (const group of [...groups].sort((a, b) => b.height * b.boxes.length - a.height * a.boxes.length)) {
    if (x > 0 && x + group.width > widest) [x, y, row] = [0, y + row + GAP.group, 0];
    for (const each of group.boxes) {
      each.x += x;
      each.y += y;
    }
    x += group.width + GAP.group;
    row = Math.max(row, group.height);
    right = Math.max(right, x - GAP.group);
  }
  return { width: Math.ceil(right), height: Math.ceil(y + row) };
}

// A line from the referring column to the column referred to, with a crow's foot where many rows may stand.
function draw(link, boxes) {
  const [from, to] = [boxes.get(link.from), boxes.get(link.to)];
  const [y1, y2] = [lineOf(from, link.column), lineOf(to, link.toColumn)];
  const leftwards = to.x + to.width < from.x;
  const rightwards = from.x + from.width < to.x;
  const out = leftwards ? -1 : 1;
  const x1 = leftwards ? from.x : from.x + from.width;
  const back = rightwards ? -1 : 1;
  const x2 = rightwards ? to.x : to.x + to.width;
  const bend = leftwards || rightwards ? Math.max(26, Math.abs(x2 - x1) / 2) : 36;
  const path = `M${x1} ${y1}C${x1 + out * bend} ${y1} ${x2 + back * bend} ${y2} ${x2} ${y2}`;
  const feet = `M${x1} ${y1 - 4}L${x1 + out * 8} ${y1}L${x1} ${y1 + 4}M${x2 + back * 5} ${y2 - 4}V${y2 + 4}`;
  return { ...link, path, feet };
}

function lineOf(each, column) {
  const line = each.lines.find(({ text }) => text === column);
  return each.y + (line ? line.y - 4 : Math.min(each.height, HEAD) / 2);
}
