/** Fixtures in the form that the systems' manuals and their users show. */
import { expect, test } from 'vitest';
import { FakeClock, settled } from '../../../test/fakes/clock.ts';
import type { CollectorTools } from '../collectors/collector.ts';
import { linuxMeeting, parsePipeWire, parsePulse } from './linux-meeting.ts';
import { macMeeting, parseAssertions, parseCameraLog, parseEngines } from './mac-meeting.ts';
import type { InUse, MeetingDetector } from './meeting.ts';
import { MeetingWatch } from './meeting-watch.ts';
import { parseConsentStore, windowsMeeting } from './windows-meeting.ts';

/** A machine on which these programs print this; all others are missing. */
function machine(platform: string, programs: Readonly<Record<string, string>>, folders: Readonly<Record<string, readonly string[]>> = {}): CollectorTools {
  return {
    host: { platform, arch: 'x64', home: '/home/a', env: {}, cpus: () => [], load1: () => 0, totalBytes: () => 0, freeBytes: () => 0 },
    run: (program, args) => {
      const found = Object.entries(programs).find(([command]) => [program, ...args].join(' ').startsWith(command));
      return found === undefined ? Promise.reject(new Error('missing')) : Promise.resolve(found[1]);
    },
    read: () => Promise.resolve(null),
    list: (folder) => Promise.resolve(folders[folder] ?? []),
    space: () => Promise.resolve(null),
  };
}

const ask = (detector: MeetingDetector, tools: CollectorTools): Promise<InUse> => detector.ask(tools, new AbortController().signal);

const head = 'Assertion status system-wide:\n   PreventUserIdleSystemSleep     1\nListed by owning process:\n';
const music = `${head}   pid 409(coreaudiod): [0x0001] 00:20:46 PreventUserIdleSystemSleep named: "com.apple.audio.BuiltInSpeakerDevice.context.preventuseridlesleep"\n\tCreated for PID: 700.\n\tResources: audio-out BuiltInSpeakerDevice\n`;
const call = `${head}   pid 409(coreaudiod): [0x0002] 00:28:03 PreventUserIdleSystemSleep named: "com.apple.audio.VPAUAggregateAudioDevice-0x1.context.preventuseridlesleep"\n\tCreated for PID: 821.\n\tResources: audio-in audio-out BuiltInMicrophoneDevice\n   pid 334(powerd): [0x0003] 00:44:34 PreventUserIdleSystemSleep named: "Powerd - Prevent sleep while display is on"\n`;
const camera = `${head}   pid 523(cameracaptured): [0x0004] 00:00:49 PreventUserIdleSystemSleep named: "cameracaptured-idleSleepPreventionForBWFigCaptureDevice"\n`;

test('a Mac: who records and which camera is on', () => {
  expect(parseAssertions(music)).toEqual({ listeners: [], camera: false });
  expect(parseAssertions(call)).toEqual({ listeners: [821], camera: false });
  expect(parseAssertions(camera)).toEqual({ listeners: [], camera: true });
  expect(parseAssertions(call.replace('00:28:03', '31:28:03'))).toEqual({ listeners: [], camera: false });
  expect(parseAssertions('pmset: command failed')).toBeNull();
});

test('a Mac: all of it together', async () => {
  expect(await ask(macMeeting(), machine('darwin', { 'pmset -g assertions': music }))).toBe(false);
  expect(await ask(macMeeting(), machine('darwin', { 'pmset -g assertions': call, 'ps -o command= -p 821': '/Applications/zoom.us.app/Contents/MacOS/zoom.us\n' }))).toBe(true);
  expect(await ask(macMeeting(), machine('darwin', { 'pmset -g assertions': camera }))).toBe(true);
  // What waits for its name listens all day.
  expect(await ask(macMeeting(), machine('darwin', { 'pmset -g assertions': call, 'ps -o command= -p 821': '/System/Library/PrivateFrameworks/CoreSpeech.framework/corespeechd\n' }))).toBe(false);
  expect(await ask(macMeeting(), machine('darwin', {}))).toBeNull();
  expect(await ask(macMeeting(), machine('darwin', { ioreg: '+-o AppleHDAEngineInput@1B,0,1,0  <class AppleHDAEngineInput, id 0x1, registered>\n    {\n      "IOAudioEngineState" = 1\n    }\n' }))).toBe(true);
});

test('a Mac: the log tells changes, and what it told last holds', async () => {
  const line = (state: string) => `2026-01-01 10:00:00.000 Df UVCAssistant[1:2] [com.apple.UVCExtension:device] UVCExtensionDevice:0x1 [0x2] Post PowerLog {\n    "VDCAssistant_Device_GUID" = "00000000-1410-0000-1BCF-00000000";\n    "VDCAssistant_Power_State" = ${state};\n}\n`;
  expect([parseCameraLog(line('On')), parseCameraLog(line('On') + line('Off')), parseCameraLog('Timestamp Ty Process\n')]).toEqual([true, false, null]);
  expect(parseCameraLog('VDCAssistant: [com.apple.VDCAssistant:device] [guid:0x1130000046d0892] Post event kCameraStreamStart\n')).toBe(true);
  const detector = macMeeting();
  expect(await ask(detector, machine('darwin', { 'pmset -g assertions': music, 'log show': line('On') }))).toBe(true);
  for (let round = 0; round < 6; round += 1) expect(await ask(detector, machine('darwin', { 'pmset -g assertions': music, 'log show': '' }))).toBe(true);
  const after = [];
  for (let round = 0; round < 3; round += 1) after.push(await ask(detector, machine('darwin', { 'pmset -g assertions': music, 'log show': line('Off') })));
  expect(after.at(-1)).toBe(false);
  expect([parseEngines('"IOAudioEngineState" = 0'), parseEngines('')]).toEqual([false, null]);
});

