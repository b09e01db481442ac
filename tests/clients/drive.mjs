// Drives one SDK, unmodified, with the six acts: node drive.mjs NAME URL USER. Prints "done".
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(import.meta.url);
const [name, url, user] = process.argv.slice(2);
const PHONE = "13800138000";
const TRAITS = { phone: PHONE, name: "林秀兰" };
const READ = { material: "mat_1" };
const later = (ms) => new Promise((done) => setTimeout(done, ms));

async function until(what, happened) {
  for (let tries = 0; tries < 400; tries += 1) {
    if (await happened()) return;
    await later(20);
  }
  throw new Error(`${what} did not happen`);
}

/** A page of a customer's browser, with the requests that leave it counted. */
function browser(script) {
  const { JSDOM, VirtualConsole } = require("jsdom");
  const page = new JSDOM("<!doctype html><title>Home</title>", {
    url: "http://127.0.0.1/home", pretendToBeVisual: true, runScripts: "outside-only",
    virtualConsole: new VirtualConsole(),
  });
  const { window } = page;
  let open = 0;
  let answered = 0;
  const { fetch: ours } = globalThis;
  globalThis.fetch = window.fetch = async (...told) => {
    open += 1;
    try {
      return await ours(...told);
    } finally {
      open -= 1;
      answered += 1;
    }
  };
  const send = window.XMLHttpRequest.prototype.send;
  window.XMLHttpRequest.prototype.send = function (...told) {
    open += 1;
    this.addEventListener("loadend", () => { open -= 1; answered += 1; });
    return send.apply(this, told);
  };
  if (script) window.eval(readFileSync(require.resolve(script), "utf8"));
  return { window, idle: (least) => until("sending", () => open === 0 && answered >= least) };
}

