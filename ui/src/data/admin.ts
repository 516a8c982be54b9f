/** The admin's key: asked for where it is needed, held while this page is open, and kept nowhere. */
import { signal } from '@preact/signals';
import * as api from './api.ts';
import { CallFailed } from './request.ts';
import { failureIn } from './resource.ts';

/** Empty until an admin has shown it. */
export const adminKey = signal('');

/** Rejects with what is wrong with it. */
export async function showAdminKey(given: string): Promise<void> {
  try {
    await api.accessKeys(given);
    adminKey.value = given;
  } catch (thrown) {
    const failure = failureIn(thrown);
    throw failure.status === 404 ? new CallFailed('This router asks nobody for a key: its file has no `access` section with an admin.', { requestId: failure.requestId }) : failure;
  }
}
