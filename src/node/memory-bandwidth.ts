/** How fast the memory of a chip or graphics card is, by its name: it bounds how fast a model that fits can write. */

/** Gigabytes a second, from the makers' own figures. The first name that fits counts, so longer ones stand first. */
type Table = readonly (readonly [RegExp, number])[];

/** Chips whose graphics share the machine's memory. */
const chips: Table = [
  [/^Apple M1 Ultra\b/, 800], [/^Apple M1 Max\b/, 400], [/^Apple M1 Pro\b/, 200], [/^Apple M1\b/, 68],
  [/^Apple M2 Ultra\b/, 800], [/^Apple M2 Max\b/, 400], [/^Apple M2 Pro\b/, 200], [/^Apple M2\b/, 100],
  [/^Apple M3 Ultra\b/, 819], [/^Apple M3 Max\b/, 400], [/^Apple M3 Pro\b/, 150], [/^Apple M3\b/, 100],
  [/^Apple M4 Max\b/, 546], [/^Apple M4 Pro\b/, 273], [/^Apple M4\b/, 120],
  [/^Apple M5$/, 153],
  [/\bAI Max\b/i, 256],
];

const cards: Table = [
  // NVIDIA for data centres.
  [/\bB200\b/, 8000], [/\bGH200\b|\bH200\b/, 4800], [/\bH100 (?:80GB )?PCIe\b/, 2039], [/\bH100 NVL\b/, 3938], [/\bH100\b/, 3350],
  [/\bA100.*40 ?GB\b/, 1555], [/\bA100\b/, 2039], [/\bA800\b/, 2039], [/\bV100\b/, 900], [/\bP100\b/, 732], [/\bP40\b/, 347],
  [/\bL40S?\b/, 864], [/\bL4\b/, 300], [/\bA40\b/, 696], [/\bA30\b/, 933], [/\bA10G?\b/, 600], [/\bA16\b|\bA2\b/, 200], [/\bT4\b/, 320],
  [/\bGB10\b/, 273],
  // NVIDIA for workstations.
  [/\bRTX PRO 6000\b/, 1792], [/\bRTX 6000 Ada\b/, 960], [/\bRTX 5000 Ada\b/, 576], [/\bRTX 4500 Ada\b/, 432], [/\bRTX 4000 SFF Ada\b/, 280], [/\bRTX 4000 Ada\b/, 360],
  [/\bRTX A6000\b/, 768], [/\bRTX A5500\b|\bRTX A5000\b/, 768], [/\bRTX A4500\b/, 640], [/\bRTX A4000\b/, 448], [/\bRTX A2000\b/, 288],
  [/\bQuadro RTX (?:8000|6000)\b/, 672],
  // GeForce for laptops, which are other chips under the same numbers.
  [/\b5090 Laptop\b/, 896], [/\b4090 Laptop\b/, 576], [/\b4080 Laptop\b/, 432], [/\b4070 Laptop\b/, 256], [/\b4060 Laptop\b/, 256],
  // GeForce.
  [/\b5090\b/, 1792], [/\b5080\b/, 960], [/\b5070 Ti\b/, 896], [/\b5070\b/, 672], [/\b5060\b/, 448],
  [/\b4090\b/, 1008], [/\b4080 SUPER\b/i, 736], [/\b4080\b/, 716], [/\b4070 Ti SUPER\b/i, 672], [/\b4070\b/, 504], [/\b4060 Ti\b/, 288], [/\b4060\b/, 272],
  [/\b3090 Ti\b/, 1008], [/\b3090\b/, 936], [/\b3080 Ti\b/, 912], [/\b3080\b/, 760], [/\b3070 Ti\b/, 608], [/\b3070\b/, 448], [/\b3060 Ti\b/, 448], [/\b3060\b/, 360], [/\b3050\b/, 224],
  [/\b2080 Ti\b/, 616], [/\b2080 SUPER\b/i, 496], [/\b2080\b/, 448], [/\b2070\b/, 448], [/\b2060\b/, 336],
  [/\b1080 Ti\b/, 484], [/\b1080\b/, 320], [/\b1070\b/, 256], [/\b1060\b/, 192], [/\b1660\b/, 192],
  // AMD.
  [/\bMI355X\b|\bMI350X\b/, 8000], [/\bMI325X\b/, 6000], [/\bMI300[AX]\b/, 5300], [/\bMI250X?\b/, 3277], [/\bMI210\b/, 1638], [/\bMI100\b/, 1229], [/\bMI60\b|\bMI50\b/, 1024],
  [/\bR9700\b/, 640], [/\bPro W7900\b/i, 864], [/\bPro W7800\b/i, 576],
  [/\b9070 XT\b|\b9070\b/, 640], [/\b9060 XT\b/, 320],
  [/\b7900 XTX\b/, 960], [/\b7900 XT\b/, 800], [/\b7900 GRE\b/, 576], [/\b7800 XT\b/, 624], [/\b7700 XT\b/, 432], [/\b7600\b/, 288],
  [/\b6950 XT\b/, 576], [/\b6[89]00 XT\b|\b6800\b/, 512], [/\b6750 XT\b/, 432], [/\b6700 XT\b/, 384], [/\b6600\b/, 224],
  [/\bRadeon VII\b/, 1024],
  [/\bRadeon 80[56]0S\b/, 256],
  // Intel.
  [/\bArc.* A770\b/, 560], [/\bArc.* A750\b/, 512], [/\bArc.* B580\b/, 456], [/\bArc.* B570\b/, 380],
];

/** By a name such as `Apple M2 Max`; undefined when it is none of those that are known. */
export function chipBandwidth(name: string): number | undefined {
  return speedIn(chips, name);
}

/** By a name such as `NVIDIA GeForce RTX 4090`. */
export function cardBandwidth(name: string): number | undefined {
  return speedIn(cards, name) ?? speedIn(chips, name);
}

function speedIn(table: Table, name: string): number | undefined {
  return table.find(([pattern]) => pattern.test(name))?.[1];
}
