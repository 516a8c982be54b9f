/** Writes a file so that after a crash there is the old one or the new one, whole. */
import { type FileHandle, open, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Readable by its owner alone. `mayReplace` is asked last; when it says no, the file stays as it is and the promise resolves
 * with false. Rejects with the codes of node:fs.
 */
export async function writeWhole(path: string, text: string, mayReplace: () => Promise<boolean>): Promise<boolean> {
  const draft = `${path}.${process.pid}.new`;
  try {
    await writeDraft(draft, text, path);
    if (!(await mayReplace())) {
      await unlink(draft);
      return false;
    }
    await rename(draft, path);
  } catch (thrown) {
    await unlink(draft).catch(() => {});
    throw thrown;
  }
  await syncFolder(dirname(path));
  return true;
}

async function writeDraft(draft: string, text: string, path: string): Promise<void> {
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(text);
    await keepOwner(file, path);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Root may write a file of the user that runs the router, who must still be able to read it: it stays theirs, a new one belongs to the folder's owner. */
async function keepOwner(file: FileHandle, path: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(path).catch(() => stat(dirname(path)));
  if (uid !== 0) await file.chown(uid, gid);
}

/** So that the new name survives a crash; not every system can do that with a folder. */
async function syncFolder(path: string): Promise<void> {
  let folder: FileHandle | null = null;
  try {
    folder = await open(path, 'r');
    await folder.sync();
  } catch {
    return;
  } finally {
    await folder?.close();
  }
}
