// Many files to be read, in small groups.

import { GROUP, inWords, readFiles } from "./answers.js";

/** Read files; deliver(number of the file, its rows, one a page) as they come. What cannot be sent becomes a row with an error. */
export async function readAll(files, deliver, signal) {
  const groups = grouped(files);
  const work = async () => {
    while (groups.length && !signal.aborted) {
      const group = groups.shift();
      const rows = await readGroup(group.map(([, file]) => file), signal);
      if (!signal.aborted) group.forEach(([number], i) => deliver(number, rows[i]));
    }
  };
  await Promise.all(Array.from({ length: GROUP.atOnce }, work));
}

/** Pairs of a number and a file, in groups. */
function grouped(files) {
  const groups = [];
  let bytes = Infinity;
  files.forEach((file, number) => {
    if (bytes + file.size > GROUP.bytes || groups.at(-1).length === GROUP.files) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1).push([number, file]);
    bytes += file.size;
  });
  return groups;
}

/** The rows of each file: a file's rows begin with its page 1. */
async function readGroup(files, signal) {
  try {
    const pages = [];
    for (const row of await readFiles(files, { signal })) row.page === 1 ? pages.push([row]) : pages.at(-1).push(row);
    return pages;
  } catch (error) {
    if (signal.aborted) return [];
    return files.map((file) => [failed(file.name, inWords(error))]);
  }
}

const failed = (source, error) => ({ source, page: 1, text: "", confidence: 0, needs_review: true, refused: null, error, lines: [] });
