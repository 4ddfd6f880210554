// A canvas to write on with mouse, pen, finger or keyboard.

const PEN = [6, 0.017]; // width of the pen: at least so many pixels, and this share of the pad's width
const PALM = 1000; // milliseconds after a pen's last move in which touches are a resting hand
const STEP = 0.02; // how far an arrow key moves the pen, as a share of the pad's width
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Make a pad of a <canvas>. Calls began() when a stroke begins, and changed() when one is finished, taken back or cleared.
 *
 *  Its `drawing` is what /v1/strokes takes: strokes of [x, y, milliseconds], and width, height and pen in the same units: CSS pixels at
 *  the first stroke. Where the pad changes its size, the writing is scaled with it. */
export function makePad(canvas, began, changed) {
  const context = canvas.getContext("2d");
  const past = []; // the strokes before each change
  let strokes = [];
  let stroke = null; // the one being drawn
  let size = { width: 1, height: 1 };
  let start = 0;
  let penSeen = -Infinity;
  let cursor = null; // the keyboard's pen

  const scale = () => Math.min(canvas.clientWidth / size.width, canvas.clientHeight / size.height);
  const pen = () => Math.max(PEN[0], PEN[1] * size.width);

  function paint() {
    const ratio = canvas.width / Math.max(canvas.clientWidth, 1);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.scale(ratio * scale(), ratio * scale());
    context.lineCap = context.lineJoin = "round";
    context.lineWidth = pen();
    context.strokeStyle = context.fillStyle = getComputedStyle(canvas).color;
    for (const points of stroke ? [...strokes, stroke] : strokes) {
      context.beginPath();
      for (const [x, y] of points) context.lineTo(x, y);
      if (points.length === 1) context.lineTo(points[0][0], points[0][1] + 0.01); // a dot
      context.stroke();
    }
    if (cursor) {
      context.lineWidth = 2;
      context.beginPath();
      context.arc(...cursor, pen(), 0, 7);
      stroke ? context.fill() : context.stroke();
    }
  }

  let painting = 0;
  const repaint = () => {
    cancelAnimationFrame(painting);
    painting = requestAnimationFrame(paint);
  };

  function fit() {
    if (!canvas.clientWidth) return; // hidden
    canvas.width = Math.round(canvas.clientWidth * devicePixelRatio);
    canvas.height = Math.round(canvas.clientHeight * devicePixelRatio);
    if (!strokes.length && !stroke) size = { width: canvas.clientWidth, height: canvas.clientHeight };
    paint();
  }

  function become(next) {
    past.push(strokes);
    strokes = next;
    repaint();
    changed();
  }

  function begin(x, y, time) {
    if (!strokes.length) [size, start] = [{ width: canvas.clientWidth, height: canvas.clientHeight }, time];
    stroke = [];
    began();
    add(x, y, time);
  }

  function add(x, y, time) {
    const round = (v) => Math.round(10 * v) / 10;
    stroke.push([round(x), round(y), Math.max(0, Math.round(time - start))]);
    repaint();
  }

  function end() {
    if (!stroke) return;
    const done = stroke;
    stroke = null;
    become([...strokes, done]);
  }

  function placeOf(event) {
    const canvasAt = canvas.getBoundingClientRect();
    return [(event.clientX - canvasAt.left) / scale(), (event.clientY - canvasAt.top) / scale()];
  }

  canvas.addEventListener("pointerdown", (event) => {
    const palm = event.pointerType === "touch" && event.timeStamp - penSeen < PALM;
    if (stroke || event.button !== 0 || !event.isPrimary || palm) return;
    canvas.setPointerCapture(event.pointerId);
    cursor = null;
    begin(...placeOf(event), event.timeStamp);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerType === "pen") penSeen = event.timeStamp;
    if (!stroke || !canvas.hasPointerCapture(event.pointerId)) return;
    const between = event.getCoalescedEvents?.() ?? [];
    for (const one of between.length ? between : [event]) add(...placeOf(one), one.timeStamp);
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) canvas.addEventListener(name, () => cursor || end());

  canvas.addEventListener("keydown", (event) => {
    if (event.key in ARROWS) {
      cursor ??= [size.width / 2, size.height / 2];
      const step = STEP * size.width * (event.shiftKey ? 3 : 1);
      const limits = [size.width, size.height];
      cursor = cursor.map((v, i) => Math.min(Math.max(v + step * ARROWS[event.key][i], 0), limits[i]));
      if (stroke) add(...cursor, event.timeStamp);
    } else if (event.key === " ") {
      cursor ??= [size.width / 2, size.height / 2];
      stroke ? end() : begin(...cursor, event.timeStamp);
    } else if (event.key === "Delete") {
      pad.clear();
    } else if (event.key === "z" && (event.ctrlKey || event.metaKey)) {
      pad.undo();
    } else {
      return;
    }
    event.preventDefault();
    repaint();
  });
  canvas.addEventListener("blur", () => {
    if (cursor) end();
    cursor = null;
    repaint();
  });
  new ResizeObserver(fit).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);

  const pad = {
    get drawing() {
      return { strokes, ...size, pen: pen() };
    },
    get size() {
      return { width: canvas.clientWidth / scale(), height: canvas.clientHeight / scale() };
    },
    get empty() {
      return !strokes.length;
    },
    get canUndo() {
      return past.length > 0;
    },
    undo() {
      if (!past.length) return;
      strokes = past.pop();
      repaint();
      changed();
    },
    clear() {
      if (strokes.length) become([]);
    },
  };
  return pad;
}
