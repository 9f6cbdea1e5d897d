// Adds events to the live page as they come. The rows are written by the server, which escapes what is in them.
"use strict";

const report = document.querySelector("[data-live]");
const rows = report.querySelector("tbody");
const state = report.querySelector("[data-live-state]");
const MOST_ROWS = 200;

const source = new EventSource(report.dataset.live);
source.onopen = () => { state.textContent = "New events show by themselves."; };
source.onerror = () => { state.textContent = "Connecting …"; };
source.onmessage = (message) => {
  const template = document.createElement("template");
  template.innerHTML = JSON.parse(message.data);
  for (const row of template.content.children) row.classList.add("new");
  rows.prepend(template.content);
  report.querySelector("p.empty")?.remove();
  while (rows.children.length > MOST_ROWS) rows.lastElementChild.remove();
};
