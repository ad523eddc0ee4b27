"use strict";
// The answers of one model beside the reference's.

const place = document.getElementById("answers");
const seed = document.getElementById("entry");
const folder = place.dataset.folder;

async function openAnswer(row) {
  const [{ output, judgements }, item] = await Promise.all([answerOf(folder, row), itemOf(folder, row)]);
  const said = judgements.length ? [node("section", { class: "judgements" },
    node("h3", { text: "What the judges said" }), ...judgementNodes(judgements))] : [];
  return [
    passage("Instruction", item.instruction),
    ...(item.input ? [passage("Input", item.input)] : []),
    node("div", { class: "beside" },
      passage(place.dataset.name, output), passage(`${place.dataset.reference} (reference)`, item.reference)),
    ...said,
  ];
}

const list = new AnswerList(place, {
  filters: {
    all: () => true,
    won: ({ code }) => (code & 3) === WON,
    lost: ({ code }) => (code & 3) === LOST,
    tied: ({ code }) => (code & 3) === TIED,
    disagreed: ({ code }) => Boolean(code & DISAGREED),
    unparsed: ({ code }) => Boolean(code & HAS_UNPARSED),
    "cut off": ({ code }) => Boolean(code & CUT_OFF),
  },
  summary: ({ code }) => chips(code),
  open: openAnswer,
});

async function showEntry() {
  try {
    list.show(await entryRows(folder, seed.value));
  } catch (error) {
    place.replaceChildren(node("p", { class: "severe", text: error.message }));
  }
}

seed.addEventListener("change", showEntry);
showEntry();
