// What was done, and what happened meanwhile, in words: seen for a moment, and read out politely.

import { h, say } from "./dom.ts";

const SHOWN_MS = 6000;
/** A storm of transitions must not read out for minutes. */
const READ_EVERY_MS = 2000;

const shown = h("div", { class: "toasts" });
const spoken = h("div", { class: "unseen", role: "status", "aria-live": "polite" });
let readAt = 0;
let waiting = 0;
let timer = 0;
let newest = "";

export function toasts(): HTMLElement[] {
  return [shown, spoken];
}

export function toast(text: string): void {
  const box = h("div", { class: "toast" }, text);
  shown.append(box);
  setTimeout(() => box.remove(), SHOWN_MS);
  announce(text);
}

/** Reads out, at most now and then; what comes between is told by its number. */
export function announce(text: string): void {
  newest = text;
  waiting += 1;
  if (timer) return;
  timer = window.setTimeout(
    () => {
      say(spoken, waiting === 1 ? newest : `${newest}, and ${waiting - 1} more changes`);
      waiting = 0;
      timer = 0;
      readAt = Date.now();
    },
    Math.max(50, READ_EVERY_MS - (Date.now() - readAt)),
  );
}
