// What the user may, so that a button says beforehand why it would be refused. The daemon decides.

import { session } from "./api.ts";
import { h, id, mark } from "./dom.ts";
import { toast } from "./toast.ts";
import type { Role } from "./types.ts";

const RANK: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 };

/** Why not; null: allowed. `all`: it takes a token for every circuit. */
export function refusal(role: Role, all = false): string | null {
  const me = session.me;
  if (!me) return "It is not known yet what you may do.";
  if (RANK[me.role] < RANK[role]) return `This takes the role ${role}; you are ${me.role}.`;
  if (all && !me.circuits.includes("*")) {
    return `This takes a token for all circuits; yours is for ${me.circuits.join(", ")}.`;
  }
  return null;
}

/** A button that stays, greyed and with its reason, where it would be refused. */
export function button(
  label: string,
  role: Role,
  run: () => void,
  options: { class?: string; all?: boolean; why?: string | null; title?: string } = {},
): HTMLElement {
  const why = options.why ?? refusal(role, options.all);
  const described = id("why");
  const element = h(
    "button",
    {
      type: "button",
      class: options.class,
      title: why ?? options.title,
      "aria-disabled": why ? "true" : null,
      "aria-describedby": why ? described : null,
      onclick: () => (why ? toast(why) : run()),
    },
    label,
  );
  if (!why) return element;
  mark(element, "data-refused", "");
  return h("span", { class: "refused" }, element, h("span", { id: described, class: "unseen" }, why));
}