const sources = '46\talsa_output.pci.analog-stereo.monitor\tPipeWire\ts32le 2ch 48000Hz\tRUNNING\n47\talsa_input.pci.analog-stereo\tPipeWire\ts32le 2ch 48000Hz\tRUNNING\n';
const recording = (source: number, name: string, corked = 'no') => `Source Output #91\n\tDriver: PipeWire\n\tClient: 90\n\tSource: ${source}\n\tSample Specification: float32le 1ch 48000Hz\n\tCorked: ${corked}\n\tMute: no\n\tProperties:\n\t\tapplication.name = "${name}"\n\t\tmedia.name = "AudioStream"\n`;

test.each([
  ['nobody records', '', false],
  ['a browser records', recording(47, 'Chromium input'), true],
  ['it is paused', recording(47, 'Chromium input', 'yes'), false],
  ['it records what the machine plays', recording(46, 'OBS'), false],
  ['a volume meter', recording(47, 'PulseAudio Volume Control'), false],
  ['a meter and a call', recording(47, 'gnome-shell') + recording(47, 'ZOOM VoiceEngine'), true],
])('PulseAudio: %s', (_name, outputs, inUse) => {
  expect(parsePulse(outputs, sources)).toBe(inUse);
});

const node = (id: number, mediaClass: string, state: string, props: object = {}) => ({ id, type: 'PipeWire:Interface:Node', info: { state, props: { 'media.class': mediaClass, ...props } } });
const link = (from: number, to: number) => ({ id: 900 + to, type: 'PipeWire:Interface:Link', info: { 'output-node-id': from, 'input-node-id': to, state: 'active', props: {} } });
const devices = [node(40, 'Audio/Sink', 'running'), node(41, 'Audio/Source', 'running'), node(42, 'Video/Source', 'suspended')];

test.each([
  ['devices alone', devices, false],
  ['a call', [...devices, node(60, 'Stream/Input/Audio', 'running', { 'application.name': 'Firefox' }), link(41, 60)], true],
  ['a stream that waits', [...devices, node(60, 'Stream/Input/Audio', 'idle')], false],
  ['what the machine plays is recorded', [...devices, node(60, 'Stream/Input/Audio', 'running'), link(40, 60)], false],
  ['the same, as the stream says', [...devices, node(60, 'Stream/Input/Audio', 'running', { 'stream.capture.sink': true })], false],
  ['a camera', [node(42, 'Video/Source', 'running')], true],
  ['objects without a node', [{ id: 0, type: 'PipeWire:Interface:Core', info: null }, 5, null], false],
])('PipeWire: %s', (_name, objects, inUse) => {
  expect(parsePipeWire(JSON.stringify(objects))).toBe(inUse);
});

test('Linux: without sound servers nobody knows', async () => {
  expect(parsePipeWire('pw-dump: failed')).toBeNull();
  expect(await ask(linuxMeeting, machine('linux', {}))).toBeNull();
  expect(await ask(linuxMeeting, machine('linux', { 'pactl list source-outputs': recording(47, 'Firefox'), 'pactl list short sources': sources }))).toBe(true);
  expect(await ask(linuxMeeting, machine('linux', { 'pw-dump': JSON.stringify(devices) }))).toBe(false);
  // A camera that nobody whose files can be seen holds may still be held by somebody else.
  expect(await ask(linuxMeeting, machine('linux', {}, { '/dev': ['null', 'video0'], '/proc': ['self'] }))).toBeNull();
});

const key = 'HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\CapabilityAccessManager\\ConsentStore\\microphone';

test('Windows: a use without an end goes on', async () => {
  const idle = `\r\n${key}\\MSTeams_8wekyb3d8bbwe\r\n    LastUsedTimeStop    REG_QWORD    0x1dcf3769ac95bf0\r\n\r\nEnd of search: 1 match(es) found.\r\n`;
  const busy = `${idle}${key}\\NonPackaged\\C:#Program Files#Zoom#Zoom.exe\r\n    LastUsedTimeStop    REG_QWORD    0x0\r\n`;
  expect([parseConsentStore(idle), parseConsentStore(busy), parseConsentStore('ERROR: The system was unable to find the specified registry key or value.')]).toEqual([false, true, null]);
  expect(await ask(windowsMeeting, machine('win32', { 'reg query': busy }))).toBe(true);
  expect(await ask(windowsMeeting, machine('win32', {}))).toBeNull();
});

test('it is asked in the background; an answer grows old, and without one nothing is claimed', async () => {
  const clock = new FakeClock();
  let answer: Promise<InUse> = Promise.resolve(true);
  let asked = 0;
  const detector: MeetingDetector = {
    platform: 'linux',
    everyMs: 15_000,
    ask() {
      asked += 1;
      return answer;
    },
  };
  const watch = new MeetingWatch(clock, machine('linux', {}), [detector]);
  expect(watch.inMeeting(clock.now())).toBeUndefined();
  watch.start();
  await settled();
  expect(watch.inMeeting(clock.now())).toBe(true);
  // The next one hangs: nobody waits for it, and the old answer holds for a while only.
  answer = new Promise(() => {});
  await clock.advanceAsync(15_000);
  expect([asked, watch.inMeeting(clock.now())]).toEqual([2, true]);
  await clock.advanceAsync(60_000);
  expect([asked, watch.inMeeting(clock.now())]).toEqual([2, undefined]);
  watch.stop();
  expect(new MeetingWatch(clock, machine('aix', {})).inMeeting(clock.now())).toBeUndefined();
});
