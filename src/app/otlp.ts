/** Sends spans to the collector that the configuration names. */
import { randomBytes } from 'node:crypto';
import type { Config } from '../config/config.ts';
import type { Clock } from '../core/clock.ts';
import { OtlpExporter } from '../telemetry/otlp-exporter.ts';
import type { Log } from '../telemetry/telemetry.ts';

/** Null: no collector is named. */
export function createOtlp({ telemetry: { otlp }, server }: Pick<Config, 'telemetry' | 'server'>, version: string, clock: Clock, log: Log): OtlpExporter | null {
  const { endpoint, headers, serviceName } = otlp;
  if (endpoint === undefined) return null;
  const url = tracesUrl(endpoint);
  return new OtlpExporter({
    clock,
    log,
    service: { name: serviceName, version, node: server.nodeId },
    random: (digits) => randomBytes(digits / 2).toString('hex'),
    async post(body, signal) {
      // Only who sends spans needs more of undici than its connections.
      const { request } = await import('undici');
      const answer = await request(url, { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body, signal });
      await answer.body.dump();
      return answer.statusCode;
    },
  });
}

/** The address of a collector is that of all its signals, unless it names the one for traces (OTLP exporter specification). */
function tracesUrl(endpoint: string): string {
  return endpoint.replace(/\/+$/, '').endsWith('/v1/traces') ? endpoint : `${endpoint.replace(/\/+$/, '')}/v1/traces`;
}
