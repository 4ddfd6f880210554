// The camera, live: one frame at a time is read, a few a second, and what two of them say alike is an answer.

import { FRAMES, inWords, readCanvas } from "./answers.js";
import { clearBoxes, drawBoxes } from "./boxes.js";
import { $, make, say } from "./dom.js";
import { showImage } from "./image.js";
import { sentence, spoken } from "./words.js";

const PAUSE = 250; // milliseconds between two frames, at least
const SIDE = 960; // longest side of a frame that is read, in pixels
const WHY = {
  NotAllowedError: "The camera is not allowed here: allow it in the browser's settings for this page, then start again.",
  NotFoundError: "There is no camera on this device. An image can be read instead.",
  OverconstrainedError: "There is no camera on this device. An image can be read instead.",
  NotReadableError: "Another program uses the camera: close it, then start again.",
};

let stream = null;
let facing = "environment";
let told = ""; // what two frames in a row said last

/** Switch the camera on, and read. */
export async function startCamera() {
  if (!navigator.mediaDevices) {
    state("Browsers give the camera only to pages that come over https, or from this very machine. A photo can be taken and read instead.");
    return;
  }
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: facing, width: { ideal: 1280 } }, audio: false });
  } catch (error) {
    state(WHY[error.name] ?? `The camera did not start: ${error.message}`);
    return;
  }
  if ($("camera").hidden || document.hidden) return stopCamera(); // left while the browser asked
  const mine = stream;
  $("camera-video").srcObject = mine;
  live(true);
  const cameras = (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === "videoinput");
  $("camera-turn").hidden = cameras.length < 2;
  await readFrames(mine);
}

/** Switch it off. */
export function stopCamera(why = FRAMES) {
  if (!stream) return;
  for (const track of stream.getTracks()) track.stop();
  stream = null;
  live(false);
  clearBoxes($("camera-boxes"));
  state(why);
}

async function readFrames(mine) {
  let before = null;
  while (stream === mine) {
    const frame = $("camera-video").videoWidth ? grab(SIDE) : null;
    if (frame) {
      try {
        const row = await readCanvas(frame);
        if (stream !== mine) return;
        drawBoxes($("camera-boxes"), row, frame.width, frame.height);
        if (row.text === before) agreed(row);
        before = row.text;
      } catch (error) {
        if (stream === mine) stopCamera(`${sentence(inWords(error))} The camera is off.`);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

/** Show what two frames agree in, and tell it once. */
function agreed(row) {
  $("camera-text").textContent = row.text || "no digits in view";
  if (row.text && row.text !== told) say(spoken(row));
  told = row.text;
}

/** The frame of just now, its longest side no more than `side` pixels, as a <canvas>. */
function grab(side) {
  const video = $("camera-video");
  const shrink = Math.min(1, side / Math.max(video.videoWidth, video.videoHeight));
  const [width, height] = [video.videoWidth, video.videoHeight].map((v) => Math.round(v * shrink));
  const canvas = make("canvas", { width, height });
  canvas.getContext("2d", { willReadFrequently: true }).drawImage(video, 0, 0, width, height);
  return canvas;
}

function live(on) {
  $("camera-live").hidden = !on;
  $("camera-keep").hidden = !on;
  if (!on) $("camera-turn").hidden = true;
  $("camera-start").textContent = on ? "Stop the camera" : "Start the camera";
  if (on) state(FRAMES);
}

function state(text) {
  $("camera-state").textContent = text;
  if (text !== FRAMES) say(text);
}

$("camera-start").onclick = () => (stream ? stopCamera() : startCamera());
$("camera-turn").onclick = () => {
  facing = facing === "user" ? "environment" : "user";
  stopCamera();
  startCamera();
};
$("camera-keep").onclick = async () => {
  const frame = grab(Infinity);
  const picture = await new Promise((resolve) => frame.toBlob(resolve, "image/jpeg", 0.9));
  location.hash = "image";
  showImage(new File([picture], "camera.jpg"));
};
$("camera-state").textContent = FRAMES;
document.addEventListener("visibilitychange", () => document.hidden && stopCamera("The camera was stopped while the page was hidden."));
