import { afterEach, expect, test } from 'vitest';
import { type FakeBackend, startFakeBackend } from '../fakes/backend.ts';
import { model, startTestRouter, type TestRouter } from '../support/test-router.ts';

let backend: FakeBackend;
let router: TestRouter;

afterEach(async () => {
  await router?.stop();
  await backend?.close();
});

const hello = { messages: [{ role: 'user', content: 'Hello there' }] };

async function start(config: Record<string, unknown>, models: readonly string[] = ['small:1b', 'coder:7b']): Promise<void> {
  backend = await startFakeBackend({ models });
  router = await startTestRouter({ ollama: { baseUrl: backend.url }, ...config });
}

test('a request without a model is routed by task, and the answer says why in body and headers', async () => {
  await start({ models: [model('small:1b', { purpose: ['simple_chat'], costClass: 'low' }), model('coder:7b')], routes: { simple_chat: ['small:1b', 'coder:7b'] } });
  const response = await router.post('/v1/chat/completions', hello);
  expect(response.status).toBe(200);
  const body = (await response.json()) as { router: Record<string, unknown>; model: string };
  // 100 + route 50 + priority 50 + purpose 25 + light and low 15; VRAM unknown: no term.
  expect(body.router).toMatchObject({ mode: 'sync', taskType: 'simple_chat', selectedModel: 'small:1b', fallbackModels: ['coder:7b'], decisionReason: 'Selected small:1b for simple_chat with score 240.0' });
  expect(response.headers.get('x-oar-backend')).toBe('ollama');
  expect(response.headers.get('x-oar-model')).toBe('small:1b');
  expect(response.headers.get('x-oar-decision')).toBe('Selected small:1b for simple_chat with score 240.0');
  expect(backend.requests[0]?.body).not.toHaveProperty('router');
});
