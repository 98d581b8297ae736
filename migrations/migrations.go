// Package migrations is the database's schema: numbered SQL files, applied in their order by
// internal/store, which alone imports it.
//
// The rules:
//   - One set of files serves SQLite and Postgres. Types: TEXT, INTEGER (32 bits), BIGINT (64
//     bits); times are BIGINT Unix milliseconds UTC; yes and no are times or NULL.
//   - A file is never edited, renamed or removed once it is merged, not even its comments: it
//     has run on somebody's database. A change is a new file. checksums.txt and its test hold
//     this; append the new file's line there.
//   - Numbers have no gaps. There is no way back down: a broker that meets a database with
//     migrations that it does not know refuses it.
//   - The brokers of the version before still run while a new one migrates, so a file only
//     adds; what nobody uses any more is dropped one version later.
package migrations

import "embed"

// FS holds the SQL files in its root.
//
//go:embed *.sql
var FS embed.FS
