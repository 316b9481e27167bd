"""Matters, fixes and news in words."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from windlass.model.units import human_size
from windlass_gui.attention.derive import DOUBT, NOTE, URGENT, Matter
from windlass_gui.attention.news import News
from windlass_gui.look.language import spoken
from windlass_gui.models import format as fmt


def _tr(text: str) -> str:
    return QCoreApplication.translate("Attention", text)


SEVERITIES = {URGENT: "Urgent", DOUBT: "Warning", NOTE: "Note"}

TITLES = {
    "store": "The core cannot write",
    "unschedulable": "A task that no machine can take",
    "deadline": "A deadline in danger or missed",
    "disk": "A disk nearly full",
    "lost": "A machine away while it works",
    "failing": "The same task fails again and again",
    "sick": "A machine set aside as sick",
    "stuck": "A run that does not go on",
    "waits": "A run that waits long for its turn",
    "skew": "A clock that is wrong",
    "run-ended": "A run succeeded",
    "run-failed": "A run failed",
    "agent-lost": "A machine went away",
}
"""Each kind of matter and of news, as the settings and the notifications call it."""

SEVERAL = {
    "store": "{} problems of the core's store",
    "unschedulable": "{} runs have a task that no machine can take",
    "deadline": "{} deadlines in danger or missed",
    "disk": "{} disks nearly full",
    "failing": "In {} runs a task fails again and again",
    "sick": "{} machines set aside as sick",
    "stuck": "{} runs do not go on",
    "waits": "{} runs wait long for their turn",
    "skew": "{} clocks are wrong",
    "run-ended": "{} runs succeeded",
    "run-failed": "{} runs failed",
    "agent-lost": "{} machines went away",
}

FIXES = {
    "agent": ("Open its page", "History, hardware, attempts and what happened to this machine"),
    "cancel": ("Cancel the run", "Stop what runs and do not start the rest"),
    "clock": ("Set its clock…", "How a machine keeps the right time"),
    "drain": ("Drain", "Give this machine nothing new; what runs there goes on"),
    "failures": ("Show failures", "What failed in this run, the same errors together"),
    "forgive": ("Forgive", "It is well: give it work again at once"),
    "machine": ("Add machine…", "Get the line that joins another machine as an agent"),
    "pause": ("Pause", "Start nothing more of this run; what runs goes on"),
    "priority": ("Go first", "Give this run a higher priority than every other"),
    "retry": ("Retry failed", "Run again what has failed in this run"),
    "run": ("Show run", "Show this run, its tasks and what they wait for"),
    "space": ("Free space…", "What takes room there, and how to get it back"),
    "undrain": ("Take work again", "Let the machines that are drained take work again"),
    "why": ("Why?", "What every machine says to this task, live"),
}
"""Each fix: the button, and what it does."""


def title(kind: str) -> str:
    return _tr(TITLES[kind])


def severity(matter: Matter) -> str:
    return _tr(SEVERITIES[matter.severity])


def fix(name: str) -> tuple[str, str]:
    """The button's words and its tip."""
    words, tip = FIXES[name]
    return _tr(words), _tr(tip)


def where(matter: Matter) -> str:
    """Who it is about."""
    if matter.run is not None:
        return _tr("run {} · {}").format(matter.run, matter.name)
    return matter.name or _tr("core")


def _colon(text: str, detail: str) -> str:
    return f"{text}: {spoken(detail)}" if detail else text


def sentence(matter: Matter) -> str:
    """What is the matter, in a line."""
    kind, detail = matter.kind, matter.detail
    if kind == "store":
        return _colon(_tr("The core cannot write its record"), detail)
    if kind == "unschedulable":
        return _colon(_tr("No machine can take this"), detail)
    if kind == "deadline":
        return _colon(_tr("Deadline missed") if matter.level else _tr("Deadline in danger"), detail)
    if kind == "disk":
        free = human_size(max(0, matter.number))
        return (
            _tr("The disk is almost full: {} free").format(free)
            if matter.level > 1
            else _tr("The disk is nearly full: {} free").format(free)
        )
    if kind == "lost":
        return _tr("The machine cannot be reached, and {} ran there").format(
            _tr("1 item") if matter.number == 1 else _tr("{} items").format(fmt.count(matter.number))
        )
    if kind == "failing":
        return _tr("{} keeps failing: {} attempts so far").format(detail, fmt.count(matter.number))
    if kind == "sick":
        return _colon(_tr("Set aside as sick"), detail)
    if kind == "skew":
        behind = _tr("The clock is {} behind the core's") if matter.number > 0 else _tr("The clock is {} fast")
        return behind.format(_tr("{} s").format(fmt.count(abs(matter.number))))
    if kind == "waits":
        return _colon(_tr("Waits long for its turn"), detail)
    return _colon(_tr("Nothing runs, although something is ready"), detail)


def news_line(group: list[News]) -> str:
    """News of one kind: what happened, or how many it happened to, and to whom."""
    first = group[0]
    if len(group) == 1:
        if first.matter is not None:
            return f"{where(first.matter)}: {sentence(first.matter)}"
        return _colon(_name(first), first.detail) if first.detail else _name(first)
    names = ", ".join(_name(each) for each in group[:3])
    return names + (_tr(" and {} more").format(fmt.count(len(group) - 3)) if len(group) > 3 else "")


def news_title(group: list[News]) -> str:
    kind = group[0].kind
    return title(kind) if len(group) == 1 else _tr(SEVERAL[kind]).format(fmt.count(len(group)))


def _name(news: News) -> str:
    if news.run is not None:
        return _tr("run {} · {}").format(news.run, news.name)
    return news.name or _tr("core")


SPACE = """On the machine “{}” the disk that holds its agent's files is nearly full.

• Give it nothing new (Drain) until there is room, so that its tasks do not fail.
• Its folder “blobs” is a cache of inputs and outputs that grows. Once nothing runs there, stop the agent, empty the
folder and start the agent again; what only this machine had is made anew when it is needed.
• Delete there what does not belong to Windlass."""

CORE_SPACE = """The disk that holds the core's record is nearly full. When it is, nothing can be submitted and no
result is taken.

• Delete old runs with their logs and files: choose them in the table of runs, right-click, “Delete…”; or type
      windlass prune --older-than 30d
• Let the core do so by itself: see “retention” in core.toml.
• Delete on that disk what does not belong to Windlass."""

CLOCK = """The clock of “{}” differs from the core's by {} s.

Windlass corrects what this machine tells, so nothing is lost. But files made there bear wrong times, which programs
such as make go by, and certificates may be refused. Let the machine keep its time from the network:
      Linux: sudo timedatectl set-ntp true
      macOS: sudo sntp -sS time.apple.com
      Windows: w32tm /resync"""


def advice(matter: Matter) -> str:
    """How to mend what no button can."""
    if matter.kind == "skew":
        return _tr(CLOCK).format(matter.name, fmt.count(abs(matter.number)))
    return _tr(SPACE).format(matter.name) if matter.agent else _tr(CORE_SPACE)


def happened(count: int) -> str:
    """The title of news of several kinds."""
    return _tr("{} things happened").format(fmt.count(count))


def and_more(kinds: int) -> str:
    """The last line where not every kind of news is told."""
    return _tr("and news of {} more kinds").format(kinds) if kinds > 1 else _tr("and news of another kind")
