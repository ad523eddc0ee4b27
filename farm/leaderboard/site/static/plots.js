"use strict";
// Plots are whole without this: it shows at once what a point's title says, and a click on a point opens its model.

const tip = document.createElement("div");
tip.className = "tip";
tip.hidden = true;
tip.setAttribute("aria-hidden", "true");
document.body.append(tip);

for (const mark of document.querySelectorAll(".mark")) {
  const title = mark.querySelector("title");
  const words = title.textContent;
  mark.addEventListener("pointerenter", (event) => {
    title.textContent = "";  // or the browser shows its own tip too
    tip.textContent = words;
    tip.hidden = false;
    const left = Math.min(event.pageX + 12, document.documentElement.scrollWidth - tip.offsetWidth - 8);
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${event.pageY + 14}px`;
  });
  mark.addEventListener("pointerleave", () => {
    title.textContent = words;
    tip.hidden = true;
  });
  if (mark.dataset.file) mark.addEventListener("click", () => { location.href = mark.dataset.file; });
}
