/** `oar doctor`: what is wrong with this machine before it joins a fleet, and how to put it right. */
import { shownText } from '../util/cell-width.ts';
import type { Command, Examined } from './command.ts';

const codes = { ok: 0, warning: 1, problem: 2 } as const satisfies Record<Examined['verdict'], number>;
const labels = { ok: 'ok       ', warning: 'warning  ', problem: 'problem  ' } as const satisfies Record<Examined['verdict'], string>;

export const command: Command = {
  name: 'doctor',
  summary: 'look at this machine before it joins a fleet: 0 all well, 1 warnings, 2 problems',
  options: [
    { flags: '--router-url <url>', description: 'address of the router that it is to join (FLEET_NODE_ROUTER_URL); looked for by mDNS when left out' },
    { flags: '--ollama-host <url>', description: 'where Ollama answers (FLEET_NODE_OLLAMA_HOST, OLLAMA_HOST)' },
  ],
  async run(context, _args, options) {
    const text = (name: string): { readonly [key: string]: string } => (typeof options[name] === 'string' ? { [name]: options[name] } : {});
    const examined = await context.examine({ ...options, ...text('routerUrl'), ...text('ollamaHost') });
    if (options.json === true) context.out(JSON.stringify({ version: context.version, verdict: worstOf(examined), examined }, null, 2));
    else for (const one of examined) context.out(lineOf(one));
    return codes[worstOf(examined)];
  },
};

function worstOf(examined: readonly Examined[]): Examined['verdict'] {
  return examined.reduce<Examined['verdict']>((worst, { verdict }) => (codes[verdict] > codes[worst] ? verdict : worst), 'ok');
}

/** One line, however many the words had. */
function lineOf({ verdict, text, fix, command: typed }: Examined): string {
  const said = [text, fix ?? ''].map((part) => shownText(part).trim()).filter((part) => part !== '').join(' ');
  return `${labels[verdict]}${said}${typed === undefined ? '' : `  →  ${shownText(typed)}`}`;
}
