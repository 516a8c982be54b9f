/** Check `kv_cache_bloat`: a loaded model that takes much more memory than its weights. */
import { sameModel } from '../util/model-name.ts';
import type { Check, Severity } from './check.ts';
import { gb, percent } from './words.ts';

/** Beyond this many times the weights. */
const bloated = 1.5;
const much = 0.3;
const tooMuch = 0.5;

export const check: Check = {
  id: 'kv_cache_bloat',
  run: ({ fleet }) =>
    fleet.backends.flatMap(({ nodeId, report }) =>
      (report?.resident ?? []).flatMap((resident) => {
        // The size of the file is the size of the weights, whatever their precision.
        const weights = report?.models.find((model) => sameModel(model.name, resident.name))?.sizeBytes;
        const memory = fleet.nodes.find((node) => node.id === nodeId)?.report?.memory.totalBytes;
        if (weights === undefined || memory === undefined || resident.sizeBytes === undefined || resident.sizeBytes <= bloated * weights) return [];
        const extra = resident.sizeBytes - weights;
        const share = extra / memory;
        return {
          severity: severityOf(share),
          title: `The context of ${resident.name} takes more than its weights allow for`,
          description: `On ${nodeId} it takes ${gb(resident.sizeBytes)} for weights of ${gb(weights)}: ${gb(extra)} are cache, ${percent(share)} of the memory.`,
          fix: { text: 'Fewer parallel requests or a shorter context need less: set OLLAMA_NUM_PARALLEL to 2 there, or load the model with a smaller num_ctx.', command: 'OLLAMA_NUM_PARALLEL=2 ollama serve' },
          nodeId,
          data: { model: resident.name, residentBytes: resident.sizeBytes, weightBytes: weights },
        };
      }),
    ),
};

function severityOf(share: number): Severity {
  if (share > tooMuch) return 'critical';
  return share > much ? 'warning' : 'info';
}
