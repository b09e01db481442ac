// Tells the page where the rep is, and again when she has moved; the server says whether that is
// worth another list (204 if not). Without a position the page says so and stays as it is.
const form = document.querySelector("[data-nearby]");
const list = document.querySelector("[data-neighbours]");
const said = form?.querySelector("[data-said]");
let watching = null;

const ask = async ({ coords }) => {
  said.textContent = "";
  form.elements.latitude.value = coords.latitude;
  form.elements.longitude.value = coords.longitude;
  form.elements.before.value = list.querySelector("[data-before]")?.dataset.before ?? "";
  try {
    const answer = await fetch(form.action || location.href, {
      method: "POST", body: new FormData(form), headers: { Accept: "text/html", "X-Part": "1" },
    });
    if (answer.redirected) location.assign(answer.url);  // she is signed out
    else if (answer.status === 200) list.innerHTML = await answer.text();
  } catch { /* no network for a moment: the next step tells */ }
};

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  if (watching !== null) navigator.geolocation.clearWatch(watching);
  list.querySelectorAll("[data-before]").forEach((each) => delete each.dataset.before);
  watching = navigator.geolocation.watchPosition(
    ask, () => { said.textContent = form.dataset.denied; },
    { enableHighAccuracy: true, maximumAge: 60000 },
  );
});
