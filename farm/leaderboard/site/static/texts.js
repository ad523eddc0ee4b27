"use strict";
// Texts of models are foreign: everything here makes nodes and sets textContent; nothing is ever parsed as HTML.

const LOST = 0, TIED = 1, WON = 2, UNPARSED = 3, DISAGREED = 4, HAS_UNPARSED = 8, CUT_OFF = 16;
const OUTCOMES = ["lost", "tied", "won", "unparsed"];
const LONGEST_SHOWN = 20000;
const PAGE = 50;
const values = new Map();
const loading = new Map();

// Each data file calls this with its name and what it holds.
function farmData(name, value) {
  values.set(name, value);
}

// A page from disk may not fetch, but may add a script from beside it.
function load(folder, name) {
  if (!loading.has(name)) {
    loading.set(name, new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.charset = "utf-8";
      script.src = `${folder}${name}.js`;
      script.onload = () => resolve(values.get(name));
      script.onerror = () => {
        loading.delete(name);
        reject(new Error(`${name}.js is not beside this page: the folder was not copied as a whole`));
      };
      document.head.append(script);
    }));
  }
  return loading.get(name);
}

function node(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") made.textContent = value;
    else if (value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

// A foreign text, in a direction of its own; a very long one is cut until somebody asks for the rest.
function textNode(text) {
  const shown = node("div", { class: "text", dir: "auto" });
  if (text === "") shown.append(node("i", { class: "quiet", text: "(empty)" }));
  else if (text.length <= LONGEST_SHOWN) shown.textContent = text;
  else {
    const rest = node("button", { type: "button", text: `Show all ${text.length.toLocaleString("en")} characters` });
    rest.addEventListener("click", () => { shown.textContent = text; shown.tabIndex = -1; shown.focus(); });
    shown.append(text.slice(0, LONGEST_SHOWN), "… ", rest);
  }
  return shown;
}

function chips(code, name) {
  const outcome = OUTCOMES[code & 3];
  const made = [node("span", { class: `chip ${outcome}`, text: name ? `${name}: ${outcome}` : outcome })];
  if (code & DISAGREED) made.push(node("span", { class: "chip", text: "judges disagree" }));
  if (code & HAS_UNPARSED && outcome !== "unparsed") made.push(node("span", { class: "chip", text: "a verdict unparsed" }));
  if (code & CUT_OFF) made.push(node("span", { class: "chip", text: "cut off" }));
  return made;
}

function verdictWords(preference, reason) {
  if (preference === null) return reason ? `unparsed: ${reason}` : "unparsed";
  const side = preference > 1.5 ? "the answer" : preference < 1.5 ? "the reference" : "tie";
  return [1, 1.5, 2].includes(preference) ? side : `${side} (${preference.toFixed(2)})`;
}

function judgementNodes(judgements) {
  return judgements.map(([judge, preference, firstShown, reply, reason]) => node("div", { class: "judgement" },
    node("p", {},
      node("b", {}, node("bdi", { text: judge })), ": ", node("bdi", { text: verdictWords(preference, reason) }),
      firstShown === null ? "" : firstShown === 1 ? "; saw the reference first" : "; saw the answer first"),
    reply === "" ? "" : textNode(reply)));
}

function passage(title, text, ...more) {
  return node("section", { class: "passage" }, node("h3", {}, node("bdi", { text: title })), textNode(text), ...more);
}

// A list of answers that is filtered, searched and shown by pages; each opens on demand.
class AnswerList {
  constructor(root, { filters, summary, open }) {
    Object.assign(this, { root, filters, summary, open, rows: [], shown: PAGE, chosen: Object.keys(filters)[0] });
    this.list = node("div", { class: "answers" });
    this.status = node("p", { role: "status" });
    this.more = node("button", { type: "button", text: `Show ${PAGE} more` });
    this.choices = node("fieldset", {}, node("legend", { text: "Show" }));
    this.search = node("input", { type: "search", autocomplete: "off" });
    this.search.addEventListener("input", () => this.restart());
    this.more.addEventListener("click", () => {
      const next = this.list.children.length;
      this.shown += PAGE;
      this.draw();
      this.list.children[next]?.querySelector("summary").focus();
    });
    const label = node("label", { class: "search" }, "Search the beginnings of instructions ", this.search);
    root.replaceChildren(this.choices, label, this.status, this.list, this.more);
  }

  show(rows) {
    this.rows = rows;
    this.choices.replaceChildren(this.choices.firstChild, ...Object.entries(this.filters).map(([name, holds]) => {
      const button = node("input", { type: "radio", name: "filter", value: name, checked: name === this.chosen });
      button.addEventListener("change", () => { this.chosen = name; this.restart(); });
      return node("label", {}, button, ` ${name} `, node("span", { class: "quiet", text: rows.filter(holds).length }));
    }));
    this.restart();
  }

  restart() {
    this.shown = PAGE;
    this.list.replaceChildren();
    this.draw();
  }

  draw() {
    const words = this.search.value.toLowerCase();
    const holds = this.filters[this.chosen];
    const kept = this.rows.filter((row) => holds(row) && row.preview.toLowerCase().includes(words));
    for (const row of kept.slice(this.list.children.length, this.shown)) this.list.append(this.entry(row));
    this.status.textContent = `${Math.min(this.shown, kept.length)} of ${kept.length} shown`;
    this.more.hidden = kept.length <= this.shown;
  }

  entry(row) {
    const made = node("details", {}, node("summary", {},
      node("span", { class: "preview", dir: "auto", text: row.preview || "(no instruction)" }),
      node("span", { class: "chips" }, ...this.summary(row).flatMap((chip) => [chip, " "]))));
    made.addEventListener("toggle", async () => {
      if (!made.open || made.children.length > 1) return;
      const body = node("div", { class: "opened" }, node("p", { role: "status", text: "Loading…" }));
      made.append(body);
      try {
        body.replaceChildren(...await this.open(row));
      } catch (error) {
        body.replaceChildren(node("p", { class: "severe", text: error.message }));
      }
    });
    return made;
  }
}

// Rows of one entry: {item, code, chunk, place, question, preview, where}
async function entryRows(folder, entry) {
  const [items, rows] = await Promise.all([load(folder, "items"), load(folder, entry)]);
  return rows.map(([item, code, chunk, place]) => {
    const [question, itemChunk, itemPlace, preview] = items[item];
    return { entry, code, chunk, place, question, itemChunk, itemPlace, preview };
  });
}

async function answerOf(folder, row) {
  const chunk = await load(folder, `${row.entry}-${row.chunk}`);
  const [output, judgements] = chunk[row.place];
  return { output, judgements };
}

async function itemOf(folder, row) {
  const chunk = await load(folder, `items-${row.itemChunk}`);
  const [instruction, input, reference] = chunk[row.itemPlace];
  return { instruction, input, reference };
}
