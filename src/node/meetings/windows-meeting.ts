/** Camera and microphone of Windows: its own record of which program uses which, where a use without an end is going on. */
import { either, type InUse, type MeetingDetector, printed } from './meeting.ts';

const store = 'HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\CapabilityAccessManager\\ConsentStore';

export const windowsMeeting: MeetingDetector = {
  platform: 'win32',
  everyMs: 20_000,
  async ask(tools, signal) {
    const answers = await Promise.all(['microphone', 'webcam'].map((device) => printed(tools, 'reg', ['query', `${store}\\${device}`, '/s', '/v', 'LastUsedTimeStop'], signal)));
    return either(...answers.map((answer) => (answer === null ? null : parseConsentStore(answer))));
  },
};

/** `reg query … /v LastUsedTimeStop`. Null: no program has ever used it. */
export function parseConsentStore(text: string): InUse {
  const stops = [...text.matchAll(/^\s+LastUsedTimeStop\s+REG_QWORD\s+0x([0-9a-f]+)\s*$/gim)].map((match) => /^0+$/.test(match[1] ?? ''));
  return stops.length === 0 ? null : stops.includes(true);
}
