"""Edits of a document's text that keep everything they do not concern: comments, order, quotes, line breaks.

The text is cut at its top-level keys, its tasks and their fields; an edit reads and writes only the piece that it
changes, so a step costs the same in a document of five tasks and of five thousand. A text whose pieces cannot be
read alone (tasks in braces, anchors) is rewritten as a whole, with its comments.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from windlass.model import ids
from windlass.model.blocks import (
    Block,
    assign,
    drawn_out,
    dump,
    load,
    set_line,
    split_block,
    split_fields,
    styled,
    trailing,
)
from windlass.model.document import DocumentError
from windlass.model.problems import Report
from windlass.model.refactor import drop_references, in_frames, rename_references
from windlass.model.source import Source, Unreadable, decode, guess_format
from windlass.model.steps import Cut, Mark, PieceStep, Step, step_between, stepped
from windlass.model.writing import TaskWriter

_FIRST = ("windlass", "name", "description", "params", "limits", "defaults")
"""Top-level fields that stand before the tasks."""
SAMPLE = 20_000
"""Characters of a document that are enough to see how it is written."""
_KEEPS = re.compile(r"[|>]\d?\+\d?[ \t]*(?:#.*)?\r?$", re.MULTILINE)
"""A text block to which the blank lines below it belong, so that they are nobody else's."""


