"use strict";
// The ranking can be sorted and searched; without this script it is the same table in the order of win rates.
const board = new DataTable("#board", {
  autoWidth: false,
  info: false,
  order: [],
  paging: false,
  layout: { topStart: null, topEnd: null, bottomStart: null, bottomEnd: null },
  language: { zeroRecords: "No row holds this." },
});
const search = document.getElementById("search");
const found = document.getElementById("found");

function filter() {
  board.search(search.value).draw();
  const { recordsDisplay, recordsTotal } = board.page.info();
  found.textContent = search.value ? `${recordsDisplay} of ${recordsTotal} models` : "";
}

search.parentElement.hidden = false;
search.addEventListener("input", filter);
if (search.value) filter();  // a browser that goes back fills in what was searched before
