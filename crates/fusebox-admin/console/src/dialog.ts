// One dialog for everything that changes something: what will happen, to what, why, for how long, and
// the same as a command. Nothing is done before it is confirmed.

import { Problem } from "./api.ts";
import { fill, h, id, say } from "./dom.ts";
import { toast } from "./toast.ts";

export interface Given {
  reason: string;
  lasts: string | null;
  choice: string | null;
}

export interface Question {
  title: string;
  /** What it does, in a sentence. */
  means: (given: Given) => string;
  verb: string;
  danger?: boolean;
  reason: "required" | "optional";
  /** Offers an end; the first is chosen. */
  lasts?: boolean;
  choices?: { label: string; options: [string, string][] };
  /** Has to be typed. */
  typed?: { text: string; why: string } | null;
  /** Shown above: what it concerns. */
  about?: Node;
  command?: (given: Given) => string;
  run: (given: Given, progress: (text: string) => void) => Promise<string>;
}

const LASTS: [string, string][] = [
  ["15m", "15 minutes"],
  ["1h", "1 hour"],
  ["4h", "4 hours"],
  ["24h", "1 day"],
  ["", "until somebody ends it"],
];

export function ask(question: Question): void {
  const opener = document.activeElement as HTMLElement | null;
  const names = { title: id("title"), means: id("means"), error: id("error"), typed: id("typed") };
  const reason = h("input", {
    type: "text",
    maxlength: 1000,
    autocomplete: "off",
    required: question.reason === "required",
    "aria-describedby": names.error,
  });
  const lasts = question.lasts ? select(LASTS) : null;
  const choice = question.choices ? select(question.choices.options) : null;
  const typed = question.typed
    ? h("input", { type: "text", autocomplete: "off", spellcheck: "false", id: names.typed })
    : null;
  const means = h("p", { id: names.means });
  const command = question.command ? h("code", {}) : null;
  const error = h("p", { class: "error", id: names.error, role: "alert" });
  const confirm = h(
    "button",
    { type: "submit", class: question.danger ? "primary danger" : "primary" },
    question.verb,
  );
  const given = (): Given => ({
    reason: reason.value.trim(),
    lasts: lasts?.value || null,
    choice: choice?.value ?? null,
  });
  const update = () => {
    say(means, question.means(given()));
    if (command && question.command) say(command, question.command(given()));
    const missing =
      (question.reason === "required" && !reason.value.trim()) ||
      (typed !== null && typed.value.trim() !== question.typed?.text);
    confirm.setAttribute("aria-disabled", String(missing));
  };
  const dialog = h("dialog", { "aria-labelledby": names.title, "aria-describedby": names.means });
  const submit = async (event: Event) => {
    event.preventDefault();
    if (question.reason === "required" && !reason.value.trim()) {
      say(error, "Say why, so that others can judge whether it may end.");
      reason.focus();
      return;
    }
    if (typed && typed.value.trim() !== question.typed?.text) {
      say(error, `Type ${question.typed?.text} to confirm.`);
      typed.focus();
      return;
    }
    say(error, "");
    confirm.disabled = true;
    try {
      const told = await question.run(given(), (text) => say(confirm, text));
      dialog.close();
      toast(told);
    } catch (problem) {
      const known = problem instanceof Problem ? problem : null;
      const where = known?.requestId ? ` (request ${known.requestId})` : "";
      say(error, `${known?.message ?? String(problem)}${where}`);
      say(confirm, question.verb);
      confirm.disabled = false;
    }
  };
  const form = h(
    "form",
    { method: "dialog", novalidate: true, onsubmit: (event) => void submit(event) },
    h("h2", { id: names.title }, question.title),
    question.about ?? null,
    choice && question.choices ? field(question.choices.label, choice) : null,
    means,
    field(question.reason === "required" ? "Reason" : "Reason (optional)", reason),
    lasts ? field("Ends", lasts) : null,
    typed && question.typed
      ? field(`${question.typed.why} Type ${question.typed.text} to confirm`, typed)
      : null,
    command ? copyable(command) : null,
    error,
    h(
      "div",
      { class: "buttons" },
      h("button", { type: "button", onclick: () => dialog.close() }, "Cancel"),
      confirm,
    ),
  );
  fill(dialog, form);
  form.addEventListener("input", update);
  dialog.addEventListener("close", () => {
    dialog.remove();
    opener?.focus();
  });
  document.body.append(dialog);
  update();
  dialog.showModal();
  (choice ?? reason).focus();
}

export function field(label: string, control: HTMLElement): HTMLElement {
  return h("label", { class: "field" }, h("span", {}, label), control);
}

export function select(options: [string, string][], chosen?: string): HTMLSelectElement {
  return h(
    "select",
    {},
    ...options.map(([value, text]) => h("option", { value, selected: value === chosen }, text)),
  );
}

function copyable(command: HTMLElement): HTMLElement {
  const copy = async () => {
    const text = command.textContent ?? "";
    try {
      await navigator.clipboard.writeText(text);
      toast("Copied");
    } catch {
      // Only secure pages may write to the clipboard: elsewhere it is selected, to be copied by hand.
      getSelection()?.selectAllChildren(command);
    }
  };
  return h(
    "div",
    { class: "command" },
    h("span", { class: "label" }, "The same in a terminal"),
    h("pre", { tabindex: "0" }, command),
    h("button", { type: "button", onclick: () => void copy() }, "Copy"),
  );
}
