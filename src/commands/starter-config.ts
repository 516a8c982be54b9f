/** What `oar init` writes. */

/** Valid and ready to serve as it is: models and routes are found until they are listed. */
export const starterConfig = `# Configuration of ollama-agent-router. Every key is optional; docs/config.md lists them all.
# Check it with \`oar validate-config\`, start with \`oar serve\`.

server:
  nodeId: local          # part of every job id: keep it stable
  host: 127.0.0.1        # this machine only
  port: 11435
  basePath: /
  requestBodyLimit: 8mb

ollama:
  baseUrl: http://127.0.0.1:11434
  # keepAlive: 10m       # how long a model stays in memory after a request; absent: the server decides

# Several servers instead of one: list them here, and remove the section ollama.
# backends:
#   - id: desktop
#     kind: ollama
#     url: http://192.168.1.20:11434
#   - id: workstation
#     kind: openai       # llama-server, vLLM, LM Studio or any other OpenAI-compatible server
#     url: http://192.168.1.21:8000/v1
#     apiKey: \${WORKSTATION_KEY:-}

router:
  defaultMode: auto      # auto, sync or async
  holdMs: 30000          # how long a request waits for a free backend
  retries: 2             # on other backends, before the first byte
  classification:
    mode: heuristic      # or model: asks a small model what a request is about
    optionalClassifierModel:

queue:
  globalMaxQueued: 100
  defaultPriority: normal

jobs:
  store: sqlite          # jobs survive a restart
  resultTtlSeconds: 86400

# Which model is good for what. Left out, every chat model of the servers is used, with roles guessed from names and sizes.
# models:
#   - name: llama3.2:3b
#     purpose: [triage, simple_chat, summarize]
#     costClass: low
#     maxConcurrent: 2
#     allowWhenBusy: true
#   - name: qwen2.5-coder:7b
#     purpose: [code_generate, code_fix, code_review, tool_use]
#     priority: 70
#     maxContext: 32768
# routes:
#   triage: [llama3.2:3b]
#   simple_chat: [llama3.2:3b]
#   summarize: [llama3.2:3b]
#   code_generate: [qwen2.5-coder:7b]
#   code_review: [qwen2.5-coder:7b]
#   code_fix: [qwen2.5-coder:7b]
#   agentic_reasoning: [qwen2.5-coder:7b]
#   large_context: [qwen2.5-coder:7b]
#   tool_use: [qwen2.5-coder:7b]
#   unknown: [llama3.2:3b, qwen2.5-coder:7b]

# Other names for models: what is asked for, and what serves it.
# aliases:
#   gpt-4o: qwen2.5-coder:7b
`;
