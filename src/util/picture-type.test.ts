import { expect, test } from 'vitest';
import { pictureType } from './picture-type.ts';

test.each([
  ['image/png', '89504e470d0a1a0a0000'],
  ['image/jpeg', 'ffd8ffe000104a46'],
  ['image/gif', '47494638396101000100'],
  ['image/webp', '524946462400000057454250'],
  [null, '52494646240000005741564520'],
  [null, Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>').toString('hex')],
  [null, Buffer.from('GIF8 is a format').toString('hex')],
  [null, ''],
])('%s', (expected, hex) => expect(pictureType(Buffer.from(hex, 'hex'))).toBe(expected));
