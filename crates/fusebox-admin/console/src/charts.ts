// Rate, failures, latency and admission of the last hour. Each chart has its numbers as a table beside
// it, for who does not see a picture.

import uPlot from "uplot";
import { fill, h } from "./dom.ts";
import { clock, latency, NONE, percent, rate, seconds } from "./format.ts";
import { part } from "./words.ts";
import type { ActivityPoint, Settings } from "./types.ts";

interface Line {
  label: string;
  colour: string;
  value: (point: ActivityPoint) => number | null;
  filled?: boolean;
}

interface Kind {
  title: string;
  unit: (value: number | null) => string;
  lines: Line[];
  /** Where it would trip, by the settings; null: it would not by this. */
  threshold?: (settings: Settings) => { at: number; label: string } | null;
  max?: number;
}

const per = (key: "success" | "failure" | "ignored" | "rejected" | "fallbacks") => (p: ActivityPoint) =>
  p[key] / p.seconds;
const known = (p: ActivityPoint) => p.success + p.failure;

const KINDS: Kind[] = [
  {
    title: "Calls per second",
    unit: (v) => (v === null ? NONE : rate(v)),
    lines: [
      { label: "Success", colour: "--line-1", value: per("success"), filled: true },
      { label: "Failure", colour: "--bad", value: per("failure") },
      { label: "Ignored", colour: "--line-3", value: per("ignored") },
    ],
  },
  {
    title: "Failure share",
    unit: percent,
    max: 1,
    lines: [
      {
        label: "Failed",
        colour: "--bad",
        value: (p) => (known(p) > 0 ? p.failure / known(p) : null),
        filled: true,
      },
    ],
    threshold: (settings) => {
      const at = part(settings.failure_rate);
      return at === null ? null : { at, label: `opens at ${percent(at)}` };
    },
  },
  {
    title: "Latency",
    unit: latency,
    lines: [
      { label: "p50", colour: "--line-3", value: (p) => p.p50 },
      { label: "p95", colour: "--line-1", value: (p) => p.p95 },
      { label: "p99", colour: "--line-2", value: (p) => p.p99 },
    ],
    threshold: (settings) => {
      const at = seconds(settings.slow_call_duration);
      return Number.isFinite(at) ? { at, label: `slow above ${latency(at)}` } : null;
    },
  },
  {
    title: "Admission",
    unit: (v) => (v === null ? NONE : rate(v)),
    lines: [
      { label: "Let through", colour: "--line-1", value: (p) => per("success")(p) + per("failure")(p) + per("ignored")(p), filled: true },
      { label: "Rejected", colour: "--bad", value: per("rejected") },
      { label: "Fallbacks", colour: "--line-2", value: per("fallbacks") },
    ],
  },
];

const HEIGHT = 150;
/** So many times as high as the lines a threshold is still drawn. */
const NEAR = 4;

export class Charts {
  readonly element = h("div", { class: "charts" });
  hasData = false;
  private ended = false;
  private points: ActivityPoint[] = [];
  private limits: Settings = {};
  private readonly charts = KINDS.map((kind) => new Chart(kind));
  private readonly seer: ResizeObserver;
  private readonly dark = matchMedia("(prefers-color-scheme: dark)");

  constructor() {
    fill(this.element, ...this.charts.map((chart) => chart.element));
    this.seer = new ResizeObserver(() => this.charts.forEach((chart) => chart.fit()));
    this.seer.observe(this.element);
    this.dark.addEventListener("change", this.repaint);
  }

  private readonly repaint = () => {
    this.charts.forEach((chart) => chart.reset());
    this.redraw();
  };

  settings(settings: Settings): void {
    this.limits = settings;
    this.redraw();
  }

  draw(points: ActivityPoint[]): void {
    this.points = points;
    this.hasData = true;
    this.redraw();
  }

  private redraw(): void {
    // An answer that comes after the page was left must not make plots: each holds a listener of the
    // window, and with it all of the page, for as long as nobody destroys it.
    if (this.hasData && !this.ended) this.charts.forEach((chart) => chart.draw(this.points, this.limits));
  }

  end(): void {
    this.ended = true;
    this.seer.disconnect();
    this.dark.removeEventListener("change", this.repaint);
    this.charts.forEach((chart) => chart.reset());
  }
}

class Chart {
  readonly element: HTMLElement;
  private readonly place = h("div", { class: "plot", "aria-hidden": "true" });
  private readonly legend = h("p", { class: "legend" });
  private readonly body = h("tbody", {});
  private readonly twin: HTMLDetailsElement;
  private plot: uPlot | null = null;
  /** What the plot has of the page. The engine holds the last plot that was made, destroyed or not
   *  (with the getter of a literal in uPlot's constructor), and would hold all of the page with it. */
  private reach: { chart: Chart | null; frame: HTMLElement } | null = null;
  private limit: { at: number; label: string } | null = null;
  private points: ActivityPoint[] = [];

