// Server-sent events out of the body of a fetch: an EventSource cannot send a token, and does not say
// when it heard something last.

export interface Told {
  id: string;
  kind: string;
  data: string;
}

/** Reads to the end. `heard` is called for every piece, a comment too; `take` for every event. */
export async function readEvents(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  heard: () => void,
  take: (told: Told) => void,
): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done || signal.aborted) return;
    heard();
    rest += decoder.decode(value, { stream: true });
    const end = rest.lastIndexOf("\n\n");
    if (end < 0) continue;
    const whole = rest.slice(0, end);
    rest = rest.slice(end + 2);
    whole.split("\n\n").forEach((block) => take(parsed(block)));
  }
}

function parsed(block: string): Told {
  const told = { id: "", kind: "", data: "" };
  for (const line of block.split("\n")) {
    if (line.startsWith("id: ")) told.id = line.slice(4);
    else if (line.startsWith("event: ")) told.kind = line.slice(7);
    else if (line.startsWith("data: ")) told.data = line.slice(6);
  }
  return told;
}
