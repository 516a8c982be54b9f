-- Who did what, and who was turned away; `number` is the order in which it was written.
CREATE TABLE audit (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  at REAL NOT NULL,
  denied INTEGER NOT NULL,
  entry TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_denied_first ON audit (denied DESC, number);
