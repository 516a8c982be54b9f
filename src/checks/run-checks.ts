/** All checks over one view: what they find, the worst first. Pure. */
import type { Finding } from '../core/finding.ts';
import type { Check, HealthView, Severity } from './check.ts';

const ranks = { critical: 0, warning: 1, info: 2 } as const satisfies Record<Severity, number>;

export function runChecks(checks: readonly Check[], view: HealthView): readonly Finding[] {
  const findings = checks.flatMap(({ id, run }) =>
    run(view).map(({ fix: { text, command, action }, ...saying }): Finding => ({ checkId: id, ...saying, fix: text, ...(command === undefined ? {} : { command }), ...(action === undefined ? {} : { action }) })),
  );
  return findings.sort((a, b) => ranks[a.severity] - ranks[b.severity]);
}
