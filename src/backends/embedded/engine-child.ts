/** The engine's own process: loads the model, serves it on loopback, and ends when the router does. */
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { engineServer } from './engine-server.ts';
import { type EngineReady, type EngineSettings, readEngineSettings } from './engine-settings.ts';
import { Generator } from './generator.ts';
import { importNative } from './native-api.ts';

// 23 kB of memory a token for the smallest model; prompts of a first try fit well.
const contextTokens = 4096;

// Standard input is a pipe from the router: it closes however the router ends, so no orphan stays.
process.stdin.on('end', () => process.exit(0)).on('error', () => process.exit(0)).resume();

try {
  await serve(readEngineSettings(process.env));
} catch (thrown) {
  process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`, () => process.exit(1));
}

async function serve(settings: EngineSettings): Promise<void> {
  const native = await importNative(settings.engineFolder);
  const llama = await native.getLlama({
    build: 'never',
    gpu: settings.useGpu ? 'auto' : false,
    skipDownload: true,
    logLevel: 'warn',
    logger: (level, message) => process.stderr.write(`${level}: ${message.trim()}\n`),
  });
  const model = await llama.loadModel({ modelPath: settings.modelPath });
  const context = await model.createContext({ contextSize: Math.min(contextTokens, model.trainContextSize), sequences: 1, threads: threadCount(llama.cpuMathCores) });
  const served = { name: settings.modelName, sizeBytes: model.size, trainedContext: model.trainContextSize, loadedAt: Date.now() };
  const server = engineServer(new Generator(native, llama, model, context), served, settings.secret);
  server.on('error', (error) => process.stderr.write(`${error.message}\n`, () => process.exit(1)));
  server.listen(settings.port, '127.0.0.1', () => {
    const ready: EngineReady = { port: (server.address() as AddressInfo).port };
    process.stdout.write(`${JSON.stringify(ready)}\n`);
  });
}

/** The threads wait for each other by spinning: one more than there are free cores costs a hundredfold, one fewer almost nothing. */
function threadCount(mathCores: number): number {
  return Math.max(1, Math.min(mathCores, availableParallelism()) - 1);
}
