// What moves on the start page is asked for again every three seconds while somebody looks.
const place = document.querySelector("[data-from]");

async function look() {
  if (!document.hidden) {
    try {
      const answer = await fetch(place.dataset.from, { credentials: "same-origin" });
      if (answer.ok) { place.innerHTML = await answer.text(); }
    } catch {
      // the house is being started again; the next look will do
    }
  }
  setTimeout(look, 3000);
}

setTimeout(look, 3000);
