// What is nicer with JavaScript. Every page works without.

// Ask before what cannot be taken back.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  const question = button?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !window.confirm(question)) { event.preventDefault(); return; }
  // A second click sends nothing twice; a script that sends it itself says so.
  if (event.target.method === "post" && !event.defaultPrevented) {
    setTimeout(() => event.target.querySelectorAll("button").forEach((each) => { each.disabled = true; }));
  }
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form button:disabled").forEach((each) => { each.disabled = false; });
});

// Whoever works down a list with the keyboard goes on where she was when the page comes again: of the
// buttons of that kind the one that took the place of the one she pressed has the focus.
const kind = (button) => [button.className, button.value, button.getAttribute("form"), button.form?.className, button.hasAttribute("formaction")].join();
const alike = (told) => [...document.querySelectorAll("main button")].filter((each) => each.offsetParent && kind(each) === told);
document.addEventListener("submit", ({ submitter, defaultPrevented }) => {
  if (defaultPrevented || !submitter?.matches("main :focus-visible")) return;
  const told = kind(submitter);
  sessionStorage.setItem("at", JSON.stringify([location.pathname, told, alike(told).indexOf(submitter)]));
});
const [page, told, nth] = JSON.parse(sessionStorage.getItem("at") ?? "[]");
sessionStorage.removeItem("at");
if (page === location.pathname && document.activeElement === document.body) {
  const there = alike(told);
  there[Math.min(nth, there.length - 1)]?.focus();
}

// Of a row of doors that is longer than the phone, the one that is open is seen.
for (const open of document.querySelectorAll(".menu-row > [aria-current]")) {
  const row = open.parentElement;
  row.scrollLeft = open.offsetLeft - row.offsetLeft - (row.clientWidth - open.offsetWidth) / 2;
}

// Choose everything on the page at once.
for (const all of document.querySelectorAll("input[data-all]")) {
  all.closest("label").hidden = false;
  all.addEventListener("change", () => {
    document.querySelectorAll(`input[name="${all.dataset.all}"]`).forEach((each) => { each.checked = all.checked; });
  });
}

// Narrow a long list of ticks while typing; pinyin counts.
for (const box of document.querySelectorAll("input[data-narrows]")) {
  box.closest("label").hidden = false;
  const rows = [...document.querySelectorAll(box.dataset.narrows)];
  box.addEventListener("input", () => {
    const wanted = box.value.trim().toLowerCase();
    for (const row of rows) {
      const on = row.querySelector("input:checked");
      row.hidden = Boolean(wanted) && !on && !(row.dataset.words ?? row.textContent).toLowerCase().includes(wanted);
    }
  });
}

// A filter works as soon as it is chosen.
for (const form of document.querySelectorAll("form[data-live]")) {
  form.addEventListener("change", (event) => { if (event.target.matches("select")) form.requestSubmit(); });
}

// Count characters, or bytes, where there is a limit; what is too much is marked at once.
for (const field of document.querySelectorAll("[data-limit], [data-bytes]")) {
  const shown = document.createElement("small");
  shown.setAttribute("aria-live", "polite");
  field.after(shown);
  const wrong = field.getAttribute("aria-invalid") === "true";
  const count = () => {
    const told = [[field.dataset.limit, [...field.value].length, ""], [field.dataset.bytes, new Blob([field.value]).size, " B"]]
      .filter(([most]) => most);
    const over = told.some(([most, length]) => length > Number(most));
    shown.textContent = told.map(([most, length, unit]) => `${length} / ${most}${unit}`).join(" · ");
    shown.className = over ? "wrong" : "";
    field.toggleAttribute("data-over", over);
    if (!wrong) { over ? field.setAttribute("aria-invalid", "true") : field.removeAttribute("aria-invalid"); }
  };
  field.addEventListener("input", count);
  count();
}

// Copy a link or a script with one touch.
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = button.dataset.done ?? button.textContent;
    if (button.dataset.tell) {
      const csrf = document.querySelector("[name=csrf]")?.value ?? "";
      fetch(button.dataset.tell, { method: "POST", body: new URLSearchParams({ csrf }), keepalive: true })
        .catch(() => { /* what was copied stays copied */ });
    }
  });
}
