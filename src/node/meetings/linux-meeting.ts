/** Camera and microphone of a Linux desktop: what records from a real source, and who holds a video device open. */
import type { CollectorTools } from '../collectors/collector.ts';
import { either, type InUse, type MeetingDetector, printed } from './meeting.ts';

/** Volume meters and shells listen without recording. */
const meters = /\b(Peak detect|gnome-shell|plasmashell|pavucontrol|PulseAudio Volume Control|xfce4-pulseaudio|waybar|wireplumber)\b/;

export const linuxMeeting: MeetingDetector = {
  platform: 'linux',
  everyMs: 15_000,
  async ask(tools, signal) {
    const [outputs, sources] = await Promise.all([printed(tools, 'pactl', ['list', 'source-outputs'], signal), printed(tools, 'pactl', ['list', 'short', 'sources'], signal)]);
    const pulse = outputs === null || sources === null ? null : parsePulse(outputs, sources);
    const dump = pulse === null ? await printed(tools, 'pw-dump', ['--no-colors'], signal) : null;
    return either(pulse, dump === null ? null : parsePipeWire(dump), await cameraIsOpen(tools));
  },
};

/** `pactl list source-outputs` beside `pactl list short sources`: a recording counts unless it is paused, or of what the machine itself plays. */
export function parsePulse(outputs: string, sources: string): InUse {
  const monitors = new Set(sources.split('\n').flatMap((line) => (/^\d+\t\S+\.monitor\t/.test(line) ? [line.split('\t')[0]] : [])));
  return outputs.split(/^(?=Source Output #)/m).some((block) => {
    if (!block.startsWith('Source Output #') || /^\s*Corked: yes/m.test(block) || meters.test(block)) return false;
    return !monitors.has(/^\s*Source: (\d+)/m.exec(block)?.[1]);
  });
}

interface PipeWireObject {
  readonly id?: number;
  readonly type?: string;
  readonly info?: { readonly state?: string; readonly props?: Readonly<Record<string, unknown>>; readonly 'output-node-id'?: number; readonly 'input-node-id'?: number } | null;
}

/** `pw-dump`: a stream that runs and takes sound from a source, or a camera that runs. Null: that is no dump. */
export function parsePipeWire(text: string): InUse {
  let objects: readonly PipeWireObject[];
  try {
    const parsed: unknown = JSON.parse(text);
    if (!Array.isArray(parsed)) return null;
    objects = parsed.filter((object): object is PipeWireObject => typeof object === 'object' && object !== null);
  } catch {
    return null;
  }
  const kindOf = (object: PipeWireObject | undefined): unknown => object?.info?.props?.['media.class'];
  const sinks = new Set(objects.filter((object) => /^Audio\/Sink/.test(String(kindOf(object)))).map(({ id }) => id));
  const fromSink = (stream: PipeWireObject): boolean => {
    const links = objects.filter(({ info }) => info?.['input-node-id'] !== undefined && info['input-node-id'] === stream.id);
    return links.length > 0 && links.every(({ info }) => sinks.has(info?.['output-node-id']));
  };
  return objects.some((object) => {
    const { state, props = {} } = object.info ?? {};
    if (state !== 'running') return false;
    if (kindOf(object) === 'Video/Source') return true;
    return kindOf(object) === 'Stream/Input/Audio' && String(props['stream.capture.sink']) !== 'true' && String(props['stream.monitor']) !== 'true' && !meters.test(`${String(props['application.name'])} ${String(props['media.name'])} ${String(props['node.name'])}`) && !fromSink(object);
  });
}

/** Never false while a program of somebody else's could hold it: their open files cannot be seen. */
async function cameraIsOpen(tools: CollectorTools): Promise<InUse> {
  const cameras = (await tools.list('/dev')).filter((name) => /^video\d+$/.test(name));
  if (cameras.length === 0) return null;
  const pids = (await tools.list('/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) if ((await openFiles(pid)).some((file) => /^\/dev\/video\d+$/.test(file))) return true;
  return null;
}

async function openFiles(pid: string): Promise<readonly string[]> {
  const { readdir, readlink } = await import('node:fs/promises');
  const folder = `/proc/${pid}/fd`;
  const names = await readdir(folder).catch(() => []);
  const files = await Promise.all(names.map((name) => readlink(`${folder}/${name}`).catch(() => '')));
  return files;
}
