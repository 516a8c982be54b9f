/** Requests as coding agents and chat front ends send them one after the other, after their documented formats and in words of our own. */

type Json = Record<string, unknown>;

export interface AgentConversation {
  readonly agent: string;
  /** The dialect that the agent speaks. */
  readonly dialect: string;
  /** Bodies of consecutive requests of one conversation. */
  readonly bodies: readonly Json[];
  /** The rules that find something in it; none: the agent is steady by itself. */
  readonly rules: readonly string[];
}

/** Numbers that look like chance and are the same in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state;
  };
}

const words = ['parser', 'returns', 'the', 'queue', 'before', 'each', 'slot', 'is', 'given', 'back', 'when', 'a', 'caller', 'leaves', 'and', 'tests', 'cover', 'it', 'with', 'small', 'files', 'that', 'say', 'what', 'they', 'do'];

/** About so many characters of text, in lines. */
function prose(characters: number, seed: number): string {
  const next = numbers(seed);
  let text = '';
  for (let count = 1; text.length < characters; count += 1) text += `${words[next() % words.length]}${count % 14 === 0 ? '.\n' : ' '}`;
  return text.trim();
}

const toolNames = ['Read', 'Write', 'Edit', 'Bash', 'Grep', 'Glob', 'WebFetch', 'TodoWrite', 'mcp__docs__search', 'mcp__github__list_issues', 'mcp__github__get_file', 'mcp__home__lights'];

function schemaOf(name: string): Json {
  return { type: 'object', properties: { path: { type: 'string', description: `What ${name} works on.` }, limit: { type: 'number' } }, required: ['path'] };
}

function openAiTools(order: readonly string[] = toolNames): Json[] {
  return order.map((name) => ({ type: 'function', function: { name, description: prose(400, toolNames.indexOf(name) + 1), parameters: schemaOf(name) } }));
}

/** The same tools as a set that was put together anew for every request. */
function shuffled(turn: number): readonly string[] {
  return [...toolNames.slice(turn % toolNames.length), ...toolNames.slice(0, turn % toolNames.length)];
}

/** What has been said up to the n-th request: a task, then calls and results, with a new task every third time. */
function exchanges(count: number, user: (text: string, turn: number) => Json, call: (turn: number) => Json, result: (turn: number, text: string) => Json): Json[] {
  const messages: Json[] = [user(prose(600, 90), 0)];
  for (let turn = 1; turn <= count; turn += 1) {
    messages.push(call(turn), result(turn, prose(1800, 100 + turn)));
    if (turn % 3 === 0) messages.push({ role: 'assistant', content: prose(500, 200 + turn) }, user(prose(300, 300 + turn), turn));
  }
  return messages;
}

const openAiCall = (turn: number): Json => ({ role: 'assistant', content: null, tool_calls: [{ id: `call_${turn}a`, type: 'function', function: { name: 'Read', arguments: `{"path":"src/part-${turn}.ts"}` } }] });
const openAiResult = (turn: number, text: string): Json => ({ role: 'tool', tool_call_id: `call_${turn}a`, content: text });
const openAiUser = (text: string): Json => ({ role: 'user', content: text });

const turns = [0, 1, 2, 3, 4, 5, 6, 7];

/** The clock at the n-th request. */
function at(turn: number): { readonly seconds: string; readonly minutes: string } {
  return { seconds: `18:0${turn}:3${turn}`, minutes: `06:0${turn}:3${turn} PM` };
}

