// The demo page as people use it: from any path, by keyboard, on a phone, in the dark, without a network, with a file of theirs.
// With ALBERT_SCREENSHOTS=FOLDER it leaves pictures there.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { browse, foreign } from "./support/browser.js";
import { CONFORMANCE, PACKAGE, serve } from "./support/server.js";

const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1200, height: 860 };
const site = path.join(PACKAGE, "site");

async function open(t, options = {}, at = "/") {
  const server = await serve({ [at]: site });
  t.after(server.close);
  const { context, asked } = await browse(t, options);
  const page = context.pages()[0];
  const problems = [];
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(String(error)));
  await page.goto(server.url + at);
  await ready(page, "intents");
  return { page, context, server, asked, problems };
}

const ready = (page, name) => page.getByRole("status").filter({ hasText: new RegExp(`^${name}: .+-`) }).waitFor();
const best = (page) => page.locator(".label .name").first().textContent();
const shows = (page, name) => page.locator(".label .name").first().filter({ hasText: name }).waitFor();

for (const [device, viewport] of Object.entries({ phone: PHONE, desktop: DESKTOP })) {
  for (const colorScheme of ["light", "dark"]) {
    test(`on a ${device}, ${colorScheme}`, async (t) => {
      const { page, server, asked, problems } = await open(t, { viewport, colorScheme, deviceScaleFactor: 1 });
      assert.equal(await best(page), "weather");
      assert.match(await page.locator("#time").textContent(), /^\d+\.\d ms$/);
      assert.match(await page.locator("#memory").textContent(), /^\d+\.\d MB$/);
      assert.match(await page.locator("#isa").textContent(), /^(simd128|relaxed[iu]8)$/);
      // Nothing sticks out sideways.
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
      if (colorScheme === "light") await shoot(page, `javascript-intents-${device}`);
      await page.getByLabel("slots of a command").check();
      await ready(page, "slots");
      assert.deepEqual(await page.locator("mark").evaluateAll((marks) => marks.map((mark) => mark.firstChild.data)), ["two", "french", "restaurant", "paris"]);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
      if (colorScheme === "dark") await shoot(page, `javascript-slots-${device}`);
      assert.ok((await contrasts(page)).every((ratio) => ratio >= 4.5));
      assert.deepEqual(foreign(asked, server.url), []);
      assert.deepEqual(problems, []);
    });
  }
}

test("by keyboard alone", async (t) => {
  const { page } = await open(t);
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.value);
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "text");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("play some jazz");
  await shows(page, "play_music");
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "intents");
  await page.keyboard.press("ArrowDown");
  await ready(page, "slots");
  assert.equal(await page.locator("#text").inputValue(), "play some jazz");
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "file");
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.notEqual(outline, "none");
});

test("everything has a name for those who hear the page", async (t) => {
  const { page } = await open(t);
  for (const [role, name] of [
    ["textbox", "Say something to an assistant"],
    ["radio", "150 intents"],
    ["radio", "slots of a command"],
    ["group", "Model"],
    ["region", "Result"],
    ["meter", "weather"],
    ["heading", "ALBERT in this page"],
  ]) {
    assert.equal(await page.getByRole(role, { name }).count(), 1, `${role} ${name}`);
  }
  assert.equal(await page.locator("html").getAttribute("lang"), "en");
});

test("from any path, and without a network after the first load", async (t) => {
  const { page, context, server } = await open(t, {}, "/some/where/else/");
  await page.locator("body[data-offline=ready]").waitFor({ state: "attached" });
  await server.close();
  await context.setOffline(true);
  await page.reload();
  await ready(page, "intents");
  assert.equal(await best(page), "weather");
  await page.locator("#text").fill("set an alarm for six");
  await shows(page, "alarm");
  await page.getByLabel("slots of a command").check();
  await ready(page, "slots");
});

test("a model file is dropped on the page, or chosen", async (t) => {
  const { page } = await open(t);
  const drop = async (name) => {
    const bytes = readFileSync(path.join(CONFORMANCE, name)).toString("base64");
    const data = await page.evaluateHandle(
      ([bytes, name]) => {
        const data = new DataTransfer();
        data.items.add(new File([Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))], name));
        return data;
      },
      [bytes, name],
    );
    await page.dispatchEvent("body", "drop", { dataTransfer: data });
  };
  await drop("token-classification.albert");
  await ready(page, "token-classification.albert");
  await drop("encoder.albert");
  await ready(page, "encoder.albert");
  assert.match(await page.locator("#results").textContent(), /^\d+ numbers: /);
  await page.locator("#file").setInputFiles(path.join(CONFORMANCE, "text-classification.albert"));
  await ready(page, "text-classification.albert");
  assert.match(await best(page), /^(good|so-so|bad)$/);
  // What is no model is said to be none, and the page goes on.
  await drop("README.md");
  await page.getByRole("status").filter({ hasText: /^README\.md: / }).waitFor();
  await page.getByLabel("150 intents").check();
  await ready(page, "intents");
});

test("text and labels never become markup", async (t) => {
  const { page, problems } = await open(t);
  await page.getByLabel("slots of a command").check();
  await ready(page, "slots");
  await page.locator("#text").fill("find <img src=x onerror=alert(1)> by 🌊 madonna");
  await page.waitForTimeout(200);
  assert.equal(await page.locator("#results img").count(), 0);
  await page.evaluate(() => document.querySelectorAll("#results small").forEach((name) => name.remove()));
  assert.match(await page.locator("#results").textContent(), /<img src=x onerror=alert\(1\)> by 🌊 madonna$/);
  assert.deepEqual(problems, []);
});

async function shoot(page, name) {
  const folder = process.env.ALBERT_SCREENSHOTS;
  if (folder) await page.screenshot({ path: path.join(folder, `${name}.png`) });
}

/** Contrast of the text of every element that has some with the nearest background, by WCAG's formula. */
function contrasts(page) {
  return page.evaluate(() => {
    const luminance = (color) => {
      const [r, g, b] = color.match(/[\d.]+/g).map(Number).map((x) => x / 255).map((x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element) => {
      const color = element ? getComputedStyle(element).backgroundColor : "rgb(255, 255, 255)";
      return /, 0\)$/.test(color) ? ground(element.parentElement) : color;
    };
    const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    return [...document.body.querySelectorAll("*")].filter((element) => hasText(element) && element.checkVisibility()).map((element) => {
      const [a, b] = [luminance(getComputedStyle(element).color), luminance(ground(element))].sort((a, b) => b - a);
      return (a + 0.05) / (b + 0.05);
    });
  });
}
