// The switch above all circuits.

import { act } from "./api.ts";
import { quoted } from "./acts.ts";
import { ask } from "./dialog.ts";
import { button } from "./rights.ts";
import { store } from "./store.ts";

/** Opens or closes it, after a question. */
export function mainButton(): HTMLElement {
  const open = store.main?.state === "open";
  const label = open ? "Close main breaker…" : "Open main breaker…";
  const options = { all: true, class: open ? "primary" : "plain" };
  return button(label, "operator", () => turn(open ? "closed" : "open"), options);
}

function turn(to: "open" | "closed"): void {
  const open = to === "open";
  ask({
    title: open ? "Open the main breaker" : "Close the main breaker",
    means: () =>
      open
        ? "Every call of every circuit is rejected until somebody closes it."
        : "The circuits decide again.",
    verb: open ? "Open it" : "Close it",
    danger: open,
    reason: "optional",
    typed: open ? { text: "main", why: "It stops everything." } : null,
    command: ({ reason }) =>
      `fusebox main ${open ? "open" : "close"}${reason ? ` --reason ${quoted(reason)}` : ""}`,
    run: async ({ reason }) => {
      await act("POST", "api/v1/main", { state: to, ...(reason ? { reason } : {}) });
      return open ? "The main breaker is open." : "The main breaker is closed.";
    },
  });
}
