// Suggested tags by key: j and k go on and back, a digit ticks, s takes what is ticked.
const form = document.querySelector("[data-suggestions]");
const rows = form ? [...form.querySelectorAll("[data-row]")] : [];
document.addEventListener("keydown", (event) => {
  if (!rows.length || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input[type=text], input[type=search], textarea, select")) return;
  const at = rows.indexOf(document.activeElement?.closest("[data-row]"));
  const step = { j: 1, k: -1 }[event.key];
  if (step) {
    rows[Math.min(Math.max(at + step, 0), rows.length - 1)].focus();
  } else if (event.key === "s") {
    form.requestSubmit();
  } else if (/^[1-9]$/.test(event.key) && at >= 0) {
    const box = rows[at].querySelectorAll("input[type=checkbox]")[event.key - 1];
    if (box) box.checked = !box.checked;
  } else return;
  event.preventDefault();
});
