// The red dot keeps itself up to date; every page works without this.
const menu = document.querySelector("[data-poll]");
const dot = document.querySelector("[data-unread]");
const told = document.querySelector("[data-count]");

const show = (count) => {
  const before = Number(dot.dataset.unread || dot.textContent) || 0;
  dot.textContent = count < 100 ? count : "99+";
  dot.dataset.unread = count;
  dot.hidden = count === 0;
  const { one, words, none } = told?.dataset ?? {};
  if (told) told.textContent = count === 1 ? one : count ? words.replace("#", count) : none;
  // Something new while looking at the list: show it, unless she is in the middle of something.
  if (told && count > before && window.scrollY < 80) window.location.reload();
};

const look = async () => {
  if (document.visibilityState !== "visible") return;
  try {
    const answer = await fetch(menu.dataset.poll, { headers: { Accept: "application/json" } });
    if (!answer.ok || answer.redirected) return;
    show((await answer.json()).unread);
    stale.hidden = true;
  } catch {  // no network for a moment: the next look tells
    stale.hidden = false;
  }
};

// From when the page is, for when there is no network; and for the page that is shown then, which
// remembers no more than that and how many reminders there were.
const stale = document.querySelector("[data-stale]");
const shell = document.querySelector("[data-shell]");
const at = (moment) => new Date(moment).toLocaleString(document.documentElement.lang, {
  month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit",
});

if (shell) {
  const kept = JSON.parse(localStorage.getItem("seen") ?? "null");
  const last = shell.querySelector("[data-last]");
  if (kept) last.textContent = last.dataset.last.replace("#", at(kept.at)).replace("%", kept.unread);
  const again = () => fetch(location.href, { method: "HEAD" }).then(() => location.reload(), () => {});
  window.addEventListener("online", again);  // too early at times: the way is not yet there
  setInterval(again, 5_000);
} else if (stale) {
  stale.textContent = stale.dataset.stale.replace("#", at(performance.timeOrigin));
  const unread = Number(dot.dataset.unread || dot.textContent) || 0;
  localStorage.setItem("seen", JSON.stringify({ at: performance.timeOrigin, unread }));
  window.addEventListener("offline", () => { stale.hidden = false; });
  navigator.serviceWorker?.register(menu.dataset.worker).then(({ active }) => active?.postMessage("keep"));
}

// Nothing that was written is lost to a page that says there is no network.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || (navigator.onLine && stale?.hidden !== false)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  let told = form.querySelector("[data-not-sent]");
  if (!told) {
    told = document.createElement("p");
    told.className = "notice warn";
    told.dataset.notSent = "";
    told.setAttribute("role", "alert");
    form.append(told);
  }
  told.textContent = stale.dataset.notSent;
}, true);

// What was copied is in the chat, as far as we may say so.
const carried = document.getElementById("carried");
if (carried) document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-copy]")) carried.hidden = false;
});

// What the customer does is told on her page while the rep looks at it.
const live = document.querySelector("[data-live]");

const listen = async () => {
  if (document.visibilityState !== "visible" || live.contains(document.activeElement)) return;
  try {
    const answer = await fetch(live.dataset.live, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const now = await answer.text();
    if (now.trim() !== live.told) live.innerHTML = live.told = now.trim();
  } catch { /* the next look tells */ }
};

if (live) setInterval(listen, 3000);

if (menu && dot && !shell) {
  setInterval(look, 3000);
  document.addEventListener("visibilitychange", look);
}
