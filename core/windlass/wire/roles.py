"""Who may send what. Checked in the core, for every message, by the key it came with."""

from __future__ import annotations

from windlass.wire import messages as m

VIEWER, OPERATOR, ADMIN, AGENT = "viewer", "operator", "admin", "agent"
ROLES = (VIEWER, OPERATOR, ADMIN, AGENT)

_LOOK: frozenset[type[m.Message]] = frozenset(
    {
        m.ClientHello, m.GetRuns, m.GetRun, m.GetItems, m.GetAttempts, m.GetAgents, m.GetResults, m.GetOutputs,
        m.GetLog, m.GetInfo, m.Explain, m.WaitRun, m.Subscribe, m.Seen, m.BlobWant, m.GetColumns, m.GetFailures,
        m.GetCurve, m.GetPrograms, m.GetAgent,
    }
)  # fmt: skip
_ACT: frozenset[type[m.Message]] = frozenset(
    {
        m.Submit, m.AppendItems, m.CloseTask, m.Amend, m.Control, m.Act, m.AgentControl, m.BlobOffer,
        m.BlobChunk, m.BlobMissing,
    }
)  # fmt: skip
_RULE: frozenset[type[m.Message]] = frozenset({m.MakeToken, m.StopCore, m.Backup, m.Prune, m.GetJob})
_WORK: frozenset[type[m.Message]] = frozenset(
    {
        m.AgentHello, m.Heartbeat, m.Started, m.Exited, m.Succeeded, m.Rejected, m.AgentGoodbye,
        m.BlobOffer, m.BlobWant, m.BlobChunk, m.BlobMissing, m.LogData,
        m.ProgramsFound,
    }
)  # fmt: skip

ALLOWED: dict[str, frozenset[type[m.Message]]] = {
    VIEWER: _LOOK,
    OPERATOR: _LOOK | _ACT,
    ADMIN: _LOOK | _ACT | _RULE,
    AGENT: _WORK,
}
"""`Enrol` is in none: it is what a key without a role may send. A key that has a role may send it again harmlessly."""


def allowed(role: str | None, kind: type[m.Message]) -> bool:
    """Whether a peer of this role (None: an unknown key) may send such a message."""
    if kind is m.Enrol:
        return True
    return role is not None and kind in ALLOWED.get(role, frozenset())
