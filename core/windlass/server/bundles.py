"""What travels to an agent with the items of a task, and how a fan-out or a condition is decided.

A bundle holds what all items of a task share and goes to each agent once; an item brings only what is its own.
Texts are rendered on the agent: here only conditions, fan-outs and the names of input files are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from windlass.blobs.store import BlobError, BlobStore
from windlass.model import expand, expr, paths, template
from windlass.model.expr import ExprError, Scope
from windlass.model.graph import Call, FileRef, Need, PythonCall, Task
from windlass.sched.events import AttemptId
from windlass.server.rundata import NOTHING, RunData, encode
from windlass.store.reader import Reader
from windlass.wire import limits, results
from windlass.wire.messages import AssignItem, Bundle, Key

INLINE_RESULTS = 1024 * 1024
"""Bytes of other tasks' results in one bundle; beyond it they travel as blobs."""
SMALL = 200
"""Bytes of a result that is never worth a blob."""
RECENT = 8192
"""Results of single tasks of a run that are kept for those who need them next."""
APPENDED = 64 * 1024
"""Bytes of arguments that are kept as they come."""
BATCHES = 32
"""Batches of a task's arguments that are kept,"""
BATCH_BYTES = 1024 * 1024
"""as far as these are bytes of so many."""
_UNKNOWN = Bundle(0, 0, 0, "", Task("", Call("")), {})
_payloads = msgspec.msgpack.Decoder(list[bytes])


class Decision(NamedTuple):
    """The answer to `DecideTask`. `values` are kept, so that a restart decides alike."""

    items: int = 1
    skip: str = ""
    error: str = ""
    values: list[Any] | None = None


