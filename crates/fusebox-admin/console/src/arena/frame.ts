// Around the arena: how fresh it is, where the console is, and what is wrong with the connection.

import { surround } from "../around.ts";
import { h, mark, say } from "../dom.ts";
import { clock, wait } from "../format.ts";
import { themeButton } from "../theme.ts";
import { feed } from "./feed.ts";
import type { Arena } from "./types.ts";

const WORDS = { connecting: "Connecting", live: "Live", lost: "Disconnected" };

export class Frame {
  readonly place = h("main", { id: "main", tabindex: "-1" });
  private readonly dot = h("span", { class: "dot", "aria-hidden": "true" });
  private readonly text = h("span", {});
  private readonly banner = h("div", { class: "banner", hidden: true });
  private readonly bannerText = h("p", { role: "status" });
  private readonly console = h("a", { target: "_blank", rel: "noreferrer", hidden: true }, "Console");
  private shown = false;

  constructor(place: HTMLElement) {
    this.banner.append(this.bannerText);
    const header = [
      h("h1", {}, h("span", { class: "brand" }, "Fusebox"), " arena"),
      h("span", { class: "spacer" }),
      h("span", { class: "link" }, this.dot, this.text),
      this.console,
      themeButton(),
    ];
    surround(this.place, place, header, [this.banner]);
    this.link();
  }

  show(arena: Arena): void {
    this.shown = true;
    const open = arena.upstreams.filter(({ circuit }) => circuit.state === "open").length;
    const title = open > 0 ? `${open} open – Fusebox arena` : "Fusebox arena";
    if (document.title !== title) document.title = title;
    // Only an address of the web: what else one could write there is none of ours.
    const there = /^https?:\/\//.test(arena.console);
    this.console.hidden = !there;
    if (there) mark(this.console, "href", arena.console);
  }

  link(): void {
    const { state } = feed;
    mark(this.dot, "data-link", state);
    say(this.text, WORDS[state]);
    const lost = state === "lost";
    mark(document.body, "data-stale", lost && this.shown ? "" : null);
    this.banner.hidden = !lost;
    if (!lost) return;
    const left = Math.max(0, (feed.retryAt - Date.now()) / 1000);
    const old = this.shown ? ` What you see is from ${clock(feed.heardAt)}.` : "";
    const why = feed.problem ? ` It said: ${feed.problem.message}.` : "";
    const soon = left >= 1 ? ` in ${wait(left)}` : "";
    const start = "It runs as long as the command fusebox demo does.";
    say(this.bannerText, `The arena does not answer.${old}${why} ${start} Trying again${soon}…`);
  }
}
