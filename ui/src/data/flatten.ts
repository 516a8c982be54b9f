/** A configuration as rows: one for each value, with the path that leads to it. Pure. */

export interface SettingRow {
  readonly path: string;
  readonly value: string;
}

/** Lists and empty objects are values; texts are as they are. */
export function settingRows(config: Readonly<Record<string, unknown>>, prefix = ''): readonly SettingRow[] {
  return Object.entries(config).flatMap(([name, value]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const inner = typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
    if (inner !== null && Object.keys(inner).length > 0) return settingRows(inner, path);
    return [{ path, value: typeof value === 'string' ? value : (JSON.stringify(value) ?? '') }];
  });
}
