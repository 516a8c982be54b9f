/** How much in each view wants to be looked at. */
import { computed } from '@preact/signals';
import { healthNow } from '../data/health-now.ts';
import { live, nodes } from '../data/live.ts';
import type { ViewName } from '../data/url-state.ts';

export const attention = computed((): Partial<Record<ViewName, number>> => {
  const troubled = nodes.value.filter((node) => node.status !== 'online' || node.backends?.some((backend) => backend.status === 'down')).length;
  const findings = live.value?.totals?.health_findings ?? healthNow.value.findings;
  return { fleet: troubled, health: findings };
});
