/** What the names and numbers of GGUF models say, in the words of Ollama's lists. */

/** `Q4_K_M` of `org/Name-GGUF:Q4_K_M`, also where it ends a file's name; undefined when there is none. */
export function quantizationIn(name: string): string | undefined {
  return /[:.-]((?:UD-)?(?:I?Q\d\w*|BF16|F16|F32|MXFP4\w*))(?:\.gguf)?$/i.exec(name)?.[1]?.toUpperCase();
}

/** Of a count of parameters: `8.2B`, `134.5M`. */
export function sizeInWords(parameters: number): string {
  const [divisor, unit] = parameters >= 1e9 ? [1e9, 'B'] : parameters >= 1e6 ? [1e6, 'M'] : [1e3, 'K'];
  return `${(parameters / divisor).toFixed(1).replace(/\.0$/, '')}${unit}`;
}
