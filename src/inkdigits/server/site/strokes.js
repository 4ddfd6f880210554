// Mirrors server/strokes.py with the canvas's own lines: pen strokes of a pad -> an image that the reader can read.

import { roundEven } from "./reader/numpy.js";

export const SIDE = 1200;

/** Draw strokes black on white.
 *  @param {{strokes: number[][][], width: number, height: number, pen: number}} drawing of pad.js
 *  @returns {{canvas: OffscreenCanvas, unit: number}} and the units of the points for one of its pixels */
export function drawn({ strokes, width, height, pen }) {
  const long = Math.max(width, height);
  const unit = Math.max(long / SIDE, Math.min(1, long / 200)); // small pads are drawn larger
  const canvas = new OffscreenCanvas(Math.max(2, roundEven(width / unit)), Math.max(2, roundEven(height / unit)));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.lineCap = context.lineJoin = "round";
  context.lineWidth = Math.max(1, roundEven(pen / unit));
  for (const points of strokes) {
    context.beginPath();
    for (const [x, y] of points) context.lineTo(x / unit, y / unit);
    if (points.length === 1) context.lineTo(points[0][0] / unit, points[0][1] / unit + 0.01); // a dot
    context.stroke();
  }
  return { canvas, unit };
}

/** A row whose boxes, in pixels of what was drawn, are in the units of the points. */
export function enlarged(row, unit) {
  const placed = (one) => ({ ...one, box: one.box.map((v) => roundEven(v * unit)) });
  const lines = row.lines.map((line) => ({ ...placed(line), digits: line.digits.map(placed) }));
  return { ...row, lines, left_out: row.left_out.map(placed) };
}
