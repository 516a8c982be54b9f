/** The speech engine's own process, so that hearing never holds up the agent: loads the model, serves it on loopback, and ends when the agent does. */
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import type { EngineReady } from '../embedded/engine-settings.ts';
import { Moonshine } from './moonshine.ts';
import { loadOrt } from './ort-api.ts';
import { speechServer } from './speech-server.ts';
import { readSpeechSettings, type SpeechSettings } from './speech-settings.ts';

const mostThreads = 4;

// Standard input is a pipe from the agent: it closes however the agent ends, so no orphan stays.
process.stdin.on('end', () => process.exit(0)).on('error', () => process.exit(0)).resume();

try {
  await serve(readSpeechSettings(process.env));
} catch (thrown) {
  process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`, () => process.exit(1));
}

async function serve({ folders, port, secret }: SpeechSettings): Promise<void> {
  const threads = Math.max(1, Math.min(mostThreads, availableParallelism() - 1));
  const server = speechServer(await Moonshine.load(loadOrt(folders.runtime), folders.model, threads), secret);
  server.on('error', (error) => process.stderr.write(`${error.message}\n`, () => process.exit(1)));
  server.listen(port, '127.0.0.1', () => {
    const ready: EngineReady = { port: (server.address() as AddressInfo).port };
    process.stdout.write(`${JSON.stringify(ready)}\n`);
  });
}
