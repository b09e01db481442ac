// Looks again every second and a half at whatever says where it comes from (data-from), so that
// what was retired is gone, and what was sent is there, before one's eyes.
const places = document.querySelectorAll("[data-from]");

// A whole page tells the part of the same name, a fragment itself.
function mine(place, told) {
  if (!told.trimStart().startsWith("<!doctype")) return told;
  const page = new DOMParser().parseFromString(told, "text/html");
  return page.getElementById(place.id)?.innerHTML ?? place.innerHTML;
}

async function look(place, shown) {
  try {
    const answer = await fetch(place.dataset.from, { credentials: "same-origin" });
    if (answer.ok) {
      const told = mine(place, await answer.text());
      if (told !== shown) {
        shown = told;
        place.innerHTML = told;
      }
    }
  } catch {
    // the sandbox is being started again; the next look will do
  }
  setTimeout(() => look(place, shown), document.hidden ? 10000 : 1500);
}

places.forEach((place) => look(place, ""));