function claudeCode(): AgentConversation {
  const tools = toolNames.map((name, index) => ({ name, description: prose(900, index + 1), input_schema: schemaOf(name) }));
  const call = (turn: number): Json => ({ role: 'assistant', content: [{ type: 'text', text: `Looking at part ${turn}.` }, { type: 'tool_use', id: `toolu_${turn}a`, name: 'Read', input: { path: `src/part-${turn}.ts` } }] });
  const result = (turn: number, text: string): Json => ({ role: 'user', content: [{ type: 'tool_result', tool_use_id: `toolu_${turn}a`, content: text }] });
  const user = (text: string, turn: number): Json => ({
    role: 'user',
    content: [...(turn === 0 ? [{ type: 'text', text: `<system-reminder>\nAs you answer, you can use this context:\n# claudeMd\n${prose(1500, 7)}\n# currentDate\nToday's date is 2026-03-09.\n</system-reminder>` }] : []), { type: 'text', text }],
  });
  const bodies = turns.map((turn) => ({
    model: 'qwen3-coder:30b',
    max_tokens: 32_000,
    stream: true,
    system: [
      { type: 'text', text: `x-anthropic-billing-header: cc_version=2.1.${100 + turn}.7b${turn}; cc_entrypoint=cli; cch=eb6c${turn};` },
      { type: 'text', text: 'You are a coding agent in a terminal.', cache_control: { type: 'ephemeral' } },
      { type: 'text', text: `${prose(14_000, 3)}\n\n<env>\nWorking directory: /home/dev/project\nToday's date: 2026-03-09\n</env>\n\ngitStatus: This is the git status at the start of the conversation.\nCurrent branch: main\n\nStatus:\n M src/queue.ts`, cache_control: { type: 'ephemeral' } },
    ],
    tools,
    metadata: { user_id: 'user_1_account__session_2' },
    // The countdown is told behind the newest turn only.
    messages: [...exchanges(turn, user, call, result), { role: 'system', content: [{ type: 'text', text: `<total_tokens>${15_000_000 - turn * 4321} tokens left</total_tokens>` }] }],
  }));
  return { agent: 'Claude Code', dialect: 'anthropic-messages', bodies, rules: ['billing-header', 'token-budget'] };
}

/** The same agent behind a client that translates to OpenAI's API and folds the countdown into the text of the last turn. */
function claudeCodeTranslated(): AgentConversation {
  const bodies = turns.map((turn) => {
    const messages = exchanges(turn, openAiUser, openAiCall, openAiResult);
    const last = messages.at(-1);
    const note = `<system-reminder>\n<total_tokens>${15_000_000 - turn * 4321} tokens left</total_tokens>\n</system-reminder>`;
    const closed = last?.['role'] === 'user' ? [...messages.slice(0, -1), { ...last, content: `${String(last['content'])}\n\n${note}` }] : [...messages, { role: 'user', content: note }];
    const system = `x-anthropic-billing-header: cc_version=2.1.100.7b4; cc_entrypoint=sdk-cli; cch=0aaa${turn};\nYou are a coding agent in a terminal.\n${prose(14_000, 3)}`;
    return { model: 'qwen3-coder:30b', stream: true, messages: [{ role: 'system', content: system }, ...closed], tools: openAiTools() };
  });
  return { agent: 'Claude Code through a translating client', dialect: 'openai-chat', bodies, rules: ['billing-header', 'token-budget'] };
}

function openCode(): AgentConversation {
  const system = `You are an agent in a terminal.\n${prose(9000, 4)}\n<env>\n  Working directory: /home/dev/project\n  Is directory a git repo: yes\n  Platform: linux\n  Today's date: Mon Mar 09 2026\n</env>`;
  const bodies = turns.map((turn) => ({ model: 'qwen3-coder:30b', stream: true, messages: [{ role: 'system', content: system }, ...exchanges(turn, openAiUser, openAiCall, openAiResult)], tools: openAiTools(shuffled(turn)) }));
  return { agent: 'OpenCode with several tool servers', dialect: 'openai-chat', bodies, rules: ['tool-order'] };
}

function pi(): AgentConversation {
  const bodies = turns.map((turn) => ({
    model: 'qwen3-coder:30b',
    stream: true,
    messages: [{ role: 'system', content: `You are a coding agent.\n${prose(9000, 5)}\nCurrent date and time: Monday, March 9, 2026 at ${at(turn).minutes} PDT\nCurrent working directory: /home/dev/project` }, ...exchanges(turn, openAiUser, openAiCall, openAiResult)],
    tools: openAiTools(),
  }));
  return { agent: 'pi', dialect: 'openai-chat', bodies, rules: ['clock-time'] };
}

function openWebUi(): AgentConversation {
  const bodies = turns.map((turn) => ({
    model: 'llama3.1:8b',
    options: { num_ctx: 32_768 },
    messages: [
      { role: 'system', content: `You help the members of a library.\nCurrent date and time: 2026-03-09 ${at(turn).minutes}\nUse this context:\n${prose(9000, 6)}` },
      { role: 'user', content: prose(200, 20) },
      ...Array.from({ length: turn }, (_, index) => [{ role: 'assistant', content: prose(1500, 40 + index) }, { role: 'user', content: prose(200, 60 + index) }]).flat(),
    ],
  }));
  return { agent: 'Open WebUI', dialect: 'ollama-chat', bodies, rules: ['clock-time'] };
}

