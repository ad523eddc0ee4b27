"use strict";
// Two models answer by answer; which two stands behind the # of the address, so that a comparison can be linked.

const place = document.getElementById("answers");
const folder = place.dataset.folder;
const selects = ["a", "b"].map((id) => document.getElementById(id));
const SCORES = [0, 0.5, 1, null];

function nameOf(select) {
  return select.selectedOptions[0].textContent;
}

async function openPair({ a, b }) {
  const [item, first, second] = await Promise.all([itemOf(folder, a), answerOf(folder, a), answerOf(folder, b)]);
  const said = ({ judgements }) => judgements.length ? [node("details", { class: "said" },
    node("summary", { text: "What the judges said" }), ...judgementNodes(judgements))] : [];
  return [
    passage("Instruction", item.instruction),
    ...(item.input ? [passage("Input", item.input)] : []),
    node("div", { class: "beside three" },
      passage(nameOf(selects[0]), first.output, ...said(first)),
      passage(nameOf(selects[1]), second.output, ...said(second)),
      passage(`${place.dataset.reference} (reference)`, item.reference)),
  ];
}

function gap({ a, b }) {
  const [first, second] = [SCORES[a.code & 3], SCORES[b.code & 3]];
  return first === null || second === null ? null : first - second;
}

let list;

async function showPair() {
  const [a, b] = selects.map((select) => select.value);
  history.replaceState(null, "", `#a=${a}&b=${b}`);
  try {
    const [first, second] = await Promise.all([entryRows(folder, a), entryRows(folder, b)]);
    const ofSecond = new Map(second.map((row) => [row.question, row]));
    const pairs = first.filter((row) => ofSecond.has(row.question))
      .map((row) => ({ a: row, b: ofSecond.get(row.question), preview: row.preview }));
    list = new AnswerList(place, {
      filters: {
        all: () => true,
        "first does better": (row) => gap(row) > 0,
        "second does better": (row) => gap(row) < 0,
        "both won": ({ a, b }) => (a.code & 3) === WON && (b.code & 3) === WON,
        "both lost": ({ a, b }) => (a.code & 3) === LOST && (b.code & 3) === LOST,
        "a verdict unparsed": ({ a, b }) => Boolean((a.code | b.code) & HAS_UNPARSED),
      },
      summary: ({ a, b }) => [...chips(a.code, "first"), ...chips(b.code, "second")],
      open: openPair,
    });
    list.show(pairs);
  } catch (error) {
    place.replaceChildren(node("p", { class: "severe", text: error.message }));
  }
}

const asked = new URLSearchParams(location.hash.slice(1));
const options = selects.map((select) => [...select.options]);
const places = selects.map((select, index) => options[index].findIndex(({ value }) => value === asked.get(select.id)));
const first = Math.max(0, places[0]);
const another = options[1].findIndex(({ dataset }) => dataset.model !== options[0][first].dataset.model);
selects[0].selectedIndex = first;
// not asked for: the best of the other models, or another seed of the only one
selects[1].selectedIndex = [places[1], another].find((found) => found >= 0) ?? (first ? 0 : options[1].length - 1);
selects.forEach((select) => select.addEventListener("change", showPair));
showPair();
