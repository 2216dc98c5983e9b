// When a page of the console is whole: every answer is drawn, nothing moves, the layout has followed.

/** What stands where an answer is still to come. */
const MISSING = ".loading, .events:empty, .plot:empty, .spark .calls[d='']";

/** Runs in the page. What moves without an end, as a bone does, belongs to what is missing. */
function isWhole(missing) {
  const ends = ({ effect }) => effect.getComputedTiming().endTime < Infinity;
  return document.title.endsWith(" · Fusebox") && !document.querySelector(missing) && !document.getAnimations().some(ends);
}

/** Until all that the page asked for is there. */
export async function settled(page) {
  await page.waitForFunction(isWhole, MISSING);
  // Observers of sizes run at the end of a frame, and what they change is laid out in the next.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

/** Goes to an address, and waits until the page there is whole. */
export async function visit(page, url) {
  // The next page sets its title when it comes: without one the page before is not taken for it.
  await page.evaluate(() => (document.title = ""));
  await page.goto(url);
  await settled(page);
}
