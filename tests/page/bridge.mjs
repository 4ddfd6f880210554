// Calls functions of ES modules for Python: JSON lines on stdin, {module, name, arguments}, and on stdout {value}, {error} or, where the
// function calls back, {call, arguments}, which is answered by a line {value}. Arrays are {dtype, shape, base64}.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const TYPES = { uint8: Uint8Array, bool: Uint8Array, int16: Int16Array, int32: Int32Array, float32: Float32Array, float64: Float64Array };
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const heard = async () => JSON.parse((await lines.next()).value);
const tell = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

function taken(value) {
  if (value?.callback) {
    return async (...given) => {
      tell({ call: value.callback, arguments: given.map(given_away) });
      return taken((await heard()).value);
    };
  }
  if (value?.base64 !== undefined) {
    const bytes = Buffer.from(value.base64, "base64");
    const data = new TYPES[value.dtype](bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    const [height, width] = value.shape;
    return value.shape.length === 2 ? { width, height, data } : Object.assign(data, { dims: value.shape });
  }
  if (Array.isArray(value)) return value.map(taken);
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, own]) => [key, taken(own)]));
  return value;
}

function given_away(value) {
  if (ArrayBuffer.isView(value)) {
    const dtype = Object.keys(TYPES).find((name) => TYPES[name] === value.constructor);
    return { dtype, shape: [value.length], base64: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64") };
  }
  if (value?.data && ArrayBuffer.isView(value.data)) return { ...given_away(value.data), shape: [value.height, value.width] };
  if (value instanceof Map) return given_away([...value]);
  if (Array.isArray(value)) return value.map(given_away);
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, own]) => [key, given_away(own)]));
  return value;
}

for (let line; !(line = await lines.next()).done; ) {
  const asked = JSON.parse(line.value);
  try {
    const module = await import(pathToFileURL(asked.module));
    const found = module[asked.name];
    tell({ value: given_away(typeof found === "function" ? await found(...asked.arguments.map(taken)) : found) });
  } catch (error) {
    tell({ error: error.stack });
  }
}
