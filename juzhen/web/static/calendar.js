// Dragging and keys for the calendar: both only send the form that stands there anyway.
const DAY = 86_400_000;
const daysBetween = (from, to) => Math.round((Date.parse(to) - Date.parse(from)) / DAY);

function move(promise, days) {
  if (!days) { return; }
  const form = promise.querySelector("form");
  const told = Object.assign(document.createElement("input"), { type: "hidden", name: "days", value: days });
  form.append(told);
  form.submit();
}

for (const hint of document.querySelectorAll("[data-scripted]")) { hint.hidden = false; }

for (const promise of document.querySelectorAll(".promise[data-key]")) {
  promise.draggable = true;
  promise.addEventListener("dragstart", (event) => {
    event.dataTransfer.setData("text/plain", promise.dataset.key);
    event.dataTransfer.effectAllowed = "move";
  });
  promise.addEventListener("keydown", (event) => {
    const days = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[event.key];
    if (event.altKey && days) { event.preventDefault(); move(promise, days); }
  });
}

for (const cell of document.querySelectorAll(".calendar [data-day]")) {
  cell.addEventListener("dragover", (event) => { event.preventDefault(); cell.classList.add("over"); });
  cell.addEventListener("dragleave", () => cell.classList.remove("over"));
  cell.addEventListener("drop", (event) => {
    event.preventDefault();
    cell.classList.remove("over");
    const key = event.dataTransfer.getData("text/plain");
    const promise = document.querySelector(`.promise[data-key="${CSS.escape(key)}"]`);
    if (promise) { move(promise, daysBetween(promise.closest("[data-day]").dataset.day, cell.dataset.day)); }
  });
}

// On a phone today stands in sight, however wide the week.
document.querySelector(".calendar .today")?.scrollIntoView({ block: "nearest", inline: "center" });
