// Asks for the token, once in each tab.

import type { Problem } from "./api.ts";
import { field } from "./dialog.ts";
import { h, say } from "./dom.ts";

export function signIn(why: Problem | null, enter: (token: string) => void): HTMLElement {
  const token = h("input", {
    type: "password",
    autocomplete: "off",
    spellcheck: "false",
    placeholder: "fbx_…",
  });
  const error = h("p", { class: "error", role: "alert" }, wrong(why));
  const submit = (event: Event) => {
    event.preventDefault();
    const text = token.value.trim();
    if (!text) return say(error, "Enter a token.");
    enter(text);
  };
  const form = h(
    "form",
    { class: "signin", onsubmit: submit },
    h("h1", {}, "Enter your token"),
    h("p", {}, "It stays in this tab and is forgotten with it."),
    field("Token", token),
    error,
    h("button", { type: "submit", class: "primary" }, "Continue"),
    h("p", { class: "quiet" }, "An administrator makes one with"),
    h("pre", { tabindex: "0" }, "fusebox token create --name NAME --role viewer"),
  );
  setTimeout(() => token.focus(), 0);
  return form;
}

/** To be asked without having shown a token is no error. */
function wrong(why: Problem | null): string {
  if (!why || !sessionStorage.getItem("fusebox-token")) return "";
  sessionStorage.removeItem("fusebox-token");
  return `${why.title}: ${why.detail}.`;
}
