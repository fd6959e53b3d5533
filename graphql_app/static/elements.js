// Small helpers of the pages: elements made of plain text, so that no name or comment of a database becomes markup.

// An element with attributes and children; a text child stays text. `onclick` and the like take functions.
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

// A block of code with a button that copies it.
export function code(words, label) {
  const block = element("pre", { tabindex: "0", "aria-label": label }, element("code", {}, words));
  const button = element("button", { type: "button", class: "copy", "aria-label": `Copy: ${label}` }, "Copy");
  button.addEventListener("click", () => copy(words, block, button));
  return element("div", { class: "code" }, block, button);
}

async function copy(words, block, button) {
  try {
    await navigator.clipboard.writeText(words);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(block); // no clipboard outside of https and localhost
    button.textContent = "Selected";
  }
  setTimeout(() => (button.textContent = "Copy"), 1500);
}

// `words` as one argument of a POSIX shell.
export function quoted(words) {
  return `'${words.replaceAll("'", "'\\''")}'`;
}

export const count = (number) => number.toLocaleString("en");
export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;
