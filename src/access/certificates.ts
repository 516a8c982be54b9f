/** Decides whether a client certificate opens the admin plane. */
import type { Caller } from './access.ts';
import type { AdminPolicy } from './policy.ts';

type Certificate = NonNullable<Caller['certificate']>;

/** Lists that are empty allow any certificate that is trusted; otherwise one of either has to fit. */
export function certificateFits(certificate: Caller['certificate'], { allowedFingerprints, allowedSubjects }: AdminPolicy['clientCert']): boolean {
  if (certificate === null || !certificate.trusted) return false;
  if (allowedFingerprints.length === 0 && allowedSubjects.length === 0) return true;
  const fingerprint = plain(certificate.fingerprint256);
  return allowedFingerprints.some((allowed) => plain(allowed) === fingerprint) || allowedSubjects.some((allowed) => subjectFits(certificate, allowed));
}

function plain(fingerprint: string): string {
  return fingerprint.replace(/^sha256[:/]/i, '').replace(/[:\s]/g, '').toLowerCase();
}

/** Every field of `CN=admin,O=Example` must be a whole field of the subject (AR-D30): `CN=admin` does not admit `CN=admin-evil`. */
function subjectFits({ subject }: Certificate, allowed: string): boolean {
  const wanted = allowed.split(/(?<!\\),/).map((field) => field.replaceAll('\\,', ',').trim());
  return wanted.every((field) => {
    const at = field.indexOf('=');
    if (at < 1) return false;
    const held = subject[field.slice(0, at).trim().toUpperCase()];
    const value = field.slice(at + 1).trim();
    return typeof held === 'string' ? held === value : (held?.includes(value) ?? false);
  });
}
