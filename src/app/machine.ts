/** Watches the machine that this process runs on: for the node agent, and for the router that is a node itself. */
import { hostname } from 'node:os';
import type { Clock } from '../core/clock.ts';
import type { NodeReport } from '../core/node.ts';
import { collectReport, type ReportParts } from '../node/collect-report.ts';
import { collectors } from '../node/collectors/index.gen.ts';
import { collectorTools } from '../node/collectors/run-program.ts';
import { type MachineFacts, MachineWatch } from '../node/machine-watch.ts';

export interface Machine {
  /** Resolves after a first look of at most a second and a half. */
  start(): Promise<void>;
  stop(): void;
  /** The state of this machine now; asks nobody and waits for nothing. */
  report(parts: Omit<ReportParts, 'at' | 'facts' | 'name'>): NodeReport;
}

/** `options` are the collectors', such as `nvidiaSmiPath`. */
export function createMachine(clock: Clock, options: Readonly<Record<string, string>> = {}): Machine & { facts(): MachineFacts } {
  const watch = new MachineWatch({ clock, collectors, tools: collectorTools, options });
  return {
    start: () => watch.start(),
    stop: () => watch.stop(),
    facts: () => watch.facts(),
    report: (parts) => collectReport({ ...parts, name: hostname(), at: clock.now(), facts: watch.facts() }),
  };
}
