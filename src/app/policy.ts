/** Cuts the configuration into what the rooms ask for. */
import type { Config } from '../config/config.ts';
import type { RoutingPolicy } from '../routing/routing.ts';
import type { StatusFacts } from '../http/status-view.ts';

export function routingPolicy(config: Config): RoutingPolicy {
  const { router, queue, gpu } = config;
  return {
    defaultMode: router.defaultMode,
    defaultPriority: queue.defaultPriority,
    heavyLoadQueueDepth: router.heavyLoadQueueDepth,
    heavyLoadGpuFreeMbThreshold: router.heavyLoadGpuFreeMbThreshold,
    requireGpuOnlyByDefault: gpu.requireGpuOnlyByDefault,
    vramSafetyReserveMb: gpu.vramSafetyReserveMb,
    maxGpuUtilizationPct: gpu.maxGpuUtilizationPct,
    ...(gpu.vramTotalMb === undefined || gpu.provider === 'none' ? {} : { vramTotalMb: gpu.vramTotalMb }),
    substitution: router.substitution,
    holdMs: router.holdMs,
    syncMaxQueueTimeMs: router.syncMaxQueueTimeMs,
  };
}

/** What the status endpoints say that does not change (contract agent-router part 1.3). */
export function statusFacts(config: Config, version: string, ollamaBaseUrl: string): StatusFacts {
  const { server, router, gpu, queue } = config;
  const { classification } = router;
  return {
    nodeId: server.nodeId,
    version,
    basePath: server.basePath,
    protocol: server.https.enabled ? 'https' : 'http',
    ollamaBaseUrl,
    gpuExpected: gpu.provider !== undefined && gpu.provider !== 'none' && gpu.monitor.enabled,
    gpuProvider: gpu.provider ?? 'nvidia',
    router: {
      defaultMode: router.defaultMode,
      syncMaxQueueTimeMs: router.syncMaxQueueTimeMs,
      heavyLoadQueueDepth: router.heavyLoadQueueDepth,
      heavyLoadGpuFreeMbThreshold: router.heavyLoadGpuFreeMbThreshold,
      defaultTaskType: router.defaultTaskType,
      classification: {
        mode: classification.mode,
        ...(classification.optionalClassifierModel === undefined ? {} : { optionalClassifierModel: classification.optionalClassifierModel }),
        classifierTimeoutMs: classification.classifierTimeoutMs,
      },
    },
    gpuPolicy: { requireGpuOnlyByDefault: gpu.requireGpuOnlyByDefault, vramSafetyReserveMb: gpu.vramSafetyReserveMb },
    queuePolicy: { defaultPriority: queue.defaultPriority, ...(queue.timeoutMs === undefined ? {} : { timeoutMs: queue.timeoutMs }) },
  };
}
