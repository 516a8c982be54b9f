-- Small texts by key; `number` rises with each write, so that its order is that of age.
CREATE TABLE key_values (
  number INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  value TEXT NOT NULL,
  expires_at REAL
) STRICT;
CREATE INDEX key_values_by_end ON key_values (expires_at) WHERE expires_at IS NOT NULL;
-- Tokens: totals for ever; spans of a minute, or of a day when its minutes were let go.
CREATE TABLE usage_totals (
  backend TEXT NOT NULL,
  model TEXT NOT NULL,
  requests INTEGER NOT NULL,
  prompt_tokens INTEGER NOT NULL,
  completion_tokens INTEGER NOT NULL,
  PRIMARY KEY (backend, model)
) STRICT, WITHOUT ROWID;
CREATE TABLE usage_spans (
  model TEXT NOT NULL,
  at INTEGER NOT NULL,
  span_seconds INTEGER NOT NULL CHECK (span_seconds IN (60, 86400)),
  backend TEXT NOT NULL,
  requests INTEGER NOT NULL,
  prompt_tokens INTEGER NOT NULL,
  completion_tokens INTEGER NOT NULL,
  PRIMARY KEY (model, at, span_seconds, backend)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_minutes ON usage_spans (at) WHERE span_seconds = 60;
-- The last batch of each writer: one that comes again is known by it.
CREATE TABLE usage_writers (writer TEXT PRIMARY KEY, batch INTEGER NOT NULL) STRICT, WITHOUT ROWID;
