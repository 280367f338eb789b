// Headless Chromium, as Debian has it, with an empty profile.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium } from "playwright-core";

export const EXECUTABLE = process.env.CHROMIUM ?? "/usr/bin/chromium";
export const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A browser that is closed after test `t`, and the URLs that it asked for. */
export async function browse(t, options = {}) {
  const profile = mkdtempSync(path.join(tmpdir(), "albert-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: EXECUTABLE,
    args: FLAGS,
    ...options,
  });
  t.after(async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  });
  const asked = [];
  context.on("request", (request) => asked.push(request.url()));
  return { context, asked };
}

/** Fails when anything but `url` was asked. */
export function foreign(asked, url) {
  return asked.filter((each) => !each.startsWith(url) && !each.startsWith("blob:") && !each.startsWith("data:"));
}
