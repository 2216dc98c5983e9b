// Screenshots for the documents, small: 256 colours are enough for a page of flat ones.
import { writeFileSync } from "node:fs";
import { crc32, deflateSync, inflateSync } from "node:zlib";

const COLOURS_MAX = 256;
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Takes a picture of what is seen of the page, and keeps it in at most 256 colours. */
export async function picture(page, path) {
  const { width, height, pixels } = decoded(await page.screenshot());
  writeFileSync(path, encoded(width, height, pixels));
}

/** The pixels of a PNG with 8 bits for each of red, green, blue and perhaps alpha. */
function decoded(png) {
  const parts = [];
  let head = null;
  for (let at = SIGNATURE.length; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const kind = png.toString("latin1", at + 4, at + 8);
    const data = png.subarray(at + 8, at + 8 + length);
    if (kind === "IHDR") head = data;
    if (kind === "IDAT") parts.push(data);
    at += length + 12;
  }
  const [width, height, depth, colour] = [head.readUInt32BE(0), head.readUInt32BE(4), head[8], head[9]];
  if (depth !== 8 || (colour !== 2 && colour !== 6) || head[12] !== 0) throw new Error("another kind of PNG");
  const step = colour === 6 ? 4 : 3;
  const raw = inflateSync(Buffer.concat(parts));
  const row = width * step;
  const lines = Buffer.alloc(row * height);
  for (let y = 0; y < height; y += 1) {
    const filter = raw[y * (row + 1)];
    for (let x = 0; x < row; x += 1) {
      const to = y * row + x;
      const left = x >= step ? lines[to - step] : 0;
      const up = y > 0 ? lines[to - row] : 0;
      const corner = x >= step && y > 0 ? lines[to - row - step] : 0;
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
      lines[to] = raw[y * (row + 1) + 1 + x] + guess;
    }
  }
  const pixels = new Uint32Array(width * height);
  for (let i = 0; i < pixels.length; i += 1) pixels[i] = lines.readUIntBE(i * step, 3);
  return { width, height, pixels };
}

function paeth(left, up, corner) {
  const [a, b, c] = [left, up, corner].map((one) => Math.abs(left + up - corner - one));
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

/** A PNG with a palette; each colour that is not in it becomes the nearest that is. */
function encoded(width, height, pixels) {
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  const { palette, places } = chosen(counts);
  const lines = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) lines[y * (width + 1) + 1 + x] = places.get(pixels[y * width + x]);
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  const colours = Buffer.from(palette.flatMap(parts));
  return Buffer.concat([SIGNATURE, chunk("IHDR", head), chunk("PLTE", colours), chunk("IDAT", deflateSync(lines, { level: 9, memLevel: 9 })), chunk("IEND", Buffer.alloc(0))]);
}

/** One colour after another: the one that is missed most, by how far it is from those and how common. */
function chosen(counts) {
  const open = [...counts].map(([colour, count]) => ({ colour, count, off: Infinity, place: 0 }));
  const palette = [];
  while (palette.length < COLOURS_MAX) {
    const missed = (one) => Math.min(one.off, 1e6) * one.count;
    const next = open.reduce((most, one) => (missed(one) > missed(most) ? one : most));
    if (next.off === 0) break;
    const place = palette.push(next.colour) - 1;
    for (const one of open) {
      const off = distance(one.colour, next.colour);
      if (off < one.off) Object.assign(one, { off, place });
    }
  }
  return { palette, places: new Map(open.map(({ colour, place }) => [colour, place])) };
}

const parts = (colour) => [colour >> 16, (colour >> 8) & 255, colour & 255];

function distance(one, other) {
  return ((one >> 16) - (other >> 16)) ** 2 + (((one >> 8) & 255) - ((other >> 8) & 255)) ** 2 + ((one & 255) - (other & 255)) ** 2;
}

function chunk(kind, data) {
  const body = Buffer.concat([Buffer.from(kind, "latin1"), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}
