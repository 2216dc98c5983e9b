// What is around the content of either page: a way past the header for the keyboard, the header, what
// is wrong, and short messages.

import { h } from "./dom.ts";
import { toasts } from "./toast.ts";

export function surround(
  content: HTMLElement,
  place: HTMLElement,
  header: Node[],
  banners: HTMLElement[],
): void {
  const skip = () => {
    content.focus();
    content.scrollIntoView();
  };
  place.replaceChildren(
    h("button", { type: "button", class: "skip", onclick: skip }, "Skip to the content"),
    h("header", {}, ...header),
    ...banners,
    content,
    ...toasts(),
  );
}