class DocumentText:
    """One document being edited. Raises `DocumentError` when the text is no mapping that can be read."""

    def __init__(self, text: str, fmt: str | None = None) -> None:
        self._whole = text
        self.fmt = fmt or guess_format("", text)
        self.data: dict[str, Any] = {}
        """The document as plain data, true of the text after every edit. Do not change it; a task's part of it is
        never changed but replaced, so that whoever keeps one keeps what was true then."""
        self._top: Block | None = None
        self._tasks: Block | None = None
        self._open(text)

    @classmethod
    def known(cls, text: str, fmt: str, data: dict[str, Any], cut: Cut | None) -> DocumentText:
        """A document whose text was read elsewhere, and is not read again."""
        made = cls.__new__(cls)
        made.fmt = fmt
        made._whole, made.data, made._top, made._tasks = text, data, None, None
        made.recut(cut)
        return made

    def to_text(self) -> str:
        return self._now().text()

    def cut(self) -> Cut | None:
        """Where the text is cut; None when it is not."""
        return self._now().cut()

    def recut(self, cut: Cut | None) -> None:
        """Be cut in other places, or not at all."""
        text = self.to_text()
        self.go_to(Mark(text, self.data, *(cut.made(text, self.data) if cut is not None else (None, None))))

    @property
    def task_ids(self) -> list[str]:
        tasks = self.data.get("tasks")
        return list(tasks) if isinstance(tasks, dict) else []

    # --- reading --------------------------------------------------------------------------------------------

    def _open(self, text: str) -> None:
        report = Report()
        source = Source(decode(text, report), self.fmt, report)
        try:
            data = source.read()
        except Unreadable:
            data = None
        if report.errors or not isinstance(data, dict):
            raise DocumentError("document", [draft.problem for draft in report.drafts])
        self._whole, self.data = source.text, data
        self._top = self._tasks = None
        if self.fmt == "yaml" and not source.anchors and not _KEEPS.search(text):
            self._cut(source)

    def _cut(self, source: Source) -> None:
        """Cut the text where that can be done; else both blocks stay None."""
        text, keys = self._whole, list(self.data)
        if not keys or text.lstrip()[:1] == "{" or any((key,) not in source.keys for key in keys):
            return
        top = split_block(text, {key: source.keys[(key,)] for key in keys}, 0, len(text))
        if top is None or top.indent or any(line.startswith(("---", "...", "%")) for line in text.splitlines()):
            return
        tasks = self.data.get("tasks")
        if isinstance(tasks, dict) and tasks:
            start = sum(len(entry) for key, entry in top.entries.items() if keys.index(key) < keys.index("tasks"))
            start += len(top.before)
            entry = top.entries["tasks"]
            # Comments may stand above the line of the key itself.
            line = next(at for at in _line_starts(entry) if not entry[at:].startswith("#"))
            first = entry.find("\n", line) + 1
            if not first or "{" in entry[line:first].split("#")[0]:
                return
            if any(("tasks", task) not in source.keys for task in tasks):
                return  # it comes from a `<<`
            places = {task: source.keys["tasks", task] for task in tasks}
            block = split_block(text, places, start + first, start + len(entry))
            if block is None:
                return
            block.before = entry[:first] + block.before
            top.entries["tasks"] = ""
            self._tasks = block
        self._top = top

    # --- going back and forth ---------------------------------------------------------------------------------

    def _now(self) -> Mark:
        return Mark(self._whole, self.data, self._top, self._tasks)

    def mark(self) -> Mark:
        """The document as it is now, which later edits leave alone."""
        data = dict(self.data)
        if isinstance(data.get("tasks"), dict):
            data["tasks"] = dict(data["tasks"])
        return Mark(self._whole, data, _copied(self._top), _copied(self._tasks))

    def go_to(self, mark: Mark) -> None:
        """Be as at a mark. The mark is used up by that."""
        self._whole, self.data, self._top, self._tasks = mark

    def step_since(self, mark: Mark) -> Step | None:
        """What has changed since a mark; None when nothing has."""
        return step_between(mark, self._now())

    def take(self, step: PieceStep, back: bool) -> None:
        """Make a step again, or take it back."""
        self.go_to(stepped(self._now(), step, back))

    # --- writing --------------------------------------------------------------------------------------------

    def _rewrite(self, change: Callable[[Any], None]) -> None:
        """Apply a change to the whole document."""
        text = self.to_text()
        if self.fmt == "json":
            tree: Any = json.loads(text)
            change(tree)
            new = json.dumps(tree, indent=_json_indent(text), ensure_ascii=False) + "\n" * text.endswith("\n")
        else:
            tree = load(text)
            change(tree)
            new = dump(tree, text)
        self._open(new)

    def _end_line(self) -> None:
        """End the last line, as something may be written below it. (A text block that ends there then means more.)"""
        block = self._top
        if block is not None and self._tasks is not None and next(reversed(block.entries)) == "tasks":
            block = self._tasks
        if block is not None and not block.entries[next(reversed(block.entries))].endswith("\n"):
            self._open(self.to_text() + "\n")

    def _body(self, task: str) -> dict[str, Any]:
        tasks = self.data.get("tasks")
        if not isinstance(tasks, dict) or task not in tasks:
            raise ValueError(f"there is no task '{task}'")
        body = tasks[task]
        if body is not None and not isinstance(body, dict):
            raise ValueError(f"task '{task}' is not a mapping")
        return body if body is not None else {}

    def set_field(self, task: str, field: str, value: Any) -> None:
        """Set a task's field to a value as it would stand in the document; None removes the field."""
        if value is None:
            self.remove_field(task, field)
            return
        body = self._body(task)
        if field in body and type(body[field]) is type(value) and body[field] == value:
            return
        if self._tasks is None:
            self._rewrite(lambda tree: _set_in(tree["tasks"], task, field, value))
            return
        self._end_line()
        body = self._body(task)
        fields = split_fields(self._tasks.source(task)) if body else None
        if fields is None:
            self._rewrite_task(task, lambda tree: _set_in(tree, task, field, value))
        elif field in fields.entries:
            old = fields.source(field)
            tree = load(old)
            assign(tree, field, value)
            fields.put(field, _keep_end(dump(tree, old), old))
            self._tasks.put(task, fields.text())
        else:
            last = next(reversed(fields.entries))
            fields.entries[last], rest = trailing(fields.entries[last])
            fields.put(field, dump({field: styled(value)}, self._sample()))
            self._tasks.put(task, fields.text() + drawn_out(rest, fields.indent))
        self.data["tasks"][task] = {**body, field: value}

    def remove_field(self, task: str, field: str) -> None:
        """Remove a task's field with its comments; nothing happens when it has none."""
        body = self._body(task)
        if field not in body:
            return
        if self._tasks is None:
            self._rewrite(lambda tree: tree["tasks"][task].pop(field))
            return
        fields = split_fields(self._tasks.source(task)) if len(body) > 1 else None
        if fields is None:
            self._rewrite_task(task, lambda tree: tree[task].pop(field))
        else:
            *_, last = fields.entries
            gone = fields.entries.pop(field)
            rest = trailing(gone)[1] if field == last else ""
            self._tasks.put(task, fields.text() + drawn_out(rest, fields.indent))
        self.data["tasks"][task] = {name: value for name, value in body.items() if name != field}

    def _rewrite_task(self, task: str, change: Callable[[Any], None]) -> None:
        """Apply a change to a task's lines that are not cut at its fields."""
        assert self._tasks is not None
        piece = self._tasks.source(task)
        tree = load(piece)
        change(tree)
        self._tasks.put(task, _keep_end(dump(tree, self._sample()), piece))

    def _sample(self) -> str:
        """Some of the tasks' lines, which say how a person indents."""
        assert self._tasks is not None
        found, size = [], 0
        for lines in self._tasks.entries.values():
            found.append(lines)
            size += len(lines)
            if size > SAMPLE:
                break
        return "".join(found)

    def set_positions(self, points: Mapping[str, tuple[float, float]]) -> None:
        """Many positions at once."""
        self.set_each("position", {task: [_short_number(x), _short_number(y)] for task, (x, y) in points.items()})

    def set_each(self, field: str, values: Mapping[str, Any]) -> None:
        """A field of many tasks at once, None to remove it: one pass over the text, however many they are.

        What stands on one line is set without being read as YAML; the others cost as much as `set_field`.
        """
        self._end_line()
        odd: dict[str, Any] = {}
        written: dict[str, str | None] = {}
        for task, value in values.items():
            body = self._body(task)
            if value is None:
                self.remove_field(task, field)
                continue
            if field in body and type(body[field]) is type(value) and body[field] == value:
                continue
            entry = None
            if self._tasks is not None:
                key = repr(value)
                if key not in written:
                    written[key] = _one_line(field, value)
                if (line := written[key]) is not None:
                    entry = set_line(self._tasks.entries[task], list(body), field, line)
            if entry is None:
                odd[task] = value
            else:
                assert self._tasks is not None
                self._tasks.entries[task] = entry
                self.data["tasks"][task] = {**body, field: _copy(value)}
        if odd and self._tasks is None:
            self._rewrite(lambda tree: _set_all(tree, field, odd))
        else:
            for task, value in odd.items():
                self.set_field(task, field, value)

    def add_task(self, task: str, fields: Mapping[str, Any]) -> None:
        """Add a task after the last one. Raises `ValueError` for an id that is taken or is none."""
        self.add_tasks({task: fields})

    def add_tasks(self, tasks: Mapping[str, Mapping[str, Any]]) -> None:
        """Add tasks after the last one, in one pass. Raises `ValueError` for an id that is taken or is none."""
        if not isinstance(self.data.get("tasks") or {}, dict):
            raise ValueError("what stands under `tasks` in the text is no mapping of tasks; mend that first")
        taken = set(self.task_ids)
        for task in tasks:
            self._free(task, taken)
        if self._tasks is None:
            self._rewrite(lambda tree: _add_in(tree, tasks))
            return
        self._end_line()
        sample, entries = self._sample(), self._tasks.entries
        writer = TaskWriter(sample)
        last = next(reversed(entries))
        entries[last], rest = trailing(entries[last])
        for task, fields in tasks.items():
            # A blank line between tasks where the document has them.
            if "\n\n" in sample and not entries[last].endswith("\n\n"):
                entries[last] += "\n"
            self._tasks.put(task, writer.text(task, fields))
            self.data["tasks"][task] = _copy(dict(fields))
            last = task
        entries[last] += drawn_out(rest, self._tasks.indent)

    def remove_task(self, task: str) -> None:
        """Remove a task, and what other tasks say of it in `needs`, `inputs` and `apart`."""
        self._body(task)
        self._update(task, lambda other, body: drop_references(body, task, gone=True), skip=task)
        self._reframe(task, None)
        if self._tasks is None:
            self._rewrite(lambda tree: tree["tasks"].pop(task))
            return
        if len(self._tasks.entries) == 1:
            assert self._top is not None
            self._top.entries["tasks"] = "tasks: {}\n" + trailing(self._tasks.entries[task])[1].replace("  #", "#")
            self._tasks = None
            del self.data["tasks"][task]
            return
        last = next(reversed(self._tasks.entries)) == task
        gone = self._tasks.entries.pop(task)
        rest = trailing(gone)[1] if last else ""
        if rest:
            # A comment further in would belong to a text block that now stands above it.
            self._tasks.entries[next(reversed(self._tasks.entries))] += drawn_out(rest, self._tasks.indent)
        del self.data["tasks"][task]

    def rename_task(self, task: str, new: str) -> None:
        """Give a task another id, also in the needs, inputs, arrays, expressions and `apart` of the others."""
        if task == new:
            return
        self._body(task)
        self._free(new)
        self._update(task, lambda other, body: rename_references(body, task, new))
        self._reframe(task, new)
        if self._tasks is None:
            self._rewrite(lambda tree: _rename_in(tree, task, new))
            return
        piece = self._tasks.source(task)
        at = next(place for place in _line_starts(piece) if not piece[place:].lstrip(" ").startswith("#"))
        key_end = at + len(task) + 2 * (piece[at] in "'\"")
        self._tasks.rename(task, new, piece[:at] + new + piece[key_end:])
        tasks = self.data["tasks"]
        self.data["tasks"] = {new if key == task else key: body for key, body in tasks.items()}

    def _reframe(self, task: str, new: str | None) -> None:
        canvas = self.data.get("canvas")
        if isinstance(canvas, dict) and (changed := in_frames(canvas, task, new)) is not None:
            self.set_top("canvas", changed)

    def _free(self, task: str, taken: Collection[str] | None = None) -> None:
        if not ids.is_id(task):
            raise ValueError(f"'{task}' is not an id: {ids.ALLOWED}")
        if task in (self.task_ids if taken is None else taken):
            raise ValueError(f"there is a task '{task}' already")

    def _may_name(self, task: str) -> list[str]:
        """The tasks that may say something of a task: their lines hold its name, or an escape."""
        if self._tasks is None:
            return self.task_ids
        return [other for other, lines in self._tasks.entries.items() if task in lines or "\\" in lines]

    def _update(
        self, task: str, changed: Callable[[str, dict[str, Any]], dict[str, Any]], skip: str | None = None
    ) -> None:
        """Set the fields that `changed` gives for each task that may name `task` (None removes one)."""
        for other in self._may_name(task):
            body = self.data["tasks"][other]
            if other == skip or not isinstance(body, dict):
                continue
            for field, value in changed(other, body).items():
                self.set_field(other, field, value)

    def add_need(self, task: str, needed: str, each: bool = False) -> None:
        """Make a task wait for another one; nothing happens when it does already."""
        needs = _needs(self._body(task))
        if any(_need_id(need) == needed for need in needs):
            return
        self._body(needed)
        self.set_field(task, "needs", [*needs, {"task": needed, "each": True} if each else needed])

    def remove_need(self, task: str, needed: str) -> None:
        """Stop waiting: the need and the inputs from that task go; a `foreach` over it stays, and needs it still."""
        for field, value in drop_references(self._body(task), needed).items():
            self.set_field(task, field, value)

    def set_top(self, field: str, value: Any) -> None:
        """Set a field of the graph itself (name, description, defaults, params); None removes it."""
        if field == "tasks":
            raise ValueError("tasks are changed one by one")
        if self._top is None or (value is None and field in self.data and len(self.data) == 1):
            self._rewrite(lambda tree: _set_key(tree, field, value))
            return
        self._end_line()
        if value is None:
            self._top.entries.pop(field, None)
            self.data.pop(field, None)
            return
        old = self._top.entries.get(field, "")
        if old:
            tree = load(old)
            assign(tree, field, value)
            if field == "canvas":
                _a_line_each(tree[field], self.data[field])
            self._top.entries[field] = _keep_end(dump(tree, old), old)
        else:
            entries = dict(self._top.entries)
            after = [key for key in _FIRST[: _FIRST.index(field)] if key in entries] if field in _FIRST else []
            place = list(entries).index(after[-1]) + 1 if after else len(entries)
            items = list(entries.items())
            tree = styled(value)
            if field == "canvas":
                _a_line_each(tree, {})
            items.insert(place, (field, dump({field: tree})))
            self._top.entries = dict(items)
        self.data[field] = value


