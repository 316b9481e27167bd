"""The statements that write. Each names what its row's values are; the rows themselves are built where they arise.

Every one may be executed twice with the same values and then changes nothing more.
"""

RUN_NEW = (
    "INSERT INTO runs (id, token, name, owner, state, priority, submitted, hidden, note, document, graph, params,"
    " files) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"
)
RUN_DEADLINE = "UPDATE runs SET deadline=? WHERE id=?"
"""(seconds after the submit, run)"""
RUN_SILENT = "UPDATE runs SET silent=? WHERE id=?"
"""(seconds, run)"""
RUN_STATE = "UPDATE runs SET state=?, priority=?, ended=? WHERE id=?"
RUN_COUNTS = "UPDATE runs SET counts=? WHERE id=?"
"""(JSON list of items by state, run): of a run that has ended."""
RUN_AMEND = "UPDATE runs SET document=?, graph=?, files=? WHERE id=?"
RUN_DELETE = (
    "DELETE FROM runs WHERE id=?",
    "DELETE FROM tasks WHERE run=?",
    "DELETE FROM changes WHERE run=?",
    "DELETE FROM live WHERE run=?",
    "DELETE FROM given WHERE run=?",
    "DELETE FROM attempts WHERE run=?",
    "DELETE FROM packs WHERE run=?",
    "DELETE FROM curves WHERE run=?",
    "DELETE FROM outputs WHERE run=?",
    "DELETE FROM payloads WHERE run=?",
    "DELETE FROM refs WHERE run=?",
    "DELETE FROM lessons WHERE run=?",
)
"""All rows of a run; each takes (run,)."""

TASK = (
    "INSERT INTO tasks (run, task, count, open, decided, note) VALUES (?,?,?,?,?,?) ON CONFLICT (run, task) DO UPDATE"
    " SET count=excluded.count, open=excluded.open, decided=excluded.decided, note=excluded.note"
)
TASK_VALUES = (
    "INSERT INTO tasks (run, task, count, open, decided, note, vals) VALUES (?,?,NULL,0,0,'',?) ON CONFLICT (run, task)"
    " DO UPDATE SET vals=excluded.vals"
)
"""(run, task, msgpack list of the items' values): a fan-out that was decided stays as it was."""

