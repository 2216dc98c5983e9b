// What the shell needs to know of a page.

import type { HistoryEvent } from "./types.ts";

export interface Page {
  title: string;
  element: HTMLElement;
  begin(): void;
  /** Once a second, and at once after a transition. */
  update(): void;
  end(): void;
  told?(what: "snapshot" | "delta" | "event", event?: HistoryEvent): void;
  /** Who the user is, or what they may, has changed. */
  rights?(): void;
}
