/** What the speech engine's process is told at its start, carried in its environment so that the secret shows in no process list. */
import type { SpeechFolders } from './install-speech.ts';

export interface SpeechSettings {
  readonly folders: SpeechFolders;
  /** 0: any that is free. */
  readonly port: number;
  readonly secret: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const variable = 'OAR_SPEECH_SETTINGS';
const passedOn = /^(PATH|HOME|USERPROFILE|TMPDIR|TEMP|TMP|SYSTEMROOT|WINDIR|LANG|LC_.*|LD_LIBRARY_PATH|DYLD_.*|OMP_.*)$/i;

export function speechEnvironment(settings: SpeechSettings, env: Environment): Record<string, string | undefined> {
  return { ...Object.fromEntries(Object.entries(env).filter(([name]) => passedOn.test(name))), [variable]: JSON.stringify(settings) };
}

/** Throws when the environment was not made by `speechEnvironment`. */
export function readSpeechSettings(env: Environment): SpeechSettings {
  const text = env[variable];
  if (text === undefined) throw new TypeError(`${variable} is not set: this program is started by the node agent, not by hand.`);
  return JSON.parse(text) as SpeechSettings;
}
