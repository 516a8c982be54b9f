-- Jobs; requests and results lie in tables of their own, so that a change of state does not rewrite them.
CREATE TABLE jobs (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired')),
  kept INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  task_type TEXT NOT NULL,
  selected_model TEXT NOT NULL,
  dialect TEXT NOT NULL,
  error_code TEXT,
  error_message TEXT,
  attempts INTEGER NOT NULL,
  crashes INTEGER NOT NULL,
  priority TEXT NOT NULL,
  principal_id TEXT NOT NULL,
  user TEXT NOT NULL,
  created_at REAL NOT NULL,
  started_at REAL,
  finished_at REAL,
  not_before REAL,
  expires_at REAL
) STRICT;
CREATE TABLE job_requests (job INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE job_results (job INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE INDEX jobs_by_age ON jobs (created_at, id);
CREATE INDEX jobs_by_principal ON jobs (principal_id, created_at, id);
CREATE INDEX jobs_by_status ON jobs (status, selected_model, bytes);
CREATE INDEX jobs_by_end ON jobs (finished_at, id) WHERE kept = 1 AND finished_at IS NOT NULL;
CREATE INDEX jobs_remembered ON jobs (expires_at, id) WHERE kept = 0;