const clients = {
  async "analytics-node"() {
    const { Analytics } = require("@segment/analytics-node");
    const client = new Analytics({ writeKey: "wk", host: url, maxRetries: 3 });
    client.on("error", (wrong) => { throw new Error(JSON.stringify(wrong)); });
    client.identify({ userId: user, anonymousId: `device-${user}`, traits: TRAITS });
    client.track({ userId: user, event: "Material Read", properties: READ });
    client.page({ userId: user, name: "Home" });
    client.screen({ userId: user, name: "Home" });
    client.group({ userId: user, groupId: "g1" });
    client.alias({ userId: user, previousId: `before-${user}` });
    await client.closeAndFlush();
  },

  async "analytics-next"() {
    const { window, idle } = browser();
    for (const each of ["window", "document", "navigator", "location", "localStorage", "XMLHttpRequest"])
      Object.defineProperty(globalThis, each, { value: each === "window" ? window : window[each], configurable: true, writable: true });
    const { AnalyticsBrowser } = require("@segment/analytics-next");
    const [client] = await AnalyticsBrowser.load(
      { writeKey: "wk", cdnURL: url },
      { integrations: { "Segment.io": { apiHost: `${new URL(url).host}/v1`, protocol: "http" } } },
    );
    await client.identify(user, TRAITS);
    await client.track("Material Read", READ);
    await client.page("Home");
    await client.screen("Home");
    await client.group("g1");
    await client.alias(user, `before-${user}`);
    await idle(7); // one asks for its settings
  },

  async "rudder-sdk-node"() {
    const Analytics = require("@rudderstack/rudder-sdk-node");
    const client = new Analytics("wk", { dataPlaneUrl: url, flushInterval: 50, logLevel: "error" });
    client.identify({ userId: user, anonymousId: `device-${user}`, traits: TRAITS });
    client.track({ userId: user, event: "Material Read", properties: READ });
    client.page({ userId: user, name: "Home" });
    client.screen({ userId: user, name: "Home" });
    client.group({ userId: user, groupId: "g1" });
    client.alias({ userId: user, previousId: `before-${user}` });
    await new Promise((done, wrong) => client.flush((error) => (error ? wrong(error) : done())));
  },

  async "sa-sdk-node"() {
    const SensorsAnalytics = require("sa-sdk-node").default ?? require("sa-sdk-node");
    const client = new SensorsAnalytics();
    let told = 0;
    const counted = client.submitTo({ url: `${url}/sa?project=default`, gzip: true });
    counted.subscribe(() => { told += 1; }, (wrong) => { throw wrong; });
    const hers = { $is_login_id: true };
    client.trackSignup(user, `device-${user}`);
    client.profileSet(user, { ...TRAITS, ...hers });
    client.track(user, "material_read", { ...READ, ...hers });
    client.track(user, "$pageview", { $title: "Home", ...hers });
    client.track(user, "$AppViewScreen", { $title: "Home", ...hers });
    client.track(user, "joined_group", { group: "g1", ...hers });
    client.trackSignup(user, `before-${user}`);
    await until("telling", () => told >= 7);
  },

  async "sa-sdk-javascript"() {
    const { window, idle } = browser("sa-sdk-javascript/dist/web/sensorsdata.js");
    const client = window.sensorsDataAnalytic201505;
    client.init({
      server_url: `${url}/sa?project=default`, show_log: false, send_type: "ajax",
      heatmap: { clickmap: "not_collect", scroll_notice_map: "not_collect" }, is_track_single_page: false,
    });
    client.login(user);
    client.setProfile(TRAITS);
    client.track("material_read", READ);
    client.quick("autoTrack");
    client.track("$AppViewScreen", { $title: "Home" });
    client.track("joined_group", { group: "g1" });
    client.bind("$identity_before", `before-${user}`);
    await idle(8); // one of them is its own, of her first visit
  },

  async "sa-sdk-miniprogram"() {
    let open = 0;
    let records = 0;
    const kept = {};
    const nothing = () => {};
    const system = { brand: "x", model: "x", system: "iOS 17", platform: "ios", SDKVersion: "3.0.0" };
    globalThis.wx = {
      request({ url: where, data, method, header, success = nothing, fail = nothing, complete = nothing }) {
        open += 1;
        const sent = new URLSearchParams(data.replaceAll("+", "%2B")).get("data_list");
        records += JSON.parse(Buffer.from(sent, "base64")).length;
        fetch(where, { method, headers: header, body: data })
          .then(async (answer) => success({ statusCode: answer.status, data: await answer.text() }), fail)
          .finally(() => { open -= 1; complete(); });
      },
      getStorageSync: (key) => kept[key] ?? "", setStorageSync: (key, value) => { kept[key] = value; },
      getStorage: ({ key, success = nothing, fail = nothing }) => (key in kept ? success({ data: kept[key] }) : fail()),
      setStorage: ({ key, data }) => { kept[key] = data; }, removeStorageSync: (key) => { delete kept[key]; },
      getSystemInfo: ({ success = nothing, complete = nothing }) => { success(system); complete(system); },
      getSystemInfoSync: () => system,
      getNetworkType: ({ success = nothing, complete = nothing }) => { success({ networkType: "wifi" }); complete(); },
      getAccountInfoSync: () => ({ miniProgram: { appId: "wxmini", envVersion: "release", version: "1.0" } }),
      getLaunchOptionsSync: () => ({ scene: 1001, path: "home", query: {} }),
      getEnterOptionsSync: () => ({ scene: 1001, path: "home", query: {} }),
      onAppShow: nothing, onAppHide: nothing, onNetworkStatusChange: nothing, setNavigationBarTitle: nothing,
      login: nothing, getUpdateManager: nothing, canIUse: () => false,
    };
    globalThis.App = (told) => told;
    globalThis.Page = (told) => told;
    globalThis.Component = (told) => told;
    globalThis.Behavior = (told) => told;
    globalThis.getApp = () => ({});
    globalThis.getCurrentPages = () => [{ route: "home", options: {} }];
    const client = require("sa-sdk-miniprogram/dist/wechat/sensorsdata.cjs.js");
    client.setPara({
      name: "sensors", server_url: `${url}/sa?project=default`, show_log: false, batch_send: { send_timeout: 100, max_length: 1 },
      autoTrack: { appLaunch: false, appShow: false, appHide: false, pageShow: false, pageShare: false, mpClick: false },
    });
    client.init();
    client.login(user);
    client.setProfile(TRAITS);
    client.track("material_read", READ);
    client.track("$MPViewScreen", { $title: "Home" });
    client.track("$MPViewScreen", { $title: "Home", $url_path: "home" });
    client.track("joined_group", { group: "g1" });
    client.bind("$identity_before", `before-${user}`);
    await until("sending", () => open === 0 && records >= 8); // one is of her first visit
  },
};

await clients[name]();
console.log("done");
process.exit(0);
