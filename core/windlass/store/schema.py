"""The tables, their versions, and how an older file becomes a newer one.

What can be derived is not stored: items that wait have no rows at all, so a run of a million items costs one row
until they end. `changes` is a list of ranges, played back in order; `live` holds the attempts that agents have;
`attempts` those that ended, numbered in the order of their commits. Where many attempts of an array come and go,
`given` and `packs` hold a row for many of them.
"""

from __future__ import annotations

import sqlite3
import time

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY, token TEXT UNIQUE, name TEXT, owner TEXT, state TEXT, priority INTEGER,
        submitted REAL, ended REAL, hidden INTEGER, note TEXT,
        document TEXT, graph BLOB, params BLOB, files BLOB);
    CREATE TABLE tasks (
        run INTEGER, task INTEGER, count INTEGER, open INTEGER, decided INTEGER, note TEXT, vals BLOB,
        PRIMARY KEY (run, task)) WITHOUT ROWID;
    -- Items first..last-1 of a task entered a state. `seq` numbers the first one's end when no attempt's end did it.
    -- `mark` is the last number given before, so that attempts can be told to lie before or after.
    CREATE TABLE changes (
        id INTEGER PRIMARY KEY, run INTEGER, task INTEGER, first INTEGER, last INTEGER, state INTEGER,
        reason TEXT, seq INTEGER, mark INTEGER);
    CREATE INDEX changes_run ON changes (run, id);
    CREATE TABLE live (
        run INTEGER, task INTEGER, idx INTEGER, attempt INTEGER, agent TEXT, epoch INTEGER, state INTEGER,
        assigned REAL, started REAL, slot INTEGER,
        PRIMARY KEY (run, task, idx, attempt)) WITHOUT ROWID;
    -- `final` is the state the item ended in by this attempt; 0 when it did not end.
    CREATE TABLE attempts (
        seq INTEGER PRIMARY KEY, run INTEGER, task INTEGER, idx INTEGER, attempt INTEGER, agent TEXT, state INTEGER,
        outcome TEXT, code INTEGER, assigned REAL, started REAL, ended REAL, cpu REAL, memory INTEGER,
        read INTEGER, written INTEGER, slot INTEGER, final INTEGER, log_shed INTEGER, error TEXT,
        log_ref BLOB, log BLOB, result BLOB);
    CREATE INDEX attempts_item ON attempts (run, task, idx, attempt);
    CREATE INDEX attempts_run ON attempts (run);
    CREATE TABLE outputs (
        run INTEGER, task INTEGER, idx INTEGER, path TEXT, hash TEXT, size INTEGER, mode INTEGER,
        PRIMARY KEY (run, task, idx, path)) WITHOUT ROWID;
    CREATE INDEX outputs_hash ON outputs (hash);
    -- Pickled arguments of items first..first+count-1, as the client sent them.
    CREATE TABLE payloads (
        run INTEGER, task INTEGER, first INTEGER, count INTEGER, data BLOB,
        PRIMARY KEY (run, task, first)) WITHOUT ROWID;
    CREATE TABLE blobs (hash TEXT, holder TEXT, size INTEGER, PRIMARY KEY (hash, holder)) WITHOUT ROWID;
    CREATE TABLE agents (
        id TEXT PRIMARY KEY, key TEXT, facts BLOB, epoch INTEGER, draining INTEGER, last_heard REAL) WITHOUT ROWID;
    CREATE TABLE peers (public TEXT PRIMARY KEY, role TEXT, name TEXT, enrolled REAL) WITHOUT ROWID;
    CREATE TABLE tokens (hash TEXT PRIMARY KEY, role TEXT, expires REAL, used_by TEXT) WITHOUT ROWID;
    CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
    """,
    """
    -- Which runs need a blob; one that no run needs may be removed.
    CREATE TABLE refs (hash TEXT, run INTEGER, PRIMARY KEY (hash, run)) WITHOUT ROWID;
    CREATE INDEX refs_run ON refs (run);
    INSERT OR IGNORE INTO refs SELECT hash, run FROM outputs;
    """,
    """
    -- What owners had of the machines lately, for the fair share: an average as of `at`.
    CREATE TABLE usage (owner TEXT PRIMARY KEY, average REAL, at REAL) WITHOUT ROWID;
    """,
    """
    -- Attempts `attempt` of items first..last-1, given together. Those that have not ended (no row in `attempts` or
    -- `packs`) and have no row of their own in `live` (they have once they are said to run) are assigned. The row
    -- goes when none is left.
    CREATE TABLE given (
        id INTEGER PRIMARY KEY, run INTEGER, task INTEGER, first INTEGER, last INTEGER, attempt INTEGER, agent TEXT,
        epoch INTEGER, assigned REAL);
    -- Plain successes of one task, `count` to a row, numbered from `seq`; see packs.py. They need no row in `changes`.
    CREATE TABLE packs (
        seq INTEGER PRIMARY KEY, run INTEGER, task INTEGER, count INTEGER, first INTEGER, last INTEGER, agent TEXT,
        data BLOB, results BLOB);
    CREATE INDEX packs_run ON packs (run);
    CREATE INDEX packs_items ON packs (run, task, first, last);
    CREATE INDEX changes_ends ON changes (run, seq) WHERE seq > 0;
    """,
    """
    -- JSON list: how many items of a run that has ended are in each state, so that a start need not look at them.
    ALTER TABLE runs ADD COLUMN counts TEXT;
    """,
    """
    -- Attempts by which an item failed for good (final=5): few in most runs, and what a person looks for.
    CREATE INDEX attempts_failed ON attempts (run) WHERE final=5;
    -- Curves of attempts that ended badly, as looks.py writes them.
    CREATE TABLE curves (
        run INTEGER, task INTEGER, idx INTEGER, attempt INTEGER, data BLOB,
        PRIMARY KEY (run, task, idx, attempt)) WITHOUT ROWID;
    -- Seconds after the submit by which the whole run should have ended; 0: no such wish.
    ALTER TABLE runs ADD COLUMN deadline REAL NOT NULL DEFAULT 0;
    """,
    """
    -- What happened to an agent, the last some hundred of each: `kind` as in `rows.EventRow`, `text` says why.
    CREATE TABLE agent_events (
        agent TEXT, at REAL, kind TEXT, text TEXT, PRIMARY KEY (agent, at, kind)) WITHOUT ROWID;
    """,
    """
    -- Seconds of staging before an attempt's start and behind its end; 0: next to none, or not known.
    ALTER TABLE attempts ADD COLUMN staged_in REAL NOT NULL DEFAULT 0;
    ALTER TABLE attempts ADD COLUMN staged_out REAL NOT NULL DEFAULT 0;
    """,
    """
    -- Arguments may be megabytes. Without a rowid a search reads every one that it passes, to compare its key.
    ALTER TABLE payloads RENAME TO payloads_before;
    CREATE TABLE payloads (run INTEGER, task INTEGER, first INTEGER, count INTEGER, data BLOB);
    CREATE UNIQUE INDEX payloads_items ON payloads (run, task, first);
    INSERT INTO payloads SELECT run, task, first, count, data FROM payloads_before;
    DROP TABLE payloads_before;
    """,
    """
    -- What was learned of the arrays of runs that go on: seconds that an attempt takes, how many told their peak, the
    -- largest of these in bytes, and what is asked for.
    CREATE TABLE lessons (
        run INTEGER, task INTEGER, mean REAL, ends INTEGER, most INTEGER, want INTEGER,
        PRIMARY KEY (run, task)) WITHOUT ROWID;
    """,
    """
    -- Of tasks that were given together, the msgpack list of their positions: attempt `attempt` of the first item of
    -- each, and `task` is the first of them; NULL: items of one task.
    ALTER TABLE given ADD COLUMN tasks BLOB;
    """,
    """
    -- What agents have to live down that work failed on: until when one is set aside (NULL: it is not), why, how many
    -- times of late, when that last ended or will, and whether it has yet to show that it is well.
    CREATE TABLE doubts (
        agent TEXT PRIMARY KEY, until REAL, why TEXT, times INTEGER, last REAL, probation INTEGER) WITHOUT ROWID;
    """,
    """
    -- Of a run that can still be appended to: seconds, without those in which the core was down, since somebody asked
    -- for its results or appended to it. Written at looks; negative: somebody did since the last one.
    ALTER TABLE runs ADD COLUMN silent REAL NOT NULL DEFAULT -1;
    """,
)
VERSION = len(MIGRATIONS)


class StoreError(Exception):
    """The store cannot be used; the text is for people and says what to do."""


def version_of(db: sqlite3.Connection) -> int:
    """The version that a file has; 0 for an empty one."""
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name='migrations'").fetchone():
        return 0
    return int(db.execute("SELECT coalesce(max(version), 0) FROM migrations").fetchone()[0])


def refuse_newer(found: int) -> None:
    if found > VERSION:
        raise StoreError(
            f"this store was written by a newer Windlass (its schema is {found}; this one knows {VERSION}): "
            "use that version, or another data directory"
        )


def migrate(db: sqlite3.Connection) -> int:
    """Bring the file to this version, one transaction a step; the version it had. Refuses a newer file."""
    found = version_of(db)
    refuse_newer(found)
    db.execute("CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, applied REAL)")
    for version in range(found + 1, VERSION + 1):
        db.execute("BEGIN IMMEDIATE")
        try:
            for statement in _statements(MIGRATIONS[version - 1]):
                db.execute(statement)
            db.execute("INSERT INTO migrations VALUES (?, ?)", (version, time.time()))
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
    return found


def _statements(script: str) -> list[str]:
    """One by one, because `executescript` would commit between them."""
    lines = [line for line in script.splitlines() if not line.strip().startswith("--")]
    return [part for part in "\n".join(lines).split(";") if part.strip()]
