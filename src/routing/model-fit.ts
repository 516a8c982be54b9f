/** Whether a model suits a machine: the memory that models may have there, and how fast it would write. Pure. */
import type { NodeReport } from '../core/node.ts';
import type { CatalogueModel, UseCategory } from './model-catalogue.ts';

const gib = 2 ** 30;
/** For the system and the owner's programs, where models live in main memory (contract fleet part 2.8). */
const systemBytes = 6 * gib;
/** For the screen and the driver, on each card. */
const cardBytes = 0.75 * gib;
/** One model may take so much, so that another fits beside it. */
const sharedPart = 0.5;
/** A card of its own is mostly used by one model at a time. */
const cardPart = 0.9;
/** A model takes more memory than its file. */
const sizeFactor = 1.2;
/** What is left of the memory's speed when weights are read for a token. */
const efficiency = 0.6;
/** Memory of a machine without a graphics card, where nobody knows better. */
const plainGbps = 40;
/** Below that nobody waits for an answer; tokens a second. */
const slowest: Partial<Readonly<Record<UseCategory, number>>> = { 'fast-chat': 20, reasoning: 8, embedding: 0, image: 0 };
const usuallySlowest = 5;

export interface ModelMemory {
  readonly where: 'GPU memory' | 'memory';
  readonly totalBytes: number;
  readonly usableBytes: number;
  readonly mostPerModel: number;
  /** Bytes of files that the disk may take; absent: unknown. */
  readonly diskBytes?: number;
  /** Gigabytes a second; absent: a card whose speed nobody knows. */
  readonly gbps?: number;
}

/** Graphics cards with memory of their own hold the models, where there are any. */
export function memoryForModels({ memory, gpus, memoryBandwidthGbps, disk, capacity }: NodeReport): ModelMemory {
  const cards = gpus.filter((gpu) => gpu.unified !== true && (gpu.vramTotalMb ?? 0) > 0);
  const ceiling = capacity?.ceilingBytes ?? Number.POSITIVE_INFINITY;
  const onCards = cards.reduce((sum, { vramTotalMb = 0 }) => sum + Math.max(0, vramTotalMb * 2 ** 20 - cardBytes), 0);
  const usableBytes = Math.max(0, cards.length > 0 ? onCards : Math.min(memory.totalBytes - systemBytes, ceiling));
  const gbps = memoryBandwidthGbps ?? (gpus.length === 0 ? plainGbps : undefined);
  return {
    where: cards.length > 0 ? 'GPU memory' : 'memory',
    totalBytes: cards.length > 0 ? cards.reduce((sum, { vramTotalMb = 0 }) => sum + vramTotalMb * 2 ** 20, 0) : memory.totalBytes,
    usableBytes,
    mostPerModel: usableBytes * (cards.length > 0 ? cardPart : sharedPart),
    // Files of the size of half a disk are not the only thing that is to go there.
    ...(disk === undefined ? {} : { diskBytes: Math.max(0, disk.availableBytes - Math.max(10 * gib, disk.totalBytes * 0.05)) }),
    ...(gbps === undefined ? {} : { gbps }),
  };
}

export function memoryNeeded(fileBytes: number): number {
  return fileBytes * sizeFactor;
}

/** Tokens a second, bounded by how fast memory is read; undefined where that is not known, or says nothing. */
export function speedOf({ sizeGb, activeGb = sizeGb, categories }: CatalogueModel, { gbps }: ModelMemory): number | undefined {
  return gbps === undefined || categories[0] === 'image' || categories[0] === 'embedding' ? undefined : (gbps * efficiency) / activeGb;
}

export function isFastEnough(tokensPerSecond: number | undefined, category: UseCategory): boolean {
  return tokensPerSecond === undefined || tokensPerSecond >= (slowest[category] ?? usuallySlowest);
}
