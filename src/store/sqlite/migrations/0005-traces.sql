-- What happened to each request. What is searched lies in narrow rows, so that looking through all of them is quick; the whole lies beside them.
CREATE TABLE traces (
  number INTEGER PRIMARY KEY,
  request_id TEXT NOT NULL,
  received_at REAL NOT NULL,
  ended_at REAL NOT NULL,
  job_id TEXT,
  principal_id TEXT NOT NULL,
  address TEXT,
  plane TEXT NOT NULL,
  user TEXT,
  task TEXT,
  requested_model TEXT,
  model TEXT,
  backend TEXT,
  node TEXT,
  outcome TEXT NOT NULL,
  status INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX traces_by_request ON traces (request_id, received_at);
CREATE INDEX traces_by_time ON traces (ended_at);
CREATE INDEX traces_by_owner ON traces (principal_id, ended_at);
CREATE INDEX traces_of_failures ON traces (outcome, ended_at) WHERE outcome <> 'succeeded';
CREATE INDEX traces_of_media ON traces (task, ended_at) WHERE task IN ('image', 'speech', 'transcription', 'rerank');
CREATE TABLE trace_bodies (trace INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE trace_tags (tag TEXT NOT NULL, trace INTEGER NOT NULL, PRIMARY KEY (tag, trace)) STRICT, WITHOUT ROWID;
CREATE INDEX trace_tags_by_trace ON trace_tags (trace);
-- Counts and spreads of hours and days, which outlive the traces.
CREATE TABLE trace_figures (
  cut TEXT NOT NULL,
  span TEXT NOT NULL CHECK (span IN ('hour', 'day')),
  at INTEGER NOT NULL,
  name TEXT NOT NULL,
  second TEXT NOT NULL,
  sum TEXT NOT NULL,
  PRIMARY KEY (cut, span, at, name, second)
) STRICT, WITHOUT ROWID;
CREATE INDEX trace_figures_by_age ON trace_figures (span, at);
