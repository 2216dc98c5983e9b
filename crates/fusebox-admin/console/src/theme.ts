// Light, dark, or as the system says; kept for the next visit.

import { h, mark, say } from "./dom.ts";

const THEME = "fusebox-theme";
const THEMES = ["auto", "light", "dark"];

function chosen(): string {
  return localStorage.getItem(THEME) ?? "auto";
}

function choose(theme: string): void {
  mark(document.documentElement, "data-theme", theme === "auto" ? null : theme);
  localStorage.setItem(THEME, theme);
}

/** Puts the chosen theme in force; the button goes to the next one. */
export function themeButton(): HTMLElement {
  choose(chosen());
  const next = () => {
    choose(THEMES[(THEMES.indexOf(chosen()) + 1) % THEMES.length] ?? "auto");
    label();
  };
  const button = h("button", { type: "button", class: "plain", onclick: next });
  const label = () => say(button, `Theme: ${chosen()}`);
  label();
  return button;
}
