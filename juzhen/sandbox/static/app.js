// Looks again every second and a half, so that what was retired is gone before one's eyes.
const shelf = document.getElementById("shelf");
let shown = shelf.innerHTML;

async function look() {
  try {
    const answer = await fetch(shelf.dataset.from, { credentials: "same-origin" });
    if (answer.ok) {
      const told = await answer.text();
      if (told !== shown) {
        shown = told;
        shelf.innerHTML = told;
      }
    }
  } catch {
    // the sandbox is being started again; the next look will do
  }
  setTimeout(look, document.hidden ? 10000 : 1500);
}

look();