def _a_line_each(canvas: Any, before: Any) -> None:
    """New frames and notes stand one below the other, however short they are."""
    if not before:
        canvas.fa.set_block_style()
    for key in ("frames", "notes"):
        if key in canvas and not (isinstance(before, dict) and before.get(key)):
            canvas[key].fa.set_block_style()


def _one_line(field: str, value: Any) -> str | None:
    """A value as it stands behind its key; None when it needs lines of its own."""
    if isinstance(value, list) and value and all(type(one) is int for one in value):
        return str(value)  # a position, of which there may be as many as tasks
    line = dump({field: styled(value)})
    return line[len(field) + 2 : -1] if line.count("\n") == 1 else None


def _set_key(tree: Any, field: str, value: Any) -> None:
    if value is None:
        tree.pop(field, None)
    elif type(tree) is dict:
        tree[field] = value
    else:
        assign(tree, field, value)


def _set_in(tasks: Any, task: str, field: str, value: Any) -> None:
    if tasks[task] is None:
        tasks[task] = {} if type(tasks) is dict else _block({})
    _set_key(tasks[task], field, value)


def _set_all(tree: Any, field: str, values: Mapping[str, Any]) -> None:
    for task, value in values.items():
        _set_in(tree["tasks"], task, field, value)


def _add_in(tree: Any, tasks: Mapping[str, Mapping[str, Any]]) -> None:
    plain = type(tree) is dict
    if not tree.get("tasks"):
        # Written anew, so that `tasks: {}` does not keep its braces.
        tree["tasks"] = {} if plain else load("x: 1\n")
        tree["tasks"].clear()
    for task, fields in tasks.items():
        tree["tasks"][task] = _copy(dict(fields)) if plain else _block(fields)