  constructor(private readonly kind: Kind) {
    const heads = ["Until", ...kind.lines.map((line) => line.label)];
    this.twin = h(
      "details",
      { ontoggle: () => this.tabulate() },
      h("summary", {}, "As a table"),
      h(
        "div",
        { class: "scrolls", tabindex: "0", role: "group", "aria-label": `${kind.title}, as a table` },
        h(
          "table",
          { class: "plain-table" },
          h("thead", {}, h("tr", {}, ...heads.map((text) => h("th", { scope: "col" }, text)))),
          this.body,
        ),
      ),
    );
    this.element = h("figure", {}, h("figcaption", {}, kind.title), this.legend, this.place, this.twin);
  }

  draw(points: ActivityPoint[], settings: Settings): void {
    this.points = points;
    this.limit = this.kind.threshold?.(settings) ?? null;
    const until = points.at(-1);
    const end = until ? Date.parse(until.until) / 1000 : Date.now() / 1000;
    const data = [
      points.map((point) => Date.parse(point.until) / 1000),
      ...this.kind.lines.map((line) => points.map(line.value)),
    ] as uPlot.AlignedData;
    this.say();
    if (this.twin.open) this.tabulate();
    if (!this.plot) this.make(data);
    this.plot?.setData(data, false);
    this.plot?.setScale("x", { min: end - 3600, max: end });
  }

  /** The newest numbers beside the names of the lines; the words of the threshold. */
  private say(): void {
    const last = this.points.at(-1);
    fill(
      this.legend,
      ...this.kind.lines.map((line) =>
        h(
          "span",
          { class: `key ${line.colour.slice(2)}` },
          `${line.label} `,
          h("b", { class: "number" }, last ? this.kind.unit(line.value(last)) : NONE),
        ),
      ),
      this.limit ? h("span", { class: "key limit" }, this.limit.label) : null,
    );
  }

  private tabulate(): void {
    if (!this.twin.open) return;
    const rows = [...this.points].reverse().map((point) =>
      h(
        "tr",
        {},
        h("th", { scope: "row", class: "number" }, clock(point.until)),
        ...this.kind.lines.map((line) => h("td", { class: "number" }, this.kind.unit(line.value(point)))),
      ),
    );
    fill(this.body, ...rows);
  }

  private make(data: uPlot.AlignedData): void {
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const axis = { stroke: colour("--quiet"), font: "11px system-ui, sans-serif", ticks: { show: false } };
    const ink = colour("--ink");
    const two = (n: number) => String(n).padStart(2, "0");
    const time = (at: number) => {
      const date = new Date(at * 1000);
      return `${two(date.getHours())}:${two(date.getMinutes())}`;
    };
    const reach = { chart: this as Chart | null, frame: h("div", {}) };
    const unit = this.kind.unit;
    const options: uPlot.Options = {
      width: Math.max(200, this.place.clientWidth),
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: true }, y: { range: (_, __, max) => reach.chart?.range(max) ?? [0, 1] } },
      axes: [
        { ...axis, size: 22, grid: { show: false }, values: (_, ticks) => ticks.map(time), space: 60 },
        {
          ...axis,
          size: 56,
          grid: { stroke: colour("--edge"), width: 1 },
          values: (_, ticks) => ticks.map((tick) => unit(tick)),
          space: 36,
        },
      ],
      series: [
        {},
        ...this.kind.lines.map((line) => ({
          label: line.label,
          stroke: colour(line.colour),
          width: 1.5,
          points: { show: false },
          ...(line.filled ? { fill: `${colour(line.colour)}22` } : {}),
        })),
      ],
      hooks: { draw: [(plot) => reach.chart?.threshold(plot, ink)] },
    };
    this.reach = reach;
    this.place.append(reach.frame);
    this.plot = new uPlot(options, data, reach.frame);
  }

  private range(max: number): [number, number] {
    if (this.kind.max) return [0, this.kind.max];
    const top = Math.max(max ?? 0, 0.01) * 1.1;
    // A threshold far above would press the lines flat; its words stand in the legend.
    const limit = (this.limit?.at ?? 0) * 1.1;
    return [0, limit < top * NEAR ? Math.max(top, limit) : top];
  }

  private threshold(plot: uPlot, colour: string): void {
    if (!this.limit || this.limit.at > (plot.scales.y?.max ?? 0)) return;
    const y = Math.round(plot.valToPos(this.limit.at, "y", true)) + 0.5;
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = colour;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }

  fit(): void {
    const width = this.place.clientWidth;
    if (this.plot && width > 0 && width !== this.plot.width) this.plot.setSize({ width, height: HEIGHT });
  }

  reset(): void {
    this.plot?.destroy();
    this.plot = null;
    if (!this.reach) return;
    this.reach.frame.remove();
    this.reach.chart = null;
    this.reach = null;
  }
}
