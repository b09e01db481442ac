// A customer's page: turning pages by key and swipe, and telling how far she read.
const view = document.querySelector("[data-view]");

if (view) {
  const told = { pages: Number(view.dataset.pages || 0), page: Number(view.dataset.page || 0), end: false };
  let seconds = 0;
  setInterval(() => { if (document.visibilityState === "visible") seconds += 1; }, 1000);

  const tell = (did) => {
    const said = new URLSearchParams({
      did, seconds, page: told.page, t: view.dataset.link, csrf: view.dataset.csrf,
    });
    navigator.sendBeacon(view.dataset.view, said);
  };
  const finish = () => { if (!told.end) { told.end = true; tell("finished_material"); } };

  // Leaving tells how long and how far; nothing about who.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && seconds > 1) { tell("turned_page"); seconds = 0; }
  });

  // The end of what there is to read.
  const end = document.querySelector("[data-end]");
  if (end && told.page >= told.pages) {
    new IntersectionObserver((seen) => {
      if (seen.some((each) => each.isIntersecting) && seconds >= 3) finish();
    }).observe(end);
  }
  document.querySelector("video")?.addEventListener("play", () => tell("played_video"), { once: true });
  document.querySelector("video")?.addEventListener("ended", finish, { once: true });

  // Pages turn by arrow key and by swipe; the links do the same.
  const turn = (way) => { document.querySelector(`[data-turn="${way}"]:not([aria-disabled])`)?.click(); };
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, textarea, select")) return;
    if (event.key === "ArrowRight") turn("next");
    if (event.key === "ArrowLeft") turn("back");
  });
  const sheet = document.querySelector(".reader img");
  let from = null;
  sheet?.addEventListener("pointerdown", (event) => { from = event.clientX; });
  sheet?.addEventListener("pointerup", (event) => {
    if (from !== null && Math.abs(event.clientX - from) > 40) turn(event.clientX < from ? "next" : "back");
    from = null;
  });
}
