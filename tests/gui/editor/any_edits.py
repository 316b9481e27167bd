"""Every edit that a person can make, drawn at random: whoever adds one adds it here."""

from __future__ import annotations

from hypothesis import strategies as st

from windlass_gui.editor.canvas.layout import layout
from windlass_gui.editor.document.session import EditorSession

EDITS = (
    "add", "remove", "rename", "link", "unlink", "each", "field", "field", "move", "move", "layout", "paste", "graph",
    "reroute", "insert", "text", "undo", "redo",
)  # fmt: skip
OPERATIONS = st.lists(st.tuples(st.sampled_from(EDITS), st.integers(0, 40), st.integers(0, 40)), max_size=12)
FIELDS = (
    ("title", "A title: with 'quotes'"),
    ("title", None),
    ("retries", 2),
    ("env", {"A": "1"}),
    ("resources", {"cpus": 2}),
    ("command", ["echo", "# no comment", ""]),
    ("script", "one\n\n# two\n"),
    ("script", "one\ntwo\n\n\n"),
    ("needs", None),
    ("position", [3, 4.5]),
    ("inputs", ["ä.txt"]),
)


def _typed(text: str, one: int, two: int) -> str:
    """The text as somebody might type it, readable or not."""
    lines = text.splitlines(keepends=True) or [""]
    at = one % len(lines)
    match two % 9:
        case 0:
            return text + f"# note {one}\n"
        case 1:
            return "".join(lines[:at] + lines[at + 1 :])
        case 2:
            return "".join([*lines[:at], lines[at], *lines[at:]])
        case 3:
            return "".join([*lines[:at], f"  typed-{one}:\n    command: x\n", *lines[at:]])
        case 4:
            return text[: one * 5] + text[one * 5 + two :]
        case 5:
            return "".join([*lines[:at], "\n# a remark\n\n", *lines[at:]])
        case 6:
            return text.replace("command", "script", 1)
        case 7:
            return "tasks: [unclosed"
        case _:
            return text.replace("  ", "   ")


def do_edit(session: EditorSession, what: str, one: int, two: int) -> None:
    """Make an edit of a kind; the two numbers choose what it concerns."""
    tasks = list(session.document.facts)
    first = tasks[one % len(tasks)] if tasks else ""
    second = tasks[two % len(tasks)] if tasks else ""
    match what:
        case "add":
            session.add_task(["command", "script", "python", "array", "matrix"][one % 5], (one * 10.0, two * 10.0))
        case "undo":
            session.undo.undo()
        case "redo":
            session.undo.redo()
        case "graph":
            field, value = [("description", f"number {one}"), ("description", None), ("name", "other")][two % 3]
            session.set_graph_field(field, value)
        case "text":
            session.apply_text(_typed(session.document.text, one, two))
        case "layout":
            needs = {task: [need for need, _ in own.needs] for task, own in session.document.facts.items()}
            session.move(layout(needs), label="lay out")
        case _ if not tasks:
            pass
        case "remove":
            session.remove({first, second} if two % 2 else {first})
        case "rename":
            session.rename(first, f"renamed-{two}")
        case "link":
            session.link(first, second, each=bool(one % 2))
        case "unlink":
            session.remove((), [(need, first) for need, _ in session.document.facts[first].needs])
        case "each":
            for need, each in session.document.facts[first].needs[:1]:
                session.set_each(need, first, not each)
        case "reroute" | "insert":
            links = [(need, task) for task in tasks for need, _ in session.document.facts[task].needs if need in tasks]
            if links:
                link = links[one % len(links)]
                if what == "reroute":
                    session.reroute(link, (link[0], second) if one % 2 else (second, link[1]))
                elif second not in link:
                    session.insert(second, link, {second: (one * 10.0, two * 10.0)})
                else:
                    session.add_task("array", (0.0, 0.0), link)
        case "field":
            field, value = FIELDS[two % len(FIELDS)]
            session.set_field(first, field, value)
        case "move":
            session.move({first: (one * 10.0, two * 10.0)}, series=bool(one % 2))
        case "paste":
            session.paste(session.copied({first, second}))