CHANGE = "INSERT INTO changes (run, task, first, last, state, reason, seq, mark) VALUES (?,?,?,?,?,?,?,?)"
LIVE_NEW = "INSERT OR REPLACE INTO live VALUES (?,?,?,?,?,?,?,?,?,?)"
"""(run, task, index, attempt, agent, epoch, state, assigned, started, slot)"""
LIVE_STARTED = "UPDATE live SET state=1, started=?, slot=? WHERE run=? AND task=? AND idx=? AND attempt=?"
LIVE_END = "DELETE FROM live WHERE run=? AND task=? AND idx=? AND attempt=?"
GIVEN = (
    "INSERT OR REPLACE INTO given (id, run, task, first, last, attempt, agent, epoch, assigned, tasks)"
    " VALUES (?,?,?,?,?,?,?,?,?,?)"
)
"""(id, run, task, first, last, attempt, agent, epoch, assigned, tasks): neighbours, or tasks, given together."""
GIVEN_GONE = "DELETE FROM given WHERE id=?"
PACK = "INSERT OR REPLACE INTO packs VALUES (?,?,?,?,?,?,?,?,?)"
"""A row of `packs.rows_of`."""
ATTEMPT = (
    "INSERT INTO attempts (seq, run, task, idx, attempt, agent, state, outcome, code, assigned, started, ended, cpu,"
    " memory, read, written, slot, final, log_shed, error, staged_in, staged_out, log_ref, log, result)"
    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
)
LOSS_FORGIVEN = (
    "UPDATE attempts SET outcome='stopped', error=? WHERE run=? AND task=? AND idx=? AND attempt=? AND state=3"
)
"""(what to say of it, run, task, index, attempt) of one that was LOST: its agent had stopped it in order."""
CURVE = "INSERT OR REPLACE INTO curves VALUES (?,?,?,?,?)"
"""(run, task, index, attempt, `looks.curve_bytes`)"""
OUTPUTS_CLEAR = "DELETE FROM outputs WHERE run=? AND task=? AND idx=?"
OUTPUT = "INSERT OR REPLACE INTO outputs VALUES (?,?,?,?,?,?,?)"
"""(run, task, index, path, hash, size, mode)"""
PAYLOADS = "INSERT OR REPLACE INTO payloads VALUES (?,?,?,?,?)"
"""(run, task, first, count, msgpack list of bytes)"""
BLOB = "INSERT OR REPLACE INTO blobs VALUES (?,?,?)"
"""(hash, holder, size); the core itself is the holder `core`."""
REF = "INSERT OR IGNORE INTO refs VALUES (?,?)"
"""(hash, run): the run needs this blob."""
BLOB_GONE = "DELETE FROM blobs WHERE hash=?"
AGENT = (
    "INSERT INTO agents VALUES (?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET key=excluded.key, facts=excluded.facts,"
    " epoch=excluded.epoch, draining=excluded.draining, last_heard=excluded.last_heard"
)
"""(id, public key, msgpack AgentFacts, epoch, draining, last heard)"""
AGENT_STATE = "UPDATE agents SET epoch=?, draining=?, last_heard=? WHERE id=?"
DOUBT = "INSERT OR REPLACE INTO doubts VALUES (?,?,?,?,?,?)"
"""(agent, then a `Doubt`)"""
DOUBT_GONE = "DELETE FROM doubts WHERE agent=?"
AGENT_GONE = "DELETE FROM agents WHERE id=?"
AGENT_EVENT = "INSERT OR REPLACE INTO agent_events VALUES (?,?,?,?)"
"""(agent, when, kind, why)"""
AGENT_EVENTS_OLD = (
    "DELETE FROM agent_events WHERE agent=? AND at <"
    " (SELECT at FROM agent_events WHERE agent=? ORDER BY at DESC LIMIT 1 OFFSET ?)"
)
"""(agent, agent, how many to keep)"""
AGENT_EVENTS_GONE = "DELETE FROM agent_events WHERE agent=?"
USAGE = "INSERT OR REPLACE INTO usage VALUES (?,?,?)"
"""(owner, average share, as of when)"""
USAGE_GONE = "DELETE FROM usage WHERE owner=?"
LESSON = "INSERT OR REPLACE INTO lessons VALUES (?,?,?,?,?,?)"
"""A `Lesson`."""
LESSONS_GONE = "DELETE FROM lessons WHERE run=?"
PEER = "INSERT OR REPLACE INTO peers VALUES (?,?,?,?)"
"""(public key, role, name, when)"""
TOKEN = "INSERT OR REPLACE INTO tokens VALUES (?,?,?,?)"
"""(sha256 of the secret, role, expires, public key that used it or NULL)"""
SETTING = "INSERT OR REPLACE INTO settings VALUES (?,?)"
SETTING_GONE = "DELETE FROM settings WHERE name=?"

REF_GONE = "DELETE FROM refs WHERE hash=? AND run=?"
ATTEMPT_GONE = "DELETE FROM attempts WHERE seq=?"
PART_GONE = {
    "outputs": "DELETE FROM outputs WHERE (run, task, idx, path) IN"
    " (SELECT run, task, idx, path FROM outputs WHERE run=? LIMIT ?)",
    "payloads": "DELETE FROM payloads WHERE rowid IN (SELECT rowid FROM payloads WHERE run=? LIMIT (? + 49) / 50)",
    "packs": "DELETE FROM packs WHERE seq IN (SELECT seq FROM packs WHERE run=? LIMIT (? + 49) / 50)",
    "curves": "DELETE FROM curves WHERE (run, task, idx, attempt) IN"
    " (SELECT run, task, idx, attempt FROM curves WHERE run=? LIMIT ?)",
    "given": "DELETE FROM given WHERE id IN (SELECT id FROM given WHERE run=? LIMIT ?)",
    "changes": "DELETE FROM changes WHERE id IN (SELECT id FROM changes WHERE run=? LIMIT ?)",
}
"""Some rows of a run; each takes (run, how many). A payload and a pack have many items."""
GIVE_BACK = "PRAGMA incremental_vacuum(1)"
"""A free page of the file is the disk's again: one, because the driver takes a single step of such a statement."""