function homeAssistant(): AgentConversation {
  const ask = (text: string): Json => ({ role: 'user', content: text });
  const bodies = turns.map((turn) => ({
    model: 'qwen3:8b',
    stream: true,
    messages: [
      { role: 'system', content: `Current time is ${at(turn).seconds}. Today's date is 2026-03-09.\nYou are a voice assistant for a house.\nDevices:\n${prose(9000, 8)}` },
      ...exchanges(turn, ask, (count) => ({ role: 'assistant', content: '', tool_calls: [{ function: { name: 'mcp__home__lights', arguments: { path: `room ${count}` } } }] }), (count, text) => ({ role: 'tool', tool_name: 'mcp__home__lights', content: `room ${count}: ${text}` })),
    ],
    tools: openAiTools(shuffled(turn * 5)),
  }));
  return { agent: 'Home Assistant', dialect: 'ollama-chat', bodies, rules: ['clock-time', 'tool-order'] };
}

/** Cline and Roo keep what they said of each moment with its turn, so that only the end is new. */
function cline(): AgentConversation {
  const user = (text: string, turn: number): Json => ({
    role: 'user',
    content: [
      { type: 'text', text: `<task>\n${text}\n</task>` },
      { type: 'text', text: `<environment_details>\n# Visual Studio Code Visible Files\nsrc/queue.ts\n\n# Current Time\n3/9/2026, ${at(turn).minutes} (America/New_York, UTC-4:00)\n\n# Context Window Usage\n${turn * 1234} / 131.072K tokens used (${turn}%)\n\n# Current Mode\nACT MODE\n</environment_details>` },
    ],
  });
  const bodies = turns.map((turn) => ({ model: 'qwen3-coder:30b', stream: true, messages: [{ role: 'system', content: `You are Cline.\n${prose(12_000, 9)}` }, ...exchanges(turn, user, openAiCall, openAiResult)], tools: openAiTools() }));
  return { agent: 'Cline', dialect: 'openai-chat', bodies, rules: [] };
}

function codex(): AgentConversation {
  const context = { role: 'user', content: '<environment_context>\n  <cwd>/home/dev/project</cwd>\n  <shell>bash</shell>\n  <current_date>2026-03-09</current_date>\n  <timezone>Europe/Warsaw</timezone>\n</environment_context>' };
  const bodies = turns.map((turn) => ({ model: 'gpt-oss:20b', stream: true, messages: [{ role: 'system', content: `You are a coding agent.\n${prose(10_000, 10)}` }, context, ...exchanges(turn, openAiUser, openAiCall, openAiResult)], tools: openAiTools(), prompt_cache_key: 'session-1' }));
  return { agent: 'Codex', dialect: 'openai-chat', bodies, rules: [] };
}

function continueDev(): AgentConversation {
  const bodies = turns.map((turn) => ({ model: 'qwen2.5-coder:7b', messages: [{ role: 'system', content: `<important_rules>\n${prose(2500, 11)}\n</important_rules>` }, ...exchanges(turn, openAiUser, openAiCall, openAiResult)], tools: openAiTools(toolNames.slice(0, 5)) }));
  return { agent: 'Continue', dialect: 'openai-chat', bodies, rules: [] };
}

export const agentConversations: readonly AgentConversation[] = [claudeCode(), claudeCodeTranslated(), openCode(), pi(), openWebUi(), homeAssistant(), cline(), codex(), continueDev()];

/** What a model reads of a body, in the order in which chat templates put it, one message after the other. */
export function promptOf(body: Json): string {
  const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]);
  return [...list(body['tools']), ...list(body['system']), ...list(body['messages'])].map((one) => JSON.stringify(one)).join('\n');
}

/** The part of the earlier prompt, from 0 to 1, that the later one begins with. */
export function sharedPart(earlier: string, later: string): number {
  let length = 0;
  while (length < earlier.length && earlier[length] === later[length]) length += 1;
  return length / earlier.length;
}
