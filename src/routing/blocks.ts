/** Says what keeps a model from taking a request now. */
import type { Needs } from '../core/request.ts';
import type { RoutingPolicy } from './routing.ts';
import type { SpecView } from './spec-view.ts';

/** Reasons that no waiting lifts. */
export type HardBlock = 'gpu_only' | 'context' | 'vision' | 'tools';
/** Reasons that pass: a request may wait for these. */
export type PassingBlock = 'down' | 'gpu_busy' | 'busy';
export type Block = HardBlock | PassingBlock;

export interface BlockInput {
  readonly needs: Needs;
  readonly estimatedTokens: number;
  readonly requireGpuOnly: boolean;
  /** Does other work than ours keep the GPU above `gpu.maxGpuUtilizationPct`? */
  readonly gpuBusy: boolean;
  /** Free VRAM where it is measured, else the configured total; undefined when there is no GPU to speak of. */
  readonly roomMb: number | undefined;
  readonly policy: RoutingPolicy;
}

/** The first reason that holds, hard ones first; null: nothing stands in the way. */
export function blockOf(view: SpecView, input: BlockInput): Block | null {
  if (input.requireGpuOnly && !fitsOnGpu(view, input)) return 'gpu_only';
  if (view.maxContext !== undefined && input.estimatedTokens > view.maxContext) return 'context';
  if (input.needs.vision && view.lacks('vision')) return 'vision';
  if (input.needs.tools && view.lacks('tools')) return 'tools';
  if (view.down) return 'down';
  if (input.gpuBusy) return 'gpu_busy';
  return isBusy(view) ? 'busy' : null;
}

export function passes(block: Block | null): block is PassingBlock {
  return block === 'down' || block === 'gpu_busy' || block === 'busy';
}

/** VRAM that the model takes when it is loaded, with the reserve; undefined when its size is not known. */
export function requiredVramMb(view: SpecView, policy: RoutingPolicy): number | undefined {
  return view.sizeMb === undefined ? undefined : view.sizeMb + policy.vramSafetyReserveMb;
}

/** A server that cannot say what it has loaded is believed to have what it serves, as long as there is a GPU at all. */
function fitsOnGpu(view: SpecView, input: BlockInput): boolean {
  if (view.resident === 'yes') return !view.cpuSplit;
  if (input.roomMb === undefined) return false;
  if (view.resident === 'unknown') return true;
  const required = requiredVramMb(view, input.policy);
  return required === undefined || required <= input.roomMb;
}

function isBusy(view: SpecView): boolean {
  const spec = view.spec;
  return spec !== undefined && (spec.exclusive || !spec.allowWhenBusy) && view.running >= Math.max(1, view.slots);
}
