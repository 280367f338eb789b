// The demo: a text, a model, and what the model says of it while one types.

import { fetchModel, pipeline } from "./albert-edge/index.js";
import { showEntities, showJson, showLabels } from "./show.js";

const MODELS = {
  intents: { url: "models/clinc-intents-int8.albert", text: "what is the weather like in tokyo tomorrow" },
  slots: { url: "models/snips-slots-int8.albert", text: "book a table for two in a french restaurant in paris" },
};
const OPTIONS = { "text-classification": { top_k: 5 }, "token-classification": { aggregation_strategy: "simple" } };

const element = (id) => document.getElementById(id);
const text = element("text");
const status = element("status");
const results = element("results");
const progress = element("progress");

/** The pipeline in use; another may be loading. */
let current;
/** Counts models, so that one that arrives late is dropped. */
let wanted = 0;

async function use(model, name) {
  wanted += 1;
  const mine = wanted;
  status.textContent = `Loading ${name}…`;
  progress.hidden = false;
  progress.removeAttribute("value");
  try {
    const opened = await pipeline(undefined, { model, worker: true, progress: showProgress });
    if (mine !== wanted) return opened.close();
    current?.close();
    current = opened;
    element("size").textContent = `${(opened.info.file_bytes / 1e6).toFixed(2)} MB`;
    element("isa").textContent = opened.info.isa;
    await update();
    status.textContent = `${name}: ${opened.task}`;
  } catch (error) {
    if (mine === wanted) status.textContent = `${name}: ${error.message}`;
  } finally {
    if (mine === wanted) progress.hidden = true;
  }
  return undefined;
}

function showProgress(loaded, total) {
  if (total) [progress.max, progress.value] = [total, loaded];
}

let running = false;
let again = false;

/** Runs the text; while a run is under way, the latest text waits. */
async function update() {
  again = true;
  if (running) return;
  running = true;
  while (again && current) {
    again = false;
    await run(current);
  }
  running = false;
}

async function run(pipe) {
  const input = text.value;
  if (input.trim() === "") {
    results.replaceChildren();
    return;
  }
  try {
    const start = performance.now();
    const result = await pipe(input, OPTIONS[pipe.task] ?? {});
    const milliseconds = performance.now() - start;
    if (pipe.task === "text-classification") results.replaceChildren(showLabels(result));
    else if (pipe.task === "token-classification") results.replaceChildren(showEntities(input, result));
    else results.replaceChildren(showJson(result));
    element("time").textContent = `${milliseconds.toFixed(1)} ms`;
    element("memory").textContent = `${((await pipe.memory()) / 1e6).toFixed(1)} MB`;
  } catch (error) {
    // A pipeline that another model has replaced meanwhile is closed.
    if (pipe === current) results.textContent = error.message;
  }
}

text.addEventListener("input", update);
element("ask").addEventListener("submit", (event) => event.preventDefault());
element("models").addEventListener("change", ({ target }) => {
  if (target.type === "file") return openFile(target.files[0]);
  // A text of the reader's own stays.
  if (Object.values(MODELS).some((each) => each.text === text.value)) text.value = MODELS[target.value].text;
  return use(MODELS[target.value].url, target.value);
});

function openFile(file) {
  if (!file) return;
  for (const choice of document.querySelectorAll("input[name=model]")) choice.checked = false;
  use(file, file.name);
}

document.body.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dragging");
});
document.body.addEventListener("dragleave", () => document.body.classList.remove("dragging"));
document.body.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dragging");
  openFile(event.dataTransfer.files[0]);
});

/** Keeps the page and both models for the time without a network, where the browser can. */
async function keep() {
  if (!("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register("offline.js");
  await navigator.serviceWorker.ready;
  await fetchModel(MODELS.slots.url);
  document.body.dataset.offline = "ready";
  element("kept").hidden = false;
}

await use(MODELS.intents.url, "intents");
keep().catch(() => {});
