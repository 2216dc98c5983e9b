// A line as wide as a cell: calls in grey, failures and rejections over them.

import { mark, svg } from "./dom.ts";
import type { ShortActivity } from "./types.ts";

const WIDTH = 96;
const HEIGHT = 24;
const POINTS = 60;

export interface Spark {
  element: SVGElement;
  draw: (line: ShortActivity | null) => void;
}

export function spark(): Spark {
  const calls = svg("path", { class: "calls" });
  const bad = svg("path", { class: "bad" });
  const element = svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "spark", preserveAspectRatio: "none", role: "img" },
    calls,
    bad,
  );
  mark(element, "aria-label", "no calls in the last ten minutes");
  return {
    element,
    draw(line) {
      const all = (line?.calls ?? []).map((n, i) => n + (line?.rejected[i] ?? 0));
      const wrong = (line?.failures ?? []).map((n, i) => n + (line?.rejected[i] ?? 0));
      const top = Math.max(1, ...all);
      mark(calls, "d", area(all, top));
      mark(bad, "d", area(wrong, top));
      const sum = all.reduce((a, b) => a + b, 0);
      const lost = wrong.reduce((a, b) => a + b, 0);
      const label = `last ten minutes: ${sum} calls, ${lost} failed or rejected`;
      mark(element, "aria-label", label);
    },
  };
}

function area(values: number[], top: number): string {
  if (values.length === 0) return "";
  const step = WIDTH / (POINTS - 1);
  const from = WIDTH - (values.length - 1) * step;
  let path = `M${from.toFixed(1)} ${HEIGHT}`;
  values.forEach((value, i) => {
    const y = HEIGHT - (value / top) * (HEIGHT - 2);
    path += `L${(from + i * step).toFixed(1)} ${y.toFixed(1)}`;
  });
  return `${path}L${WIDTH} ${HEIGHT}Z`;
}
