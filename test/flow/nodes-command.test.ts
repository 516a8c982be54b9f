/** `oar nodes` against a router, both as processes: a machine waits until somebody approves it by command. */
import { expect, test } from 'vitest';
import { heartbeat, oldBody } from '../support/scripted-node.ts';
import { configFile, newFolder, RouterProcess, runProgram } from '../support/router-process.ts';

test('a machine is listed as waiting, approved, drained and removed by command', async () => {
  const folder = newFolder();
  const config = configFile({ server: { port: 0 }, backends: [], gpu: { provider: 'none' }, fleet: { enrolToken: 'a-token-of-some-length' }, store: { kind: 'sqlite', path: `${folder}/router.db` } }, folder);
  const router = await RouterProcess.serve(config);
  const report = () => heartbeat(router, oldBody('studio', 'http://127.0.0.1:9', []));
  const nodes = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await runProgram(['nodes', ...args, '--url', router.url]);
    return { code, stderr, body: stdout === '' ? null : (JSON.parse(stdout) as { nodes?: { id: string; status: string; draining: boolean }[]; id?: string; status?: string }) };
  };
  expect((await report()).body.enrolment).toBe('waiting');
  expect((await nodes()).body?.nodes?.find(({ id }) => id === 'studio')).toMatchObject({ status: 'waiting' });
  expect(await nodes('approve', 'studio')).toMatchObject({ code: 0, body: { id: 'studio', status: 'online' } });
  expect((await report()).body.enrolment).toBe('enrolled');
  expect((await nodes('drain', 'studio')).body).toMatchObject({ draining: true });
  expect((await nodes('undrain', 'studio')).body).toMatchObject({ draining: false });
  expect((await nodes('remove', 'studio')).code).toBe(0);
  expect(await nodes('approve', 'studio')).toMatchObject({ code: 1, stderr: expect.stringMatching(/no machine studio/) });
  expect((await router.stop()).code).toBe(0);
});
