// The arena of `fusebox demo`: five systems on real sockets, twice, with breakers and without, and
// buttons that break what they depend on.

import "../style/base.css";
import "../style/shell.css";
import "./arena.css";
import { loading } from "../states.ts";
import { Board } from "./board.ts";
import { feed, follow } from "./feed.ts";
import { Frame } from "./frame.ts";
import type { Arena } from "./types.ts";

const frame = new Frame(document.getElementById("app") ?? document.body);
let board: Board | null = null;
let newest: Arena | null = null;
let scheduled = false;

frame.place.replaceChildren(loading("the arena"));

/** Draws the newest document in the next frame; of two in one frame the first is not worth drawing. */
function draw(): void {
  scheduled = false;
  if (!newest) return;
  board?.show(newest);
  frame.show(newest);
}

/** The board for this document, a new one if the one that there is does not fit. */
function boardFor(arena: Arena): Board {
  if (board?.fits(arena)) return board;
  board = new Board(arena);
  frame.place.replaceChildren(board.element);
  return board;
}

follow(
  (arena) => {
    newest = arena;
    boardFor(arena).remember(arena);
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(draw);
  },
  () => {
    frame.link();
    board?.alive(feed.state === "live");
  },
);
setInterval(() => frame.link(), 1000);
