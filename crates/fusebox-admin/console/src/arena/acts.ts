// What a visitor does: breaks, heals, starts over. A refusal is told in the words of the server.

import { act, Problem } from "../api.ts";
import { toast } from "../toast.ts";

/** Gives an upstream a fault; `null` heals it. */
export async function breakIt(upstream: string, fault: string | null): Promise<void> {
  await tried(() => act("POST", `api/upstreams/${encodeURIComponent(upstream)}/fault`, { fault }));
}

export async function healAll(upstreams: string[]): Promise<void> {
  await Promise.all(upstreams.map((name) => breakIt(name, null)));
}

/** All upstreams well, all circuits closed, the score from zero. */
export async function startOver(): Promise<void> {
  await tried(() => act("POST", "api/reset", {}));
}

async function tried(does: () => Promise<unknown>): Promise<void> {
  try {
    await does();
  } catch (error) {
    const silent = error instanceof Problem && error.status === 0;
    const told = error instanceof Error ? error.message : String(error);
    toast(silent ? "The arena does not answer." : told);
  }
}
