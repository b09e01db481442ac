// The browser's worker of the workbench: when nothing answers it shows a page that says so. It keeps
// that page and the files it is made of; whatever tells of a customer is never kept.
const shell = new URL(location.href).searchParams.get("shell");
const KEPT = "juzhen-workbench";

const keep = async () => {
  const kept = await caches.open(KEPT);
  const page = await fetch(shell);
  if (!page.ok || page.redirected) return;
  const text = await page.clone().text();
  const files = new Set([...text.matchAll(/"(\/static\/[^"]+)"/g)].map(([, file]) => file));
  await kept.addAll([...files]);
  await kept.put(shell, page);
  const wanted = files.add(shell);
  for (const { url } of await kept.keys()) {
    const { pathname } = new URL(url);
    if (!wanted.has(pathname)) await kept.delete(url);
  }
};

self.addEventListener("install", (event) => { event.waitUntil(keep()); self.skipWaiting(); });
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", (event) => event.waitUntil(keep()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  // What a form answered is not asked for again by going back to it: the page itself is.
  const back = request.isHistoryNavigation && request.method === "POST";
  if (request.mode === "navigate" && back) event.respondWith(Response.redirect(request.url, 303));
  else if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(async () => (await caches.match(shell)) ?? Response.error()));
  } else if (new URL(request.url).pathname.startsWith("/static/")) {
    event.respondWith(fetch(request).catch(async () => (await caches.match(request)) ?? Response.error()));
  }
});
