/** How a request says what its picture shall be like: OpenAI's `size`, and the fields that local servers take beside it. */
import type { PictureWishes } from '../core/request.ts';
import { defined, type FieldReader, type Fields, wrongField } from './read-fields.ts';

const largestSide = 16_384;

/** `size` as `WxH`. Throws `invalid_request` for what is no size. */
export function readSize(body: FieldReader): Pick<PictureWishes, 'width' | 'height'> {
  const size = body.string('size');
  if (size === undefined || size === '' || size === 'auto') return {};
  const [, width, height] = /^(\d{1,5})[xX×](\d{1,5})$/.exec(size) ?? [];
  const sides = [Number(width), Number(height)] as const;
  if (!sides.every((side) => side >= 1 && side <= largestSide)) throw wrongField('size', 'a width and a height in pixels, such as 1024x1024');
  return { width: sides[0], height: sides[1] };
}

/** `width` and `height` as numbers. */
export function readSides(body: FieldReader): Pick<PictureWishes, 'width' | 'height'> {
  const [width, height] = (['width', 'height'] as const).map((key) => {
    const side = body.integer(key, 1);
    if (side !== undefined && side > largestSide) throw wrongField(key, `at most ${largestSide}`);
    return side;
  });
  return defined<PictureWishes>({ width, height });
}

/** The fields that both image APIs of this router have. */
export function readWishes(body: FieldReader): PictureWishes {
  return defined<PictureWishes>({
    steps: body.integer('steps', 1),
    guidance: body.number('guidance'),
    seed: body.integer('seed'),
    negativePrompt: body.string('negative_prompt') || undefined,
    quantize: body.integer('quantize', 1),
  });
}

/** The same as JSON members, with OpenAI's `size`. */
export function writeWishes({ width, height, steps, guidance, seed, negativePrompt, quantize }: PictureWishes): Fields {
  return defined<Fields>({
    size: width === undefined && height === undefined ? undefined : `${width ?? usualSide}x${height ?? usualSide}`,
    steps,
    guidance,
    seed,
    negative_prompt: negativePrompt,
    quantize,
  });
}

/** Where only one of the two sides is said (contract fleet part 1.3). */
export const usualSide = 1024;
