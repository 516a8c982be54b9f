-- Through which door a job came; NULL: the standalone one, the only one there was.
ALTER TABLE jobs ADD COLUMN plane TEXT;
