// Around every page: where one can go, how fresh the data is, who the user is, and what is wrong with
// the connection or with everything at once.

import { session } from "./api.ts";
import { surround } from "./around.ts";
import { fill, h, mark, say } from "./dom.ts";
import { clock, span, since, wait } from "./format.ts";
import { mainButton } from "./mainbreaker.ts";
import { store } from "./store.ts";
import { link } from "./stream.ts";
import { themeButton } from "./theme.ts";

export class Shell {
  readonly place = h("main", { id: "main", tabindex: "-1" });
  private readonly nav = h("nav", { "aria-label": "Pages" });
  private readonly dot = h("span", { class: "dot", "aria-hidden": "true" });
  private readonly linkText = h("span", { class: "number" });
  private readonly banner = h("div", { class: "banner", hidden: true });
  private readonly bannerText = h("p", { role: "status" });
  private readonly main = h("div", { class: "banner main-open", hidden: true, role: "alert" });
  private readonly who = h("span", { class: "who" });
  private mainShown = "";
  private hasQueues = false;

  constructor(
    place: HTMLElement,
    private readonly leave: () => void,
  ) {
    this.banner.append(this.bannerText);
    const header = [
      h("a", { href: "#/", class: "brand" }, "Fusebox"),
      this.nav,
      h("span", { class: "spacer" }),
      h("span", { class: "link" }, this.dot, this.linkText),
      this.who,
      themeButton(),
    ];
    surround(this.place, place, header, [this.banner, this.main]);
    this.navigate("#/");
  }

  queues(known: boolean): void {
    this.hasQueues = known;
    this.navigate(location.hash || "#/");
  }

  navigate(hash: string): void {
    const links: [string, string][] = [["#/", "Circuits"]];
    if (this.hasQueues) links.push(["#/queues", "Queues"], ["#/dead", "Dead letters"]);
    links.push(["#/audit", "Audit"]);
    const here = (to: string) =>
      to === "#/" ? hash === "#/" || hash.startsWith("#/circuit/") : hash.startsWith(to);
    fill(
      this.nav,
      ...links.map(([to, text]) =>
        h("a", { href: to, "aria-current": here(to) ? "page" : null }, text),
      ),
    );
  }

  /** Who the user is. */
  user(): void {
    const { me } = session;
    const out = session.token()
      ? h("button", { type: "button", class: "plain", onclick: this.leave }, "Forget token")
      : null;
    fill(this.who, me ? h("span", { class: "name" }, `${me.name}, ${me.role}`) : null, out);
    this.mainShown = "";
  }

  update(): void {
    this.showLink();
    this.showMain();
  }

  private showLink(): void {
    const { state } = link;
    mark(this.dot, "data-link", state);
    const words = { connecting: "Connecting", live: "Live", stale: "Stale", lost: "Disconnected", refused: "No access" };
    const age = Math.floor((Date.now() - link.heardAt) / 1000);
    const old = link.heardAt > 0 && state !== "refused" ? ` · ${span(age)} old` : "";
    say(this.linkText, words[state] + old);
    const trouble = state === "lost" || state === "stale";
    mark(document.body, "data-stale", trouble && !store.isEmpty ? "" : null);
    this.banner.hidden = !trouble;
    if (!trouble) return;
    const at = link.heardAt > 0 ? clock(link.heardAt) : null;
    const what = state === "stale" ? "The daemon is silent." : "The connection to the daemon is lost.";
    const shown = at ? ` What you see is from ${at}.` : "";
    const left = Math.max(0, (link.retryAt - Date.now()) / 1000);
    const why = link.problem ? ` It said: ${link.problem.message}.` : "";
    say(this.bannerText, `${what}${shown}${why} Trying again${left >= 1 ? ` in ${wait(left)}` : ""}…`);
  }

  private showMain(): void {
    const { main } = store;
    const key = main ? `${main.state}${main.since}` : "";
    const age = this.main.querySelector(".age");
    if (age && main?.since) say(age, span(since(main.since)));
    if (key === this.mainShown) return;
    this.mainShown = key;
    const open = main?.state === "open";
    this.main.hidden = !open;
    if (!open || !main) return fill(this.main);
    const by = main.author ? ` by ${main.author}` : "";
    const because = main.circuit ? ` because ${main.circuit} opened` : "";
    fill(
      this.main,
      h(
        "p",
        {},
        h("strong", {}, "The main breaker is open: every call is rejected."),
        ` Opened${by}${because} at ${main.since ? clock(main.since) : "an unknown time"}, `,
        h("span", { class: "age number" }),
        ` ago${main.reason ? `: ${main.reason}` : ""}.`,
      ),
      mainButton(),
    );
  }
}
