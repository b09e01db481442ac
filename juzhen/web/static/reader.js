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

// A poster is saved and passed on as a picture: the rep's card is drawn into it, so that it goes along.
const loaded = (address) => new Promise((here, gone) => {
  const image = new Image();
  image.crossOrigin = "anonymous"; // else the drawing could not be saved
  image.onload = () => here(image);
  image.onerror = gone;
  image.src = address;
});

const first = async (addresses) => {
  for (const each of addresses) {
    try { return await loaded(each); } catch { /* the next may be there */ }
  }
  return null;
};

const draw = async (signed) => {
  const shown = signed.querySelector("img.hero");
  const [poster, photo, code] = [
    await loaded(shown.src),
    signed.dataset.photo ? await first([signed.dataset.photo]) : null,
    await first(JSON.parse(signed.dataset.codes)),
  ];
  const canvas = document.createElement("canvas");
  const wide = poster.naturalWidth, high = Math.round(wide * 0.26), gap = Math.round(high * 0.12);
  const side = high - 2 * gap, top = poster.naturalHeight + gap;
  canvas.width = wide;
  canvas.height = poster.naturalHeight + high;
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, wide, canvas.height);
  pen.drawImage(poster, 0, 0);
  let from = gap;
  if (photo) {
    const least = Math.min(photo.naturalWidth, photo.naturalHeight);
    pen.drawImage(photo, (photo.naturalWidth - least) / 2, 0, least, least, from, top, side, side);
    from += side + gap;
  }
  if (code) pen.drawImage(code, wide - gap - side, top, side, side);
  const lines = JSON.parse(signed.dataset.card), step = side / lines.length;
  pen.fillStyle = "#1d2a2a";
  pen.textBaseline = "middle";
  lines.forEach((line, at) => {
    pen.font = `${line === lines[1] ? 700 : 400} ${Math.round(Math.min(step * 0.78, wide / 24))}px sans-serif`;
    pen.fillText(line, from, top + step * (at + 0.5), wide - from - (code ? side + 2 * gap : gap));
  });
  shown.src = canvas.toDataURL("image/jpeg", 0.9);
  signed.classList.add("drawn");
};

const signed = document.querySelector(".signed[data-card]");
if (signed) draw(signed).catch(() => {}); // the card stays beside it, as without scripts
