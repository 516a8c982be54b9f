/** Models worth having, as plain data: what they are good for, how large their files are, how good they are. */
export const modelCategories = ['general', 'coding', 'reasoning', 'vision', 'creative', 'fast-chat', 'embedding', 'image'] as const;
export type UseCategory = (typeof modelCategories)[number];

export interface CatalogueModel {
  /** The tag by which an Ollama pulls it. */
  readonly name: string;
  readonly title: string;
  /** Sizes of one family answer alike, so a machine rarely wants two. */
  readonly family: string;
  /** The first is what it is made for. */
  readonly categories: readonly UseCategory[];
  /** Of the file, in units of 1000³ bytes. */
  readonly sizeGb: number;
  /** The part that is read for each token, where only some experts work. */
  readonly activeGb?: number;
  /** 0 to 100, within what its categories ask for. */
  readonly quality: number;
  /** As Node names them; absent: wherever Ollama runs. */
  readonly os?: readonly string[];
}

type Row = readonly [name: string, title: string, family: string, categories: readonly UseCategory[], sizeGb: number, quality: number, activeGb?: number];

const rows: readonly Row[] = [
  ['qwen3:0.6b', 'Qwen 3 0.6B', 'qwen3', ['fast-chat'], 0.52, 38],
  ['qwen3:1.7b', 'Qwen 3 1.7B', 'qwen3', ['fast-chat'], 1.4, 50],
  ['qwen3:4b', 'Qwen 3 4B', 'qwen3', ['general', 'fast-chat', 'reasoning'], 2.5, 62],
  ['qwen3:8b', 'Qwen 3 8B', 'qwen3', ['general', 'reasoning'], 5.2, 71],
  ['qwen3:14b', 'Qwen 3 14B', 'qwen3', ['general', 'reasoning'], 9.3, 77],
  ['qwen3:30b', 'Qwen 3 30B, of which 3B work', 'qwen3', ['general', 'reasoning'], 19, 81, 2],
  ['qwen3:32b', 'Qwen 3 32B', 'qwen3', ['general', 'reasoning'], 20, 83],
  ['qwen3:235b', 'Qwen 3 235B, of which 22B work', 'qwen3', ['general', 'reasoning'], 142, 91, 13.5],
  ['llama3.2:1b', 'Llama 3.2 1B', 'llama3', ['fast-chat'], 1.3, 42],
  ['llama3.2:3b', 'Llama 3.2 3B', 'llama3', ['fast-chat', 'general'], 2, 54],
  ['llama3.1:8b', 'Llama 3.1 8B', 'llama3', ['general', 'creative'], 4.9, 64],
  ['llama3.3:70b', 'Llama 3.3 70B', 'llama3', ['general', 'creative'], 43, 85],
  ['gemma3:1b', 'Gemma 3 1B', 'gemma3', ['fast-chat'], 0.82, 43],
  ['gemma3:4b', 'Gemma 3 4B', 'gemma3', ['fast-chat', 'creative', 'vision'], 3.3, 58],
  ['gemma3:12b', 'Gemma 3 12B', 'gemma3', ['creative', 'general', 'vision'], 8.1, 73],
  ['gemma3:27b', 'Gemma 3 27B', 'gemma3', ['creative', 'general', 'vision'], 17, 80],
  ['mistral:7b', 'Mistral 7B', 'mistral', ['general', 'creative'], 4.4, 57],
  ['mistral-nemo:12b', 'Mistral Nemo 12B', 'mistral', ['creative', 'general'], 7.1, 68],
  ['mistral-small3.2:24b', 'Mistral Small 3.2 24B', 'mistral', ['general', 'creative', 'vision'], 15, 79],
  ['command-r:35b', 'Command R 35B', 'command-r', ['creative', 'general'], 19, 72],
  ['phi4-mini:3.8b', 'Phi 4 mini', 'phi4', ['fast-chat', 'reasoning'], 2.5, 56],
  ['phi4:14b', 'Phi 4 14B', 'phi4', ['general', 'reasoning'], 9.1, 74],
  ['gpt-oss:20b', 'gpt-oss 20B, of which 3.6B work', 'gpt-oss', ['reasoning', 'general'], 14, 80, 2.4],
  ['gpt-oss:120b', 'gpt-oss 120B, of which 5B work', 'gpt-oss', ['reasoning', 'general'], 65, 89, 3],
  ['deepseek-r1:1.5b', 'DeepSeek R1 1.5B', 'deepseek-r1', ['reasoning'], 1.1, 45],
  ['deepseek-r1:8b', 'DeepSeek R1 8B', 'deepseek-r1', ['reasoning'], 5.2, 70],
  ['deepseek-r1:14b', 'DeepSeek R1 14B', 'deepseek-r1', ['reasoning'], 9, 76],
  ['deepseek-r1:32b', 'DeepSeek R1 32B', 'deepseek-r1', ['reasoning'], 20, 82],
  ['deepseek-r1:70b', 'DeepSeek R1 70B', 'deepseek-r1', ['reasoning'], 43, 85],
  ['deepseek-r1:671b', 'DeepSeek R1 671B, of which 37B work', 'deepseek-r1', ['reasoning', 'general'], 404, 93, 22.5],
  ['qwen2.5-coder:1.5b', 'Qwen 2.5 Coder 1.5B', 'qwen-coder', ['coding'], 0.99, 45],
  ['qwen2.5-coder:3b', 'Qwen 2.5 Coder 3B', 'qwen-coder', ['coding'], 1.9, 54],
  ['qwen2.5-coder:7b', 'Qwen 2.5 Coder 7B', 'qwen-coder', ['coding'], 4.7, 66],
  ['qwen2.5-coder:14b', 'Qwen 2.5 Coder 14B', 'qwen-coder', ['coding'], 9, 74],
  ['qwen2.5-coder:32b', 'Qwen 2.5 Coder 32B', 'qwen-coder', ['coding'], 20, 80],
  ['qwen3-coder:30b', 'Qwen 3 Coder 30B, of which 3B work', 'qwen-coder', ['coding'], 19, 84, 2],
  ['qwen3-coder:480b', 'Qwen 3 Coder 480B, of which 35B work', 'qwen-coder', ['coding'], 290, 93, 21],
  ['devstral:24b', 'Devstral 24B', 'devstral', ['coding'], 14, 79],
  ['deepseek-coder-v2:16b', 'DeepSeek Coder V2 16B, of which 2.4B work', 'deepseek-coder', ['coding'], 8.9, 68, 1.4],
  ['moondream:1.8b', 'Moondream 1.8B', 'moondream', ['vision'], 1.7, 44],
  ['qwen2.5vl:3b', 'Qwen 2.5 VL 3B', 'qwen-vl', ['vision'], 3.2, 60],
  ['qwen2.5vl:7b', 'Qwen 2.5 VL 7B', 'qwen-vl', ['vision'], 6, 71],
  ['qwen3-vl:8b', 'Qwen 3 VL 8B', 'qwen-vl', ['vision'], 6.1, 76],
  ['qwen3-vl:30b', 'Qwen 3 VL 30B, of which 3B work', 'qwen-vl', ['vision'], 20, 83, 2.1],
  ['qwen3-vl:32b', 'Qwen 3 VL 32B', 'qwen-vl', ['vision'], 21, 85],
  ['llama3.2-vision:11b', 'Llama 3.2 Vision 11B', 'llama-vision', ['vision'], 7.8, 68],
  ['llama3.2-vision:90b', 'Llama 3.2 Vision 90B', 'llama-vision', ['vision'], 55, 80],
  ['minicpm-v:8b', 'MiniCPM-V 8B', 'minicpm-v', ['vision'], 5.5, 67],
  ['nomic-embed-text:v1.5', 'Nomic Embed Text 1.5', 'nomic-embed', ['embedding'], 0.27, 62],
  ['embeddinggemma:300m', 'EmbeddingGemma 300M', 'embeddinggemma', ['embedding'], 0.62, 66],
  ['mxbai-embed-large:335m', 'mxbai Embed Large', 'mxbai-embed', ['embedding'], 0.67, 65],
  ['bge-m3:567m', 'BGE-M3', 'bge', ['embedding'], 1.2, 69],
  ['qwen3-embedding:4b', 'Qwen 3 Embedding 4B', 'qwen3-embedding', ['embedding'], 2.5, 77],
  ['qwen3-embedding:8b', 'Qwen 3 Embedding 8B', 'qwen3-embedding', ['embedding'], 4.7, 80],
];

/** Pictures are only made by Ollama's own engine, which began on Apple's machines. */
const pictures: readonly CatalogueModel[] = [
  { name: 'x/flux2-klein:4b', title: 'FLUX.2 klein 4B', family: 'flux2', categories: ['image'], sizeGb: 5.7, quality: 74, os: ['darwin'] },
  { name: 'x/z-image-turbo:latest', title: 'Z-Image Turbo', family: 'z-image', categories: ['image'], sizeGb: 13, quality: 80, os: ['darwin'] },
];

export const modelCatalogue: readonly CatalogueModel[] = [
  ...rows.map(([name, title, family, categories, sizeGb, quality, activeGb]): CatalogueModel => ({ name, title, family, categories, sizeGb, quality, ...(activeGb === undefined ? {} : { activeGb }) })),
  ...pictures,
];
