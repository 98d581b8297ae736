-- A presenter hands over to another one of the same person: the guest's tab to the guest's
-- program, and back. The same SQL runs on SQLite and on Postgres.

-- +goose Up

-- Opens the party once more for who is given it; new at each admission of a presenter.
ALTER TABLE parties ADD COLUMN handover_hash TEXT;
-- The resume secret of the one that has handed over, with which it comes back.
ALTER TABLE parties ADD COLUMN lent_hash TEXT;
