/** Check `underutilized_memory`: models are loaded again and again although more of them would fit. */
import type { FleetView } from '../core/fleet.ts';
import type { Check } from './check.ts';
import { counted, gb } from './words.ts';

const freeShare = 0.5;
const fewModels = 2;

export const check: Check = {
  id: 'underutilized_memory',
  run: ({ fleet, day }) =>
    fleet.nodes.flatMap(({ id, status, report }) => {
      if (report === null || status !== 'online') return [];
      const { availableBytes, totalBytes } = report.memory;
      const loads = day.nodes.find((row) => row.name === id)?.coldLoads ?? 0;
      const resident = residentOn(fleet, id);
      // Memory that nobody misses is no fault.
      if (availableBytes <= freeShare * totalBytes || resident > fewModels || loads < 3) return [];
      return {
        severity: 'info',
        title: `${id} has memory to spare`,
        description: `${gb(availableBytes)} of ${gb(totalBytes)} are free with ${counted(resident, 'model')} in memory, and models were loaded ${counted(loads, 'time')} in 24 hours.`,
        fix: { text: 'Let Ollama keep more models there: set OLLAMA_MAX_LOADED_MODELS to 3 or more and start it again, and pin what is used every day.', command: 'OLLAMA_MAX_LOADED_MODELS=3 ollama serve' },
        nodeId: id,
        data: { availableBytes, totalBytes, resident, loads },
      };
    }),
};

function residentOn({ backends }: FleetView, nodeId: string): number {
  return backends.filter((backend) => backend.nodeId === nodeId).reduce((sum, { report }) => sum + (report?.resident?.length ?? 0), 0);
}
