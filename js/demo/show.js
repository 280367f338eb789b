// Results as elements of the page. Labels and words come from files of strangers: they become text, never markup.

export function showLabels(labels) {
  const list = document.createElement("div");
  for (const { label, score } of labels) {
    const row = make("div", "label");
    const bar = document.createElement("meter");
    bar.max = 1;
    bar.value = score;
    bar.setAttribute("aria-label", label);
    row.append(make("span", "name", label), bar, make("span", "score", `${(100 * score).toFixed(1)} %`));
    list.append(row);
  }
  return list;
}

/** The text with its entities marked. Offsets count Unicode characters. */
export function showEntities(text, entities) {
  const characters = Array.from(text);
  const line = make("p", "entities");
  let at = 0;
  for (const { entity_group, entity, start, end } of entities) {
    // The space before a word is part of its first token.
    const words = characters.slice(start, end).join("").trimStart();
    line.append(characters.slice(at, end - Array.from(words).length).join(""));
    const mark = make("mark", "", words);
    mark.append(make("small", "", entity_group ?? entity));
    line.append(mark);
    at = end;
  }
  line.append(characters.slice(at).join(""));
  return line;
}

/** Whatever else a model says. */
export function showJson(result) {
  if (!(result instanceof Float32Array)) return make("pre", "", JSON.stringify(result, null, 1));
  const first = Array.from(result.slice(0, 8), (x) => x.toFixed(3)).join(", ");
  return make("pre", "", `${result.length} numbers: ${first} …`);
}

function make(tag, className, text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.textContent = text;
  return element;
}
