// Tells the page where the rep is, again when she has moved and every minute; the server says
// whether that is worth another list (204 if not). Without a position the page says so and stays as it is.
const form = document.querySelector("[data-nearby]");
const list = document.querySelector("[data-neighbours]");
const said = form?.querySelector("[data-said]");
let watching = null;
let last = null;

const ask = async ({ coords }) => {
  last = { coords };
  said.textContent = "";
  form.elements.latitude.value = coords.latitude;
  form.elements.longitude.value = coords.longitude;
  form.elements.before.value = list.querySelector("[data-before]")?.dataset.before ?? "";
  try {
    const answer = await fetch(form.action || location.href, {
      method: "POST", body: new FormData(form), headers: { Accept: "text/html", "X-Part": "1" },
    });
    if (answer.redirected) location.assign(answer.url);
    else if (answer.status === 401 || answer.status === 403) location.reload();  // she is signed out
    else if (answer.status === 200) list.innerHTML = await answer.text();
  } catch {  // no network for a moment: the next step tells
    said.textContent = form.dataset.offline;
  }
};

// Who has walked on and stands still when another list is due takes no step that would ask for it.
setInterval(() => last && ask(last), 60000);

// Who has let the page know where she is before need not say so again. What came again by itself
// does not ask, or who may not look would never come to rest.
const again = performance.getEntriesByType("navigation")[0]?.type === "reload";
navigator.permissions?.query({ name: "geolocation" }).then(({ state }) => {
  if (state === "granted" && !again) form?.requestSubmit();
}, () => { /* a browser that does not tell */ });

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  if (watching !== null) navigator.geolocation.clearWatch(watching);
  list.querySelectorAll("[data-before]").forEach((each) => delete each.dataset.before);
  said.textContent = form.dataset.looking;
  watching = navigator.geolocation.watchPosition(
    // What she refused is told apart from a place that is not known for a moment, as in a lift.
    ask, ({ code }) => { said.textContent = code === 1 || !last ? form.dataset.denied : form.dataset.lost; },
    { enableHighAccuracy: true, maximumAge: 60000 },
  );
});
