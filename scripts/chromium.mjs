/** Finds the browser that the dashboard is tested in. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/** `CHROMIUM_BIN`, else the first of its usual names on the PATH; null: there is none. @param {NodeJS.ProcessEnv} env @returns {string | null} */
export function findChromium(env) {
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean);
  const places = env.CHROMIUM_BIN ? [env.CHROMIUM_BIN] : names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return places.find(isProgram) ?? null;
}

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