def _rename_in(tree: Any, task: str, new: str) -> None:
    tasks = tree["tasks"]
    if type(tasks) is dict:
        items = [(new if key == task else key, body) for key, body in tasks.items()]
        tasks.clear()
        tasks.update(items)
    else:
        place = list(tasks).index(task)
        tasks.insert(place, new, tasks.pop(task))


def _block(fields: Mapping[str, Any]) -> Any:
    body = styled(dict(fields))
    body.fa.set_block_style()
    return body


def _copied(block: Block | None) -> Block | None:
    return block and Block(block.before, dict(block.entries), block.indent)


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _copy(inner) for key, inner in value.items()}
    return [_copy(inner) for inner in value] if isinstance(value, list | tuple) else value


def _needs(body: Mapping[str, Any]) -> list[Any]:
    needs = body.get("needs")
    return [] if needs is None else list(needs) if isinstance(needs, list) else [needs]


def _need_id(need: Any) -> Any:
    return need.get("task") if isinstance(need, Mapping) else need


def _line_starts(text: str) -> list[int]:
    return [0, *(at + 1 for at, char in enumerate(text) if char == "\n" and at + 1 < len(text))]


def _keep_end(new: str, old: str) -> str:
    """The blank lines after a piece stay as many as they were."""
    blank = len(old) - len(old.rstrip("\n"))
    return new.rstrip("\n") + "\n" * max(blank, 1)


def _short_number(value: float) -> int | float:
    return int(value) if value == int(value) else round(value, 3)


def _json_indent(text: str) -> int | None:
    for line in text.splitlines()[1:]:
        if line.strip():
            return (len(line) - len(line.lstrip(" "))) or 2
    return None if len(text) > 2 else 2
