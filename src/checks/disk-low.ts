/** Check `disk_low`: the disk that holds the models of a machine is nearly full. */
import type { Check } from './check.ts';
import { gb, gigabyte } from './words.ts';

const low = { bytes: 10 * gigabyte, share: 0.05 };
const lowest = { bytes: 2 * gigabyte, share: 0.01 };

export const check: Check = {
  id: 'disk_low',
  run: ({ fleet }) =>
    fleet.nodes.flatMap(({ id, status, report }) => {
      const disk = report?.disk;
      if (disk === undefined || status === 'offline') return [];
      const below = ({ bytes, share }: typeof low): boolean => disk.availableBytes < bytes || disk.availableBytes < share * disk.totalBytes;
      if (!below(low)) return [];
      return {
        severity: below(lowest) ? 'critical' : 'warning',
        title: `The disk of ${id} is nearly full`,
        description: `${gb(disk.availableBytes)} of ${gb(disk.totalBytes)} are free. Models cannot be pulled there, and logs may be lost.`,
        fix: { text: 'Delete models that nobody uses: the Models view shows when each was used last.', command: 'ollama rm MODEL' },
        nodeId: id,
        data: { availableBytes: disk.availableBytes, totalBytes: disk.totalBytes },
      };
    }),
};
