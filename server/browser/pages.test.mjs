// Goes through the pages as somebody would who tries the server, on a desktop and on a phone, and keeps a
// screenshot of each. A page that its own Content-Security-Policy breaks, or that is wider than the screen,
// fails.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

import { emptyNameServer, screenshots, start } from "./program.mjs";

const TOKEN = "a token for the browser test, of 32 characters and more";
const SCREENS = {
  desktop: { viewport: { width: 1280, height: 900 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
};

let browser;

before(async () => {
  await mkdir(screenshots, { recursive: true });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
});

after(() => browser?.close());

/** A page that notes everything the browser complains about. */
async function open(screen, options = {}) {
  const context = await browser.newContext({ ...SCREENS[screen], ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  return { context, page, complaints };
}

async function signIn(page, url, token) {
  await page.goto(url);
  assert.match(page.url(), /\/sign-in$/, "whoever is not signed in is asked to");
  await page.getByLabel("Access token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Sending domains" }).waitFor();
}

async function keep(page, screen, name) {
  const width = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(width <= 0, `${name} is ${width} px wider than a ${screen}'s screen`);
  await page.screenshot({ path: path.join(screenshots, `${screen}-${name}.png`), fullPage: true });
}

for (const screen of Object.keys(SCREENS)) {
  test(`a domain is added and set up on a ${screen}`, async () => {
    const names = await emptyNameServer();
    const environment = { ADMIN_TOKEN: TOKEN, DNS_SERVER: `127.0.0.1:${names.address().port}`, DEFAULT_HOST: "track.example.net" };
    const server = await start([], environment, "the page is at");
    const { context, page, complaints } = await open(screen, { permissions: ["clipboard-read", "clipboard-write"] });
    try {
      await page.goto(server.url);
      await keep(page, screen, "sign-in");
      await signIn(page, server.url, TOKEN);
      await page.getByText("No domain yet").waitFor();
      await keep(page, screen, "no-domains");

      await page.getByLabel("Sending domain", { exact: true }).fill("Example.COM");
      await page.getByRole("button", { name: "Add domain" }).click();
      await page.getByRole("heading", { name: "example.com", exact: true }).waitFor();
      await page.getByText("pending", { exact: true }).waitFor();
      const ownership = page.locator("#ownership");
      await ownership.getByText("_linkseal.example.com").waitFor();
      await ownership.getByRole("button", { name: "Copy" }).last().click();
      const copied = await page.evaluate(() => navigator.clipboard.readText());
      assert.match(copied, /^linkseal-verify=\S+$/, "the record's value is in the clipboard");

      await page.getByLabel("Tracking subdomain").fill("link.other.example");
      await page.locator("#settings").getByRole("button", { name: "Save" }).click();
      await page
        .getByText("tracking host `link.other.example` is not a subdomain of the sending domain `example.com`")
        .waitFor();
      await keep(page, screen, "settings-refused");

      await page.getByLabel("Tracking subdomain").fill("link.example.com");
      await page.getByLabel("Open tracking").selectOption("off");
      await page.locator("#settings").getByRole("button", { name: "Save" }).click();
      const cname = page.locator("#cname");
      await cname.getByText("track.example.net").first().waitFor();
      assert.equal(await page.getByLabel("Open tracking").inputValue(), "off");
      assert.equal(await page.getByLabel("Click tracking").inputValue(), "identified");
      await page.getByRole("button", { name: "Check the CNAME record" }).click();
      await cname.getByText("not found", { exact: true }).waitFor();
      await page.getByRole("button", { name: "Rotate key" }).click();
      await page.getByText("1 older key still verifies").waitFor();
      await keep(page, screen, "settings");

      await page.goto(`${server.url}/domains/example.com`);
      await keep(page, screen, "no-mail");
      await page.goto(`${server.url}/tokens`);
      await keep(page, screen, "tokens");
      assert.deepEqual(
        complaints.filter((text) => !text.includes("422")),
        [],
      );
    } finally {
      await context.close();
      await server.stop();
      names.close();
    }
  });
}

test("the demonstration is shown by charts and a click map", async () => {
  const started = Date.now();
  const demo = await start(["demo"], { ADMIN_TOKEN: TOKEN }, "admin token: ");
  const seconds = (Date.now() - started) / 1000;
  try {
    assert.ok(seconds < 60, `the demonstration took ${seconds} s, expected something to see within a minute`);
    for (const screen of Object.keys(SCREENS)) {
      await showDemo(demo, screen, true);
    }
    await showDemo(demo, "desktop", false);
  } finally {
    await demo.stop();
  }
});

async function showDemo(demo, screen, javaScriptEnabled) {
  const { context, page, complaints } = await open(screen, { javaScriptEnabled });
  const shot = (name) => (javaScriptEnabled ? keep(page, screen, name) : undefined);
  await signIn(page, demo.url, TOKEN);
  await shot("domains");
  await page.getByRole("link", { name: "example.com", exact: true }).click();
  await page.getByRole("heading", { name: "Messages" }).waitFor();
  await chartIsDrawn(page);
  await shot("dashboard");

  await page.getByRole("link", { name: "newsletter-48", exact: true }).first().click();
  await page.getByRole("heading", { name: "Click map" }).waitFor();
  await chartIsDrawn(page);
  await clickMapIsHarmless(page, demo.url);
  await shot("message");
  await imagesAreLoadedOnlyWhenAsked(page);
  await threeWaysToCount(page);

  await page.locator("section", { hasText: "Who clicked" }).getByRole("link", { name: /^reader-/ }).first().click();
  await page.getByRole("heading", { level: 1, name: /^reader-/ }).waitFor();
  await shot("recipient");
  await page.goto(`${demo.url}/domains/example.com/live`);
  assert.ok((await page.locator("tbody tr").count()) > 0, "the live tail shows the latest events");
  await shot("live");
  assert.deepEqual(complaints.filter(isUnexpected), []);
  await context.close();
}

// What the mail may not load is refused by the frame's own policy, which differs from the pages', and the browser says so.
function isUnexpected(text) {
  return !text.includes('directive: "img-src data:"');
}

/** Hosts of images that the browser asked for, with an answer made up here. */
async function watchImages(page) {
  const hosts = new Set();
  await page.context().route(/^https?:\/\/(?!localhost|127\.0\.0\.1)/, (route) => {
    hosts.add(new URL(route.request().url()).hostname);
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>';
    return route.fulfill({ contentType: "image/svg+xml", body: svg });
  });
  return hosts;
}

async function imagesAreLoadedOnlyWhenAsked(page) {
  const hosts = await watchImages(page);
  await page.reload();
  await page.locator("iframe").scrollIntoViewIfNeeded();
  const image = page.frameLocator("iframe").locator("img[alt]:not([alt=''])").first();
  await image.waitFor();
  assert.match(await image.getAttribute("src"), /^data:image\/svg\+xml,/, "a box stands for the image");
  const { width, height } = await image.boundingBox();
  assert.ok(width > 20 && height > 10, `the box is ${width} × ${height} px`);
  assert.deepEqual([...hosts], [], "nothing is asked for outside");

  await page.getByRole("link", { name: "Load the images" }).click();
  await page.getByText("those hosts learn that somebody looks").waitFor();
  await page.locator("iframe").scrollIntoViewIfNeeded();
  await page.frameLocator("iframe").locator("img[src^=http]").first().waitFor();
  await page.waitForLoadState("networkidle");
  assert.ok(hosts.size > 0, "images are loaded from their hosts");
  assert.equal(await page.locator("iframe").getAttribute("sandbox"), "", "nothing else is allowed");

  await page.getByRole("link", { name: "Keep images away" }).click();
  await page.getByRole("link", { name: "Load the images" }).waitFor();
  await page.context().unrouteAll();
}

async function threeWaysToCount(page) {
  const ways = page.getByRole("navigation", { name: "Whose clicks and opens count" });
  const opens = async () => Number((await page.locator(".cards .opens dd").first().textContent()).replaceAll(",", ""));
  const counted = {};
  for (const name of ["People", "People and mail proxies", "All"]) {
    await ways.getByRole("link", { name, exact: true }).click();
    await ways.locator("[aria-current=true]").getByText(name, { exact: true }).waitFor();
    counted[name] = await opens();
  }
  assert.ok(counted.People < counted["People and mail proxies"], JSON.stringify(counted));
  assert.ok(counted["People and mail proxies"] < counted.All, JSON.stringify(counted));
  await page.getByText(/by Apple's Mail Privacy Protection/).waitFor();
  await ways.getByRole("link", { name: "People and mail proxies", exact: true }).click();
}

async function chartIsDrawn(page) {
  const chart = page.locator("svg[role=img]:visible");
  assert.equal(await chart.count(), 1, "one chart for this screen");
  const { width, height } = await chart.boundingBox();
  assert.ok(width > 200 && height > 100, `the chart is ${width} × ${height} px`);
  assert.ok((await chart.locator("text").count()) > 4, "its axes have labels");
}

async function clickMapIsHarmless(page, origin) {
  const iframe = page.locator("iframe");
  assert.equal(await iframe.getAttribute("sandbox"), "", "nothing is allowed in the frame");
  await iframe.scrollIntoViewIfNeeded();
  const inside = page.frameLocator("iframe");
  await inside.getByText(/^\d+(\.\d+)?\s?%$/).first().waitFor();
  assert.equal(await inside.locator("script, form[action], iframe, object, embed, base, meta[http-equiv=refresh]").count(), 0);
  assert.equal(await inside.locator("[href]").count(), 0, "no link leads anywhere");
  const source = new URL(await iframe.getAttribute("src"), origin);
  const answer = await page.context().request.get(source.href);
  assert.match(answer.headers()["content-security-policy"], /sandbox;.*default-src 'none'/);
}
