// A small box beside what opened it; Escape or a click elsewhere closes it, and the focus goes back.
import { element } from "../elements.js";

const EDGE = 8; // pixels kept free at the window's edges

// Opens a box with `children` below `anchor`; gives a function that closes it.
export function openPopover(anchor, label, ...children) {
  const back = document.activeElement;
  const box = element("div", { class: "popover", popover: "auto", role: "dialog", "aria-label": label }, ...children);
  document.body.append(box);
  box.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    box.remove();
    if (!document.activeElement || document.activeElement === document.body) back?.focus();
  });
  box.showPopover();
  const { left, bottom, top } = anchor.getBoundingClientRect();
  const { width, height } = box.getBoundingClientRect();
  const below = bottom + height + EDGE < innerHeight || top < height;
  box.style.left = `${Math.max(EDGE, Math.min(left, innerWidth - width - EDGE))}px`;
  box.style.top = `${below ? Math.min(bottom + 4, Math.max(EDGE, innerHeight - height - EDGE)) : top - height - 4}px`;
  (box.querySelector("[autofocus]") ?? box.querySelector("input, select, textarea, button, a"))?.focus();
  return () => box.hidePopover();
}
