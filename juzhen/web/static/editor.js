// A body is written as it will look. What is pasted from elsewhere goes to the server first, which
// leaves what is allowed and fetches the pictures. Without JavaScript the field shows its source.

for (const place of document.querySelectorAll("[data-editor]")) {
  const field = place.querySelector("textarea");
  const words = place.dataset;
  const sheet = document.createElement("div");
  Object.assign(sheet, { className: "sheet", contentEditable: "true" });
  sheet.setAttribute("role", "textbox");
  sheet.setAttribute("aria-multiline", "true");
  sheet.setAttribute("aria-label", words.label);
  const told = document.createElement("p");
  told.setAttribute("role", "status");
  told.className = "soft";

  const parsed = (html) => [...new DOMParser().parseFromString(html, "text/html").body.childNodes];
  const shown = () => sheet.replaceChildren(...parsed(field.value));
  const kept = () => { field.value = sheet.innerText.trim() || sheet.querySelector("img") ? sheet.innerHTML : ""; };
  const tool = (name, act) => {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "button quiet small", textContent: name });
    button.addEventListener("mousedown", (event) => event.preventDefault()); // the selection stays
    button.addEventListener("click", () => act(button));
    return button;
  };
  const doing = (command, value) => () => { sheet.focus(); document.execCommand(command, false, value); kept(); };
  const bar = document.createElement("p");
  bar.className = "row";
  bar.append(
    tool(words.bold, doing("bold")),
    tool(words.heading, doing("formatBlock", "h2")),
    tool(words.list, doing("insertUnorderedList")),
    tool(words.source, (button) => {
      const source = sheet.hidden;
      if (source) shown();
      sheet.hidden = !source;
      field.closest("label").hidden = source;
      button.setAttribute("aria-pressed", String(!source));
    }),
  );

  // One answer after another, each put where the caret was when it was pasted.
  async function paste(html, range) {
    told.textContent = words.waits;
    try {
      const csrf = document.querySelector("[name=csrf]")?.value ?? "";
      const answer = await fetch(words.editor, { method: "POST", body: new URLSearchParams({ csrf, html }) });
      if (!answer.ok) throw new Error(String(answer.status));
      const pasted = await answer.json();
      range.deleteContents();
      const piece = document.createDocumentFragment();
      piece.append(...parsed(pasted.html));
      range.insertNode(piece);
      range.collapse(false);
      told.textContent = [words.taken.replace("{n}", pasted.taken), ...pasted.lost].join(" ");
      kept();
    } catch {
      told.textContent = words.failed;
    }
  }
  sheet.addEventListener("paste", (event) => {
    const html = event.clipboardData?.getData("text/html");
    if (!html) return; // plain words come in by themselves
    event.preventDefault();
    const selection = document.getSelection();
    let range = selection.rangeCount ? selection.getRangeAt(0).cloneRange() : null;
    if (!range || !sheet.contains(range.startContainer)) {
      range = document.createRange();
      range.selectNodeContents(sheet);
      range.collapse(false);
    }
    paste(html, range);
  });
  sheet.addEventListener("input", kept);
  shown();
  field.closest("label").hidden = true;
  place.prepend(bar, sheet, told);
}
