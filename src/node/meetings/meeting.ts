/** How a system is asked whether its camera or microphone are in use. Types only. */
import type { CollectorTools } from '../collectors/collector.ts';

/** True and false are certain; null: the system does not say. */
export type InUse = boolean | null;

export interface MeetingDetector {
  /** As Node names it. */
  readonly platform: string;
  readonly everyMs: number;
  /** Never rejects. */
  ask(tools: CollectorTools, signal: AbortSignal): Promise<InUse>;
}

/** In use when anything says so; free when something says so and nothing says otherwise. */
export function either(...answers: readonly InUse[]): InUse {
  if (answers.includes(true)) return true;
  return answers.includes(false) ? false : null;
}

/** What a program prints; null when it is missing, fails or takes too long. */
export function printed(tools: CollectorTools, program: string, args: readonly string[], signal: AbortSignal, limitMs = 4000): Promise<string | null> {
  return tools.run(program, args, limitMs, signal).catch(() => null);
}