class Bundles:
    def __init__(
        self,
        reader: Reader,
        blobs: BlobStore,
        status: Callable[[RunData, int], str],
        licences: Collection[str] = (),
    ) -> None:
        """`status(run, task)` is succeeded, failed, cancelled or skipped, of a task that has ended.

        `licences` are counted by the core alone, so agents are not asked for them.
        """
        self._licences = licences
        self._reader = reader
        self._blobs = blobs
        self._status = status
        self._cache: dict[tuple[int, int], Bundle] = {}
        self._files: dict[tuple[int, int], list[FileRef]] = {}
        self._batches: dict[tuple[int, int], list[tuple[int, list[bytes]]]] = {}
        """Task -> the batches of arguments that were read last, the last one first."""
        self._appended: dict[tuple[int, int], tuple[int, list[bytes]]] = {}
        """Task -> the few items that came last: mostly they are given out at once."""
        self._singles: dict[tuple[int, int], list[bytes]] = {}
        self._ahead = 1
        """Single tasks whose arguments are read at once."""
        self._kinds: dict[tuple[int, int], Bundle | None] = {}
        """(run, kind) -> what all its tasks share, where that is all but their arguments and others' results."""
        self._recent: dict[int, dict[int, bytes | None]] = {}
        """Run -> single task that was sent out of late -> its result, once that is durable: who needs it comes soon."""

    # --- deciding ---

    def decide(self, run: RunData, position: int) -> Decision:
        """Evaluate the condition and count the items, from what upstream has left."""
        task = run.task(position)
        try:
            skip = self._skip(run, task)
            if skip:
                return Decision(0, skip=skip)
            source = expand.source(task)
            if source is None:
                return Decision(expand.count(task, run.params) or 0)
            values = self._fan_out(run, task, source)
        except (ExprError, ValueError, LookupError, OSError, BlobError) as error:
            return Decision(0, error=str(error))
        if len(values) > expand.MAX_ITEMS:
            return Decision(0, error=f"{len(values)} items; {expand.MAX_ITEMS} are allowed")
        return Decision(len(values), values=values)

    def _skip(self, run: RunData, task: Task) -> str:
        statuses = self.statuses(run, task)
        if task.when is None or not expr.uses_status(task.when):
            for name, status in statuses.items():
                tolerated = run.task(run.position[name]).continue_on_error and status == "failed"
                if status != "succeeded" and not tolerated:
                    return f"task {name!r} {'was' if status in ('cancelled', 'skipped') else 'has'} {status}"
        if task.when is not None and not expr.condition(task.when, self._scope(run, task)):
            return f"its condition is false: {task.when}"
        return ""

    def _fan_out(self, run: RunData, task: Task, source: str) -> list[Any]:
        each = task.foreach
        assert each is not None
        position = run.position[source]
        if each.outputs_of is not None:
            by_path = {file.path: file for file in self.task_files(run, position)}
            return [list(_entry(by_path[path])) for path in expand.fan_out(each, by_path)]
        value = results.to_json(self._whole(self._reader.result(run.id, position, 0) or b""))
        if not isinstance(value, list):
            raise ValueError(f"the result of task {source!r} is no list, so nothing can be made for each element")
        return value

    def statuses(self, run: RunData, task: Task) -> dict[str, str]:
        """How the tasks it needs ended. Those needed item by item are not asked: theirs is each item's own."""
        return {need.task: self._status(run, run.position[need.task]) for need in task.needs if not need.each}

    def _scope(self, run: RunData, task: Task) -> Scope:
        refs = run.references(run.position[task.id])
        known: dict[str, Any] = {}
        whole = {need.task: run.position[need.task] for need in task.needs if not need.each}
        named = {name: at for name, at in whole.items() if name in refs.results}
        for name, raw in self._results(run, named).items():
            known[name] = [self._value(one) for one in raw] if isinstance(raw, list) else self._value(raw)
        return Scope(
            params=run.params,
            run_id=run.id,
            run_name=run.name,
            task=task.id,
            results=known,
            outputs=self._outputs(run, task, refs.outputs),
            statuses=self.statuses(run, task),
        )

    def _value(self, raw: bytes) -> Any:
        try:
            return results.to_json(self._whole(raw))
        except results.NotPlainData:
            return expr.Opaque(raw)

    def _whole(self, raw: bytes) -> bytes:
        """A result's bytes, brought in from its blob if it has one."""
        ref = results.blob_ref(raw)
        if ref is None:
            return raw
        if ref.size > limits.MESSAGE:
            raise ValueError(f"a result of {ref.size} bytes is too large to be looked at here")
        return self._blobs.read(ref.hash)

    # --- bundles ---

    def bundle(self, run: RunData, position: int) -> Bundle:
        """The task's bundle as it is now; the same object until `renew`."""
        key = (run.id, position)
        found = self._cache.get(key)
        if found is None:
            found = self._cache[key] = self._build(run, position)
            while len(self._cache) > 2000:
                del self._cache[next(iter(self._cache))]
        return found

    def renew(self, run: RunData, position: int) -> None:
        """Something it depends on, or the task itself, is made anew."""
        run.versions[position] = run.version(position) + 1
        self._cache.pop((run.id, position), None)
        self._files.pop((run.id, position), None)

    # --- tasks of a kind ---

    def of_kind(self, run: RunData, position: int) -> Bundle | None:
        """What a single task shares with all of its kind; None: it has a bundle of its own.

        Such tasks are functions that need nothing but their arguments and the results of others (`needed`).
        """
        kind = run.graph.kinds[position]
        found = self._kinds.get((run.id, kind), _UNKNOWN)
        if found is _UNKNOWN or (found is not None and found.version != run.first_version + run.amended):
            found = self._kinds[run.id, kind] = self._kind(run, kind)
        return None if run.graph.edges[1].of(position) else found

    def _kind(self, run: RunData, kind: int) -> Bundle | None:
        first = run.graph.firsts[kind]
        task = run.task(first)
        texts = task.env or task.inputs or task.outputs or task.when is not None or "${{" in task.workdir
        if task.is_array or not isinstance(task.action, Call) or texts or run.references(first) is not NOTHING:
            return None
        spec = replace(self._without_licences(task), needs=[])
        return Bundle(run.id, -1 - kind, run.first_version + run.amended, run.name, spec, run.params)

    def needed(self, run: RunData, position: int) -> dict[str, bytes | list[bytes]]:
        """The results that such a task needs; from now on its own is kept at hand, too."""
        recent = self._await(run.id, position)
        name = run.position.name
        ups = run.graph.edges[0].of(position)
        found: dict[str, bytes | list[bytes]] = {}
        weight = 0
        for up in ups:
            one = recent.get(up)
            if one is None or weight > INLINE_RESULTS:
                return self._results(run, {name(up): up for up in ups})
            found[name(up)] = one
            weight += len(one)
        return found

    def _await(self, run: int, position: int) -> dict[int, bytes | None]:
        """Keep the result of a single task when it comes; those that are kept."""
        recent = self._recent.get(run)
        if recent is None:
            recent = self._recent[run] = {}
        recent[position] = None
        if len(recent) > RECENT:
            del recent[next(iter(recent))]
        return recent

    def arguments(self, run: RunData, position: int) -> bytes:
        """Its pickled arguments; empty when the client sent none."""
        batch = self._single(run.id, position)
        return batch[0] if batch else b""

    def forget(self, run: int) -> None:
        """The run has ended or is gone."""
        caches: tuple[dict[tuple[int, int], Any], ...] = (
            self._cache, self._files, self._batches, self._appended, self._singles, self._kinds,
        )  # fmt: skip
        for cache in caches:
            for key in [key for key in cache if key[0] == run]:
                del cache[key]
        self._recent.pop(run, None)

    def keeps(self, run: int, position: int) -> bool:
        """Whether the result of the task is worth `keep_result`."""
        return position in self._recent.get(run, ())

    def keep_result(self, run: int, position: int, result: bytes) -> None:
        """The task's item has succeeded, and its plain result is durable."""
        recent = self._recent.get(run)
        if recent is not None and position in recent:
            if len(result) <= SMALL:
                recent[position] = result
            else:
                del recent[position]

    def drop_result(self, run: int, position: int) -> None:
        """What the task's items gave may be another now: ask the store."""
        if recent := self._recent.get(run):
            recent.pop(position, None)

    def _build(self, run: RunData, position: int) -> Bundle:
        task = run.task(position)
        if not task.is_array:
            self._await(run.id, position)
        refs = run.references(position)
        whole = {need.task: run.position[need.task] for need in task.needs if not need.each}
        call = isinstance(task.action, Call)
        wanted = whole if call else refs.results
        # A function's task without any text has none in which a status could be named.
        texts = task.env or task.inputs or task.outputs or "${{" in task.workdir
        speaks = not call or refs is not NOTHING or bool(texts)
        files: list[FileRef] = []
        if task.inputs and not refs.item_inputs:
            files = self._inputs(run, task, task.inputs, Scope(params=run.params))
        if isinstance(task.action, PythonCall):
            files += module_files(task.action.target, run.files)
        return Bundle(
            run=run.id,
            task=position,
            version=run.version(position),
            run_name=run.name,
            spec=self._without_licences(task),
            params=run.params,
            files=_distinct(files),
            results=self._results(run, {name: at for name, at in whole.items() if name in wanted}),
            statuses=self.statuses(run, task) if speaks else {},
            outputs=self._outputs(run, task, refs.outputs),
        )

    def _without_licences(self, task: Task) -> Task:
        named = task.resources.named
        if not named:
            return task
        own = {name: amount for name, amount in named.items() if name not in self._licences}
        if len(own) == len(named):
            return task
        return replace(task, resources=replace(task.resources, named=own))

    def _outputs(self, run: RunData, task: Task, wanted: Iterable[str]) -> dict[str, list[str]]:
        if not wanted:
            return {}
        whole = {need.task for need in task.needs if not need.each}
        return {
            name: [file.path for file in self.task_files(run, run.position[name])] for name in wanted if name in whole
        }

    def _results(self, run: RunData, wanted: Mapping[str, int]) -> dict[str, bytes | list[bytes]]:
        """Results of tasks, by name and position; large ones as blobs, so that the bundle stays a message."""
        found: dict[str, bytes | list[bytes]] = {}
        weight = 0
        recent = self._recent.get(run.id, {})
        for name, position in sorted(wanted.items()):
            one = recent.get(position)
            if one is not None:
                found[name] = one
                weight += len(one)
            elif run.task(position).is_array:
                many = [raw for _, raw in sorted(self._reader.results(run.id, position).items())]
                found[name] = many
                weight += sum(map(len, many))
            else:
                one = self._reader.result(run.id, position, 0)
                if one is not None:
                    found[name] = one
                    weight += len(one)
        if weight > INLINE_RESULTS:
            return {
                name: [self._as_blob(one) for one in raw] if isinstance(raw, list) else self._as_blob(raw)
                for name, raw in found.items()
            }
        return found

    def _as_blob(self, raw: bytes) -> bytes:
        if len(raw) <= SMALL or raw[:1] == b"b":
            return raw
        hash, size = self._blobs.add_bytes(raw)
        return results.encode_ref(FileRef("result", hash, size))

    # --- items ---

    def plain(self, run: RunData, position: int) -> bool:
        """Whether the items of the task bring nothing of their own but their number."""
        task = run.task(position)
        return (
            position not in run.values
            and not run.references(position).item_inputs
            and not any(need.each for need in task.needs)
        )

    def item(self, run: RunData, id: AttemptId, epoch: int, version: int) -> AssignItem:
        """What one item brings. Raises `ExprError` when the name of an input cannot be computed."""
        _, position, index, _ = id
        task = run.task(position)
        files: list[FileRef] = []
        value, raw = self._item_value(run, task, position, index)
        if task.foreach is not None and task.foreach.outputs_of is not None and position in run.values:
            files.append(FileRef(*run.values[position][index]))
        refs = run.references(position)
        each = {need.task for need in task.needs if need.each}
        if refs.item_inputs:
            scope = Scope(params=run.params, item=value, index=index, run_id=run.id, run_name=run.name, task=task.id)
            files += self._inputs(run, task, task.inputs, scope, index)
        elif each:
            files += self._inputs(run, task, task.inputs, Scope(params=run.params), index, each)
        wanted = each if isinstance(task.action, Call) else each & refs.results
        found: dict[str, bytes | list[bytes]] = {}
        for name in wanted:
            result = self._reader.result(run.id, run.position[name], index)
            if result is not None:
                found[name] = result
        return AssignItem(Key(*id, epoch), version, raw, _distinct(files), found)

    def _item_value(self, run: RunData, task: Task, position: int, index: int) -> tuple[Any, bytes]:
        """The value, and its msgpack when the agent cannot derive it."""
        values = run.values.get(position)
        if values is not None:
            outputs = task.foreach is not None and task.foreach.outputs_of is not None
            value = values[index][0] if outputs else values[index]
            return value, encode(value)
        if isinstance(task.action, Call) or not run.references(position).item_inputs:
            return None, b""
        try:
            return expand.item_value(task, index, run.params), b""
        except LookupError:
            return None, b""

    def shown_value(self, run: RunData, position: int, index: int) -> Any:
        """An item's value for people, shortened; None where there is none to show."""
        task = run.task(position)
        values = run.values.get(position)
        try:
            if values is not None:
                outputs = task.foreach is not None and task.foreach.outputs_of is not None
                value = values[index][0] if outputs else values[index]
            elif task.is_array:
                value = expand.item_value(task, index, run.params)
            else:
                return None
        except (LookupError, ExprError):
            return None
        return expand.display(value)

    def payload(self, run: RunData, position: int, index: int) -> bytes:
        """An item's pickled arguments; empty when the client sent none."""
        first, batch = self._batch(run, position, index)
        return batch[index - first] if index - first < len(batch) else b""

    def _batch(self, run: RunData, position: int, index: int) -> tuple[int, list[bytes]]:
        """The first of the items that came together with this one, and their arguments; none of them: (index, [])."""
        key = (run.id, position)
        known = self._batches.get(key, [])
        for place, (first, batch) in enumerate(known):
            if first <= index < first + len(batch):
                if place:
                    known.insert(0, known.pop(place))
                return first, batch
        first, batch = self._appended.get(key, (0, []))
        if first <= index < first + len(batch):
            return first, batch
        if not index and not run.task(position).is_array:
            return 0, self._single(run.id, position)
        row = self._reader.payloads(run.id, position, index)
        if row is None:
            return index, []
        found = row[0], _payloads.decode(row[2])
        # Items that come back from many agents are scattered; only of short arguments is much kept.
        most = max(1, min(BATCHES, BATCH_BYTES // max(1, len(row[2]))))
        self._batches.pop(key, None)
        self._batches[key] = [found, *known[: most - 1]]
        while len(self._batches) > 32:
            del self._batches[next(iter(self._batches))]
        return found

    def _single(self, run: int, position: int) -> list[bytes]:
        """The arguments of a single task. Those that come next in the graph are mostly asked for next."""
        found = self._singles.pop((run, position), None)
        if found is not None:
            return found
        # As far ahead as paid off the last time.
        self._ahead = max(1, self._ahead // 2) if len(self._singles) * 2 > self._ahead else min(64, self._ahead * 2)
        rows = self._reader.payloads_from(run, position, self._ahead, APPENDED)
        self._singles = {(run, at): _payloads.decode(data) for at, data in rows}
        return self._singles.pop((run, position), [])

    def appended(self, run: int, position: int, first: int, batch: list[bytes]) -> None:
        """These items were added to a task; nobody is given them before they are durable."""
        self._appended.pop((run, position), None)
        if sum(map(len, batch)) <= APPENDED:
            self._appended[run, position] = first, batch
            while len(self._appended) > 32:
                del self._appended[next(iter(self._appended))]

    def payloads(self, run: RunData, position: int, first: int, last: int, weight: int) -> list[bytes]:
        """Arguments of items from `first` on, at least one and at most about `weight` bytes."""
        found: list[bytes] = []
        while first < last and weight > 0:
            start, batch = self._batch(run, position, first)
            more = batch[first - start : last - start] or [b""]
            if sum(map(len, more)) > weight:
                more = more[:1] if len(more[0]) > weight else more[: max(1, weight * len(more) // sum(map(len, more)))]
            found += more
            weight -= sum(map(len, more))
            first += len(more)
        return found

    # --- files ---

    def task_files(self, run: RunData, position: int) -> list[FileRef]:
        """The outputs of a task. Where items of an array made files of one name, each gets its index before it."""
        key = (run.id, position)
        found = self._files.get(key)
        if found is None:
            rows = self._reader.outputs(run.id, position)
            seen: dict[str, int] = {}
            for _, file in rows:
                seen[file.path] = seen.get(file.path, 0) + 1
            found = [file if seen[file.path] == 1 else _under(index, file) for index, file in rows]
            self._files[key] = found
            while len(self._files) > 2000:
                del self._files[next(iter(self._files))]
        return found

    def _inputs(
        self,
        run: RunData,
        task: Task,
        entries: list[str],
        scope: Scope,
        index: int | None = None,
        only: set[str] | None = None,
    ) -> list[FileRef]:
        """The files that the entries name. `index`: of an item; `only`: no other tasks' outputs than of these."""
        needs = {need.task: need for need in task.needs}
        found: list[FileRef] = []
        for entry in entries:
            rendered = template.render(entry, scope)
            for one in rendered if isinstance(rendered, list) else [rendered]:
                text = expr.to_text(one)
                name, pattern = task_outputs(text, needs)
                if name is None:
                    if only is None:
                        found += matching(text, run.files)
                    continue
                if only is not None and name not in only:
                    continue
                position = run.position[name]
                if not needs[name].each:
                    candidates = self.task_files(run, position)
                elif index is not None:
                    candidates = [file for _, file in self._reader.outputs(run.id, position, index)]
                else:
                    continue  # comes with each item
                found += [file for file in candidates if pattern is None or paths.matches(pattern, file.path)]
        return found


def task_outputs(text: str, needs: dict[str, Need]) -> tuple[str | None, str | None]:
    """Read `TASK.outputs` or `TASK.outputs/PATTERN`; (None, None) for anything else."""
    name, dot, rest = text.partition(".outputs")
    if dot and name in needs and (not rest or rest.startswith("/")):
        return name, rest[1:] or None
    return None, None


def matching(text: str, files: list[FileRef]) -> list[FileRef]:
    """Files of the graph's folder by name, by pattern, or under a folder of that name."""
    try:
        wanted = paths.check_relative(text)
    except paths.PathError:
        return []
    exact = [file for file in files if file.path == wanted]
    if exact:
        return exact
    if wanted == ".":
        return list(files)
    folder = wanted + "/"
    return [file for file in files if file.path.startswith(folder) or paths.matches(wanted, file.path)]


def module_files(target: str, files: list[FileRef]) -> list[FileRef]:
    """The files of `module:function` that the client shipped from the graph's folder."""
    top = target.partition(":")[0].partition(".")[0]
    return [file for file in files if file.path == f"{top}.py" or file.path.startswith(f"{top}/")]


def _entry(file: FileRef) -> tuple[str, str, int, int]:
    return file.path, file.hash, file.size, file.mode


def _under(index: int, file: FileRef) -> FileRef:
    return FileRef(f"{index}/{file.path}", file.hash, file.size, file.mode)


def _distinct(files: list[FileRef]) -> list[FileRef]:
    """One file a path, the last named one."""
    return list({file.path: file for file in files}.values())
