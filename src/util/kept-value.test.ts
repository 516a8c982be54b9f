import { expect, test } from 'vitest';
import { KeptValue } from './kept-value.ts';

/** A store whose writes end when the test says. */
class Shelf {
  text: string | null;
  readonly writes: { readonly text: string; end(error?: Error): void }[] = [];

  constructor(text: string | null = null) {
    this.text = text;
  }

  get(): Promise<string | null> {
    return Promise.resolve(this.text);
  }

  put(_key: string, text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (error?: Error): void => {
        if (error !== undefined) return reject(error);
        this.text = text;
        resolve();
      };
      this.writes.push({ text, end });
    });
  }
}

const listOn = (store: Shelf): KeptValue<readonly string[]> => new KeptValue<readonly string[]>({ store, key: 'k', initial: [], write: (value) => value.join(), read: (text) => text.split(',') });
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('changes at the same moment are made one after the other, and none is lost', async () => {
  const shelf = new Shelf();
  const list = listOn(shelf);
  const both = [list.change((now) => [...now, 'a']), list.change((now) => [...now, 'b'])];
  await settled();
  expect(shelf.writes).toHaveLength(1);
  shelf.writes[0]?.end();
  await settled();
  shelf.writes[1]?.end();
  expect(await Promise.all(both)).toEqual([['a'], ['a', 'b']]);
  expect([list.now, shelf.text]).toEqual([['a', 'b'], 'a,b']);
});

test('what is not written does not hold, and the next change goes on from what holds', async () => {
  const shelf = new Shelf();
  const list = listOn(shelf);
  const failing = list.change((now) => [...now, 'a']);
  const refused = list.change(() => {
    throw new Error('No.');
  });
  const next = list.change((now) => [...now, 'b']);
  await settled();
  expect(list.now).toEqual([]);
  shelf.writes[0]?.end(new Error('The disk is full.'));
  await expect(failing).rejects.toThrow('The disk is full.');
  await expect(refused).rejects.toThrow('No.');
  await settled();
  shelf.writes[1]?.end();
  expect(await next).toEqual(['b']);
});

test('the same value is not written', async () => {
  const shelf = new Shelf();
  expect(await listOn(shelf).change((now) => now)).toEqual([]);
  expect(shelf.writes).toEqual([]);
});

test('what was kept is there after a start, and what cannot be read is said', async () => {
  const list = listOn(new Shelf('a,b'));
  await list.load();
  expect(list.now).toEqual(['a', 'b']);
  const broken = new KeptValue({
    store: new Shelf('x'),
    key: 'k',
    initial: 0,
    write: String,
    read: () => {
      throw new Error('Not a number.');
    },
  });
  await expect(broken.load()).rejects.toThrow('Not a number.');
});
