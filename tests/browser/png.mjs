// Smaller PNGs of pages: a page has few colours, so that a palette of 256 loses nothing that can be seen, and
// a third of the size stays (PNG third edition, W3C 2025).

import { deflateSync, inflateSync } from "node:zlib";

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** The same picture with a palette. */
export function withPalette(png) {
  const { width, height, pixels } = decode(png);
  const { palette, index } = fewColours(pixels);
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) rows[y * (width + 1) + 1 + x] = index.get(pixels[y * width + x]);
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  const plte = Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  const parts = [chunk("IHDR", head), chunk("PLTE", plte), chunk("IDAT", deflateSync(rows, { level: 9 })), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([SIGNATURE, ...parts]);
}

/**
 * At most 256 colours, so that every pixel is near one of them: a small mark of a rare colour keeps it, which it
 * would not if the most frequent were chosen.
 */
function fewColours(pixels) {
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  const colours = [...counts].sort((a, b) => b[1] - a[1]).map(([colour]) => colour);
  for (let apart = 0; ; apart += 2) {
    const palette = [];
    const index = new Map();
    for (const colour of colours) {
      const [near, distance] = nearest(palette, colour);
      if (distance > apart * apart) index.set(colour, palette.push(colour) - 1);
      else index.set(colour, near);
      if (palette.length > 256) break;
    }
    if (palette.length <= 256) return { palette, index };
  }
}

/** Where the nearest colour stands, and the square of its distance. */
function nearest(palette, colour) {
  let [best, distance] = [0, Infinity];
  for (let n = 0; n < palette.length; n += 1) {
    const [red, green, blue] = [16, 8, 0].map((shift) => ((colour >> shift) & 255) - ((palette[n] >> shift) & 255));
    const d = red * red + green * green + blue * blue;
    if (d < distance) [best, distance] = [n, d];
  }
  return [best, distance];
}

/** Chromium's pictures: 8 bits of red, green, blue and perhaps alpha, not interlaced. */
function decode(png) {
  let [width, height, channels] = [0, 0, 0];
  const data = [];
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const kind = png.toString("latin1", at + 4, at + 8);
    const body = png.subarray(at + 8, at + 8 + length);
    if (kind === "IHDR") {
      [width, height] = [body.readUInt32BE(0), body.readUInt32BE(4)];
      channels = { 2: 3, 6: 4 }[body[9]];
      if (body[8] !== 8 || !channels || body[12] !== 0) throw new Error("not as Chromium writes pictures");
    }
    if (kind === "IDAT") data.push(body);
    at += length + 12;
  }
  const raw = inflateSync(Buffer.concat(data));
  const line = width * channels;
  const pixels = new Uint32Array(width * height);
  let above = Buffer.alloc(line);
  for (let y = 0; y < height; y += 1) {
    const row = raw.subarray(y * (line + 1) + 1, (y + 1) * (line + 1));
    unfilter(raw[y * (line + 1)], row, above, channels);
    for (let x = 0; x < width; x += 1) {
      const at = x * channels;
      pixels[y * width + x] = (row[at] << 16) | (row[at + 1] << 8) | row[at + 2];
    }
    above = row;
  }
  return { width, height, pixels };
}

/** Section 9.2: what a row was before its filter. */
function unfilter(filter, row, above, channels) {
  for (let n = 0; n < row.length; n += 1) {
    const left = n >= channels ? row[n - channels] : 0;
    const up = above[n];
    const corner = n >= channels ? above[n - channels] : 0;
    const p = left + up - corner;
    const [a, b, c] = [Math.abs(p - left), Math.abs(p - up), Math.abs(p - corner)];
    const paeth = a <= b && a <= c ? left : b <= c ? up : corner;
    row[n] += [0, left, up, (left + up) >> 1, paeth][filter];
  }
}

const CRC = Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit += 1) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function chunk(kind, body) {
  const whole = Buffer.alloc(body.length + 12);
  whole.writeUInt32BE(body.length, 0);
  whole.write(kind, 4, "latin1");
  whole.set(body, 8);
  let crc = 0xffffffff;
  for (const octet of whole.subarray(4, -4)) crc = CRC[(crc ^ octet) & 255] ^ (crc >>> 8);
  whole.writeUInt32BE((crc ^ 0xffffffff) >>> 0, whole.length - 4);
  return whole;
}
