// The console by key: the box that finds, lists, undo, the sheet of shortcuts. Every key has a button.
const typing = (at) => at.matches("input:not([type=checkbox], [type=radio]), textarea, select");
const box = document.querySelector("[data-finder] input[type=search]");
const found = document.querySelector("[data-found]");
const sheet = document.querySelector("dialog[data-shortcuts]");

// Finding: what is typed is asked for at once; Enter opens the first.
let asked = 0;
async function find() {
  const turn = ++asked;
  const text = box.value.trim();
  if (!text) { found.hidden = true; return; }
  const answer = await fetch(`${box.form.dataset.finder}?q=${encodeURIComponent(text)}`).catch(() => null);
  if (turn !== asked) return;
  found.hidden = true;
  if (!answer?.ok || answer.redirected) return; // no network, or signed out: Enter asks the page
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  found.replaceChildren(...page.body.childNodes);
  found.dataset.for = text;
  found.hidden = false;
}
if (box) {
  let soon = 0;
  box.addEventListener("input", () => { clearTimeout(soon); soon = setTimeout(find, 60); });
  box.form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (found.dataset.for !== box.value.trim()) { clearTimeout(soon); await find(); }
    const first = found.querySelector("a");
    if (first && !found.hidden && found.dataset.for === box.value.trim()) first.click(); else box.form.submit();
  });
  box.form.addEventListener("keydown", (event) => {
    if (event.isComposing) return; // the arrows choose among characters
    const links = [box, ...found.querySelectorAll("a")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") { found.hidden = true; box.focus(); }
    if (!step || found.hidden) return;
    event.preventDefault();
    links[Math.max(0, Math.min(links.indexOf(document.activeElement) + step, links.length - 1))].focus();
  });
  document.addEventListener("click", (event) => { if (!box.form.contains(event.target)) found.hidden = true; });
}

// Lists: j and k go on and back, x ticks, shift takes all between.
const rows = [...document.querySelectorAll("[data-rows] [data-row]")];
const ticks = rows.map((row) => row.querySelector("input[type=checkbox]"));
let last = -1;
function tick(at, between) {
  if (!ticks[at]) return;
  if (between && last >= 0) {
    for (let n = Math.min(at, last); n <= Math.max(at, last); n += 1) if (ticks[n]) ticks[n].checked = ticks[at].checked;
  }
  last = at;
}
ticks.forEach((each, at) => each?.addEventListener("click", (event) => tick(at, event.shiftKey)));
function inList(key, at) {
  const step = { j: 1, k: -1 }[key.toLowerCase()];
  if (step) {
    const to = Math.max(0, Math.min(at + step, rows.length - 1));
    (ticks[to] ?? rows[to].querySelector("a")).focus();
  } else if (key.toLowerCase() === "x" && ticks[at]) {
    ticks[at].checked = !ticks[at].checked;
    tick(at, key === "X");
  } else if (key === "a") document.querySelector("input[data-all]")?.click();
  else if (key === "o" && at >= 0) rows[at].querySelector("h2 a, h3 a, a")?.click();
  else return false;
  return true;
}

let going = false;
const once = {
  "/": () => box?.focus(),
  "?": () => sheet?.showModal(),
  u: () => document.querySelector("[data-undo]")?.click(),
  t: () => document.querySelector("[data-key=t]")?.focus(),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || sheet?.open) return;
  const at = rows.indexOf(document.activeElement?.closest("[data-row]"));
  if (going) {
    going = false;
    document.querySelector(`.menu [data-go="${CSS.escape(event.key)}"]`)?.click();
  } else if (event.key === "g") going = true;
  else if (rows.length && inList(event.key, at)) { /* done there */ }
  else if (once[event.key]) once[event.key]();
  else return;
  event.preventDefault();
});
document.querySelector("[data-sheet]")?.addEventListener("click", (event) => {
  event.preventDefault();
  sheet.showModal();
});

// The door that is open stands in sight, however long the menu.
document.querySelector(".menu .group [aria-current]")?.scrollIntoView({ block: "nearest" });
