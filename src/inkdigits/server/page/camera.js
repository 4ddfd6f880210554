// The camera, live: one frame at a time is read, a few a second.

import { inWords, readFiles } from "./api.js";
import { clearBoxes, drawBoxes } from "./boxes.js";
import { $, say } from "./dom.js";
import { showImage } from "./image.js";
import { sentence, spoken } from "./words.js";

const PAUSE = 250; // milliseconds between two frames, at least
const SIDE = 960; // longest side of a frame that is sent, in pixels
const PRIVATE = "Frames go to this service a few times a second, and are not kept.";
const WHY = {
  NotAllowedError: "The camera is not allowed here: allow it in the browser's settings for this page, then start again.",
  NotFoundError: "There is no camera on this device. An image can be read instead.",
  OverconstrainedError: "There is no camera on this device. An image can be read instead.",
  NotReadableError: "Another program uses the camera: close it, then start again.",
};

let stream = null;
let facing = "environment";
let told = ""; // what was read last, once it stood still for two frames

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
export function stopCamera(why = PRIVATE) {
  if (!stream) return;
  for (const track of stream.getTracks()) track.stop();
  stream = null;
  live(false);
  clearBoxes($("camera-boxes"));
  state(why);
}

async function readFrames(mine) {
  let before = "";
  while (stream === mine) {
    const frame = $("camera-video").videoWidth ? await grab(SIDE) : null;
    if (frame && stream === mine) {
      try {
        const [row] = await readFiles([frame.file]);
        if (stream !== mine) return;
        drawBoxes($("camera-boxes"), row, frame.width, frame.height);
        $("camera-text").textContent = row.text || "no digits in view";
        if (row.text && row.text === before && row.text !== told) say(spoken(row));
        if (row.text === before) told = row.text;
        before = row.text;
      } catch (error) {
        if (stream === mine) stopCamera(`${sentence(inWords(error))} The camera is off.`);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

/** The frame of just now, its longest side no more than `side` pixels: {file, width, height}. */
async function grab(side) {
  const video = $("camera-video");
  const shrink = Math.min(1, side / Math.max(video.videoWidth, video.videoHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(video.videoWidth * shrink);
  canvas.height = Math.round(video.videoHeight * shrink);
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
  return { file: new File([blob], "camera.jpg"), width: canvas.width, height: canvas.height };
}

function live(on) {
  $("camera-live").hidden = !on;
  $("camera-keep").hidden = !on;
  if (!on) $("camera-turn").hidden = true;
  $("camera-start").textContent = on ? "Stop the camera" : "Start the camera";
  if (on) state(PRIVATE);
}

function state(text) {
  $("camera-state").textContent = text;
  if (text !== PRIVATE) say(text);
}

$("camera-start").onclick = () => (stream ? stopCamera() : startCamera());
$("camera-turn").onclick = () => {
  facing = facing === "user" ? "environment" : "user";
  stopCamera();
  startCamera();
};
$("camera-keep").onclick = async () => {
  const { file } = await grab(Infinity);
  location.hash = "image";
  showImage(file);
};
document.addEventListener("visibilitychange", () => document.hidden && stopCamera("The camera was stopped while the page was hidden."));
