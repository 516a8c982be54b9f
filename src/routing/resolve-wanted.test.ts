import { describe, expect, test } from 'vitest';
import { backend, fleet, table } from '../../test/fakes/brain.ts';
import { resolveWanted } from './resolve-wanted.ts';

const wanted = (asked: string | null, fallbacks?: readonly string[]) => resolveWanted({ asked, table: table([]), fleet: fleet([backend('a', { models: ['big:70b', 'mid:32b', 'mistral:latest'] })]), aliases: { old: 'mid:32b', any: 'auto' } }, fallbacks);

describe('fallback_models', () => {
  test('the asked model and the others in order, by key; an unknown one drops out', () => {
    expect(wanted('big:70b', ['mistral', 'nothing:1b', 'mid:32b'])).toEqual({ resolved: { kind: 'named', modelKey: 'big:70b', name: 'big:70b' }, fallbacks: ['mistral', 'mid:32b'] });
  });

  test('each once, the asked one not again, aliases followed', () => {
    expect(wanted('mistral:latest', ['mistral', 'old', 'mid:32b']).fallbacks).toEqual(['mid:32b']);
  });

  test('an unknown model falls to the next', () => {
    expect(wanted('nothing:1b', ['mid:32b'])).toEqual({ resolved: null, fallbacks: ['mid:32b'] });
  });

  test('404 only when none is known, and about the one that was asked for', () => {
    expect(() => wanted('nothing:1b', ['void:1b'])).toThrow(expect.objectContaining({ code: 'unknown_model', message: expect.stringContaining('"nothing:1b"') }));
    expect(() => wanted('nothing:1b')).toThrow(expect.objectContaining({ code: 'unknown_model' }));
  });

  test.each(['auto', 'any'])('%s is no model to fall back to', (name) => {
    expect(() => wanted('big:70b', ['mid:32b', name])).toThrow(expect.objectContaining({ code: 'invalid_request', details: { param: 'fallback_models[1]' } }));
  });

  test('beside a request that is routed by task', () => {
    expect(wanted(null, ['mid:32b'])).toEqual({ resolved: { kind: 'auto' }, fallbacks: ['mid:32b'] });
  });
});
