/** What `oar up` says when it is ready: the address, the models, one line to try, how to point a client at it. */
import type { FleetView } from '../core/fleet.ts';

const shownModels = 12;

/** `look`: where a person sees how things are, below the address. */
export function banner(url: string, fleet: FleetView, version: string, look: string): string {
  const models = [...new Set(fleet.backends.flatMap((backend) => (backend.status === 'down' ? [] : (backend.report?.models ?? []).map((model) => model.name))))];
  const list = models.length === 0 ? 'none yet; they are picked up as soon as a server has one' : `${models.slice(0, shownModels).join(', ')}${models.length > shownModels ? ` and ${models.length - shownModels} more` : ''}`;
  const up = fleet.backends.filter((backend) => backend.status === 'up').map((backend) => `${backend.id} (${backend.kind}, ${backend.url})`);
  return [
    '',
    `ollama-agent-router ${version} is ready: ${url}`,
    '',
    `  Servers   ${up.length === 0 ? 'none answers yet' : up.join(', ')}`,
    `  Models    ${list}`,
    models.length === 0 ? '' : '            "auto" picks one by task',
    '',
    `  Try it    ${curlLine(url)}`,
    '',
    `  Clients   OpenAI API      ${url}/v1   (any API key)`,
    `            Ollama API      ${url}`,
    `            Anthropic API   ${url}   (ANTHROPIC_BASE_URL)`,
    `  Look      ${url}${look}   stop with Ctrl-C`,
    '',
  ]
    .filter((line, index, lines) => line !== '' || lines[index - 1] !== '')
    .join('\n');
}

export function curlLine(url: string): string {
  return `curl ${url}/v1/chat/completions -d '{"model": "auto", "messages": [{"role": "user", "content": "Say hello in five words."}]}'`;
}
