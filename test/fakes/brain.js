export function spec(name, more = {}) {
    return { name, purpose: [], tags: [], priority: 50, costClass: 'medium', exclusive: false, allowWhenBusy: false, maxConcurrent: 1, ...more };
}
export function table(specs, routes = {}) {
    return { specs: new Map(specs.map((one) => [one.name.replace(/:latest$/, ''), one])), routes: new Map(Object.entries(routes)), fromFile: true };
}
export function backend(id, sketch = {}) {
    const { models = [], resident = [], unasked = false, ...more } = sketch;
    return {
        id,
        kind: 'ollama',
        url: `http://${id}`,
        nodeId: id,
        status: unasked ? 'unknown' : 'up',
        report: unasked
            ? null
            : {
                models: models.map((model) => (typeof model === 'string' ? { name: model } : model)),
                resident: resident === null ? null : resident.map((one) => (typeof one === 'string' ? { name: one } : one)),
            },
        reportedAt: unasked ? null : 0,
        priority: 0,
        tags: [],
        ...more,
    };
}
export function fleet(backends, speed = () => ({})) {
    return { version: 1, backends, gpu: null, speed };
}
export const policy = {
    defaultMode: 'auto',
    defaultPriority: 'normal',
    heavyLoadQueueDepth: 4,
    heavyLoadGpuFreeMbThreshold: 3072,
    requireGpuOnlyByDefault: false,
    vramSafetyReserveMb: 1024,
    maxGpuUtilizationPct: 92,
    holdMs: 30_000,
    syncMaxQueueTimeMs: 250,
};
export function load(queued = {}, running = {}) {
    const sum = (counts) => Object.values(counts).reduce((total, count) => total + count, 0);
    return { totalQueued: sum(queued), totalRunning: sum(running), queued: (key) => queued[key] ?? 0, running: (key) => running[key] ?? 0 };
}
export function routerOptions(more = {}) {
    return { allowAsync: true, preferredModels: [], forbiddenModels: [], ...more };
}
export function message(role, content) {
    return { role, content: typeof content === 'string' ? [{ type: 'text', text: content }] : content };
}
/** A chat request; a string is its only message. */
export function chat(messages, more = {}) {
    return {
        task: 'chat',
        dialect: 'openai-chat',
        wire: '',
        model: null,
        messages: typeof messages === 'string' ? [message('user', messages)] : messages,
        tools: [],
        sampling: {},
        stream: false,
        includeUsage: false,
        router: null,
        extra: {},
        ...more,
    };
}
export function candidate(backendId, modelKey = 'm', nodeId = backendId) {
    return { backendId, nodeId, model: modelKey, modelKey };
}
export function entry(id, candidates, more = {}) {
    return {
        id,
        candidates,
        modelKey: candidates[0]?.modelKey ?? 'm',
        priority: 'normal',
        user: 'anyone',
        promptTokens: 100,
        completionTokens: 100,
        arrivedAt: 0,
        deadlineAt: null,
        bounded: true,
        ...more,
    };
}
