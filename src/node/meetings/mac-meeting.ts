/** Camera and microphone of a Mac: the power assertions that they hold while in use, the drivers' state, and the log. */
import { either, type InUse, type MeetingDetector, printed } from './meeting.ts';

/** A recorder that listens all day is no meeting. */
const longestMeetingHours = 10;
/** Listens for its own name. */
const alwaysListening = /\bcorespeechd\b/;
const cameraLog = '(subsystem == "com.apple.UVCExtension" AND composedMessage CONTAINS "Post PowerLog") OR (composedMessage CONTAINS "kCameraStreamSt")';

/** Reading the log is slow: it is read every so many rounds. */
const logRounds = 3;
/** The end of a use may have been missed while the Mac slept. */
const mostRounds = 900;

/** Remembers what the log said of the cameras, since it tells changes alone. */
export function macMeeting(): MeetingDetector {
  let camera: InUse = null;
  let round = 0;
  let changedIn = 0;
  return {
    platform: 'darwin',
    everyMs: 20_000,
    async ask(tools, signal) {
      const assertions = await printed(tools, 'pmset', ['-g', 'assertions'], signal);
      const held = assertions === null ? null : parseAssertions(assertions);
      const listening = held === null ? null : await areListening(held.listeners, (pids) => printed(tools, 'ps', ['-o', 'command=', '-p', pids.join(',')], signal));
      const engines = await printed(tools, 'ioreg', ['-r', '-c', 'AppleHDAEngineInput', '-d', '1'], signal);
      const told = round % logRounds === 0 ? parseCameraLog((await printed(tools, 'log', ['show', '--last', '2m', '--style', 'compact', '--predicate', cameraLog], signal, 8000)) ?? '') : null;
      if (told !== null) [camera, changedIn] = [told, round];
      if (round - changedIn > mostRounds) camera = null;
      round += 1;
      return either(held?.camera === true ? true : null, listening, engines === null ? null : parseEngines(engines), camera);
    },
  };
}

export interface Assertions {
  /** Processes that record; null for one that is not named. */
  readonly listeners: readonly (number | null)[];
  readonly camera: boolean;
}

/** `pmset -g assertions`: the audio server holds one with `audio-in` for each process that records, the camera server one while a camera is on. */
export function parseAssertions(text: string): Assertions | null {
  const list = text.split(/Listed by owning process:/)[1];
  if (list === undefined) return null;
  // Each begins with its owner; what belongs to it is below.
  const blocks = list.split(/\n(?=\s*pid \d+\()/).filter((block) => hoursHeld(block) < longestMeetingHours);
  const recording = blocks.filter((block) => /^\s*pid \d+\(coreaudiod\)/.test(block) && /Resources:.*\baudio-in\b/.test(block));
  return {
    listeners: recording.map((block) => Number(/Created for PID:\s*(\d+)/.exec(block)?.[1] ?? Number.NaN)).map((pid) => (Number.isNaN(pid) ? null : pid)),
    camera: blocks.some((block) => /^\s*pid \d+\(cameracaptured\)/.test(block)),
  };
}

function hoursHeld(block: string): number {
  return Number(/\]\s+(\d+):\d\d:\d\d\s/.exec(block)?.[1] ?? 0);
}

async function areListening(listeners: Assertions['listeners'], commands: (pids: readonly number[]) => Promise<string | null>): Promise<InUse> {
  if (listeners.length === 0) return false;
  if (listeners.includes(null)) return true;
  const names = (await commands(listeners.filter((pid) => pid !== null))) ?? '';
  const known = names.split('\n').filter((name) => name.trim() !== '');
  return known.length < listeners.length || known.some((name) => !alwaysListening.test(name));
}

/** `ioreg -r -c AppleHDAEngineInput`: an engine that runs has the state 1 (IOAudioEngine.h). Null: this Mac has no such driver. */
export function parseEngines(text: string): InUse {
  const states = [...text.matchAll(/"IOAudioEngineState"\s*=\s*(0x)?(\d+)/g)].map((match) => Number(match[2]));
  return states.length === 0 ? null : states.includes(1);
}

/** The log tells changes: the last one in it counts, for each camera. Null: nothing changed. */
export function parseCameraLog(text: string): InUse {
  const cameras = new Map<string, boolean>();
  for (const [, device = '', event] of text.matchAll(/"VDCAssistant_Device_GUID"\s*=\s*([^;]+);[^}]*?"VDCAssistant_Power_State"\s*=\s*(On|Off)/g)) cameras.set(device, event === 'On');
  for (const [, device = '', event] of text.matchAll(/\[guid:(\w+)\][^\n]*Post event kCameraStream(Start|Stop)/g)) cameras.set(device, event === 'Start');
  return cameras.size === 0 ? null : [...cameras.values()].includes(true);
}
