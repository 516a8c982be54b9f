/** `fleet`: machines that report themselves, how they join, and when they are given up. */
import { z } from 'zod';
import { flag, positiveMilliseconds, text } from './values.ts';

const discovery = z
  .strictObject({
    mdns: flag.default(true).describe('Announce the router in the local network by mDNS, so that `oar node` finds it. Never while it listens on this machine alone.'),
    browse: flag.default(true).describe('`oar node` looks for its router by mDNS when it is not told an address.'),
  })
  .prefault({})
  .describe('How machines find the router.');

const capacity = z
  .strictObject({ learn: flag.default(false).describe('Learn when the owner of this machine needs it, and leave it then: the router its own, `oar node` the one it runs on. Nothing of that leaves the machine but how much of it is free.') })
  .prefault({})
  .describe('Machines that people work at.');

export const fleet = z
  .strictObject({
    discovery,
    enrolToken: text.optional().describe('What a machine shows to join; best taken from the environment. Absent: the one that `oar serve --lan` or `oar nodes token` made. A machine without it waits for `oar nodes approve`, and gets no prompt.'),
    heartbeatMs: positiveMilliseconds.default(5000).describe('How often machines report themselves; they are told with each answer.'),
    degradedAfterMs: positiveMilliseconds.default(15_000).describe('A machine that was silent for longer is `degraded`; it still gets work.'),
    offlineAfterMs: positiveMilliseconds.default(30_000).describe('A machine that was silent for longer is `offline`, and gets none.'),
    forgetAfterMs: positiveMilliseconds.default(86_400_000).describe('A machine that was silent for longer is no longer listed. Its enrolment is kept: it may come back.'),
    allowOtherHosts: flag.default(false).describe('Believe a machine that says its servers are on another host than the one its report comes from. Whoever may join can then lead prompts anywhere.'),
    autoPull: z.enum(['never', 'admin', 'any']).default('never').describe('Who may bring a model that no server has to the fleet by asking for it: nobody, who may manage models (keys with `manage`, callers on this machine), or everybody. It is pulled once, to the machine with most room, and counts against no limit of its caller.'),
    capacity,
    restartOllama: flag.default(false).describe('Ask a machine whose Ollama has died to start it again: once, and not twice within half an hour.'),
  })
  .prefault({})
  .describe('Machines that report themselves.');
