// The playground: asks /graphql with the token that was typed and shows what came back.
// The token stays on the page; nothing is kept and no cookie is sent.
const form = document.querySelector("[data-playground]");
const { token, query, variables } = form.elements;
const said = form.querySelector("[data-said]");
const result = document.querySelector("[data-result]");
const curl = document.querySelector("[data-curl]");

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

const show = (status, text) => {
  said.textContent = status;
  result.textContent = text;
};

const ask = async () => {
  let told;
  try {
    told = variables.value.trim() ? JSON.parse(variables.value) : {};
  } catch (error) {
    variables.focus();
    return show(form.dataset.badJson, String(error.message));
  }
  const body = JSON.stringify({ query: query.value, variables: told });
  curl.textContent = `curl ${quoted(`${location.origin}/graphql`)} -H 'Content-Type: application/json' `
    + `-H "Authorization: Bearer $JUZHEN_TOKEN" -d ${quoted(body)}`;
  said.textContent = form.dataset.waits;
  const begun = performance.now();
  try {
    const answer = await fetch("/graphql", {
      method: "POST", credentials: "omit", body,
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${token.value.trim()}` },
    });
    const text = await answer.text();
    const took = Math.round(performance.now() - begun);
    let pretty = text;
    try { pretty = JSON.stringify(JSON.parse(text), null, 2); } catch { /* shown as it came */ }
    show(`HTTP ${answer.status} · ${took} ms · ${text.length.toLocaleString()} B`, pretty);
  } catch {
    show(form.dataset.failed, "");
  }
};

form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
document.querySelectorAll("[data-skeleton]").forEach((each) => each.addEventListener("click", () => {
  query.value = each.dataset.skeleton;
  variables.value = each.dataset.variables;
  query.focus();
  query.setSelectionRange(0, 0);
}));
const narrow = document.querySelector("[data-narrow]");
const rows = [...document.querySelectorAll("[data-name]")];
narrow.addEventListener("input", () => {
  const words = narrow.value.toLowerCase().split(/\s+/);
  for (const row of rows) row.hidden = !words.every((word) => row.dataset.name.includes(word));
});
