// What a person passes to a pipeline, as the request that the module reads.

import { AlbertError } from "./error.js";

/** The second argument of tasks that take two. */
const SECOND = {
  "zero-shot-classification": "candidate_labels",
  "question-answering": "context",
  "multiple-choice": "choices",
  "reranking": "documents",
};

/** A request of `task`: a text, `{text, text_pair}` or an object with the fields of the task. */
export function toRequest(task, input, extra) {
  const second = SECOND[task];
  if (typeof input === "string") {
    const first = task === "question-answering" ? "question" : "text";
    const request = { [first]: input };
    if (extra !== undefined) request[second ?? "text_pair"] = list(second, extra);
    return request;
  }
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw new AlbertError(`expected a text or an object, not ${Array.isArray(input) ? "a list in a list" : typeof input}`);
  }
  const { query, ...rest } = input;
  return query === undefined ? rest : { text: query, ...rest };
}

/** Labels, choices and documents are lists; labels may be one text with commas. */
function list(field, value) {
  if (field === undefined || field === "context" || Array.isArray(value)) return value;
  return field === "candidate_labels" ? value.split(",").map((label) => label.trim()) : [value];
}
