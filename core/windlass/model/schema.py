"""The JSON Schema (2020-12) of a graph document, made from `fields.py`, and the starter document that names it.

`graph.schema.json` beside this file is the same, written out: `python -m windlass.model.schema` writes it anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from windlass.model import fields
from windlass.model.fields import ACTIONS, Schema

NAME = "urn:windlass:graph:1"
FILE = Path(__file__).with_name("graph.schema.json")
"""The shipped copy, held equal by a test."""

_SIZE = r"^\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*([kKmMgGtTpPeE]([iI][bB]?|[bB])?|[bB]|[bB]ytes?)?\s*$"
_DURATION = r"^\s*((\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*[A-Za-z]*\s*)+$"


def _object(table: dict[str, tuple[Schema, str]], **more: Any) -> Schema:
    properties = {name: {**schema, "description": text} for name, (schema, text) in table.items()}
    return {"type": "object", "properties": properties, "additionalProperties": False, **more}


def make_schema() -> dict[str, Any]:
    """What a document may hold, for editors and validators. `windlass check` knows more: names, cycles, units."""
    task = _object(fields.TASK)
    task["oneOf"] = [{"required": [action]} for action in ACTIONS]
    task["dependentSchemas"] = {
        "args": {"required": ["python"]},
        "kwargs": {"required": ["python"]},
        "shell": {"required": ["script"]},
        "matrix": {"not": {"required": ["foreach"]}},
    }
    defaults = {name: fields.TASK[name] for name in fields.DEFAULTS}
    foreach: list[Schema] = [
        {"type": "array", "minItems": 1, "description": "The items themselves."},
        {"type": "integer", "minimum": 1, "description": "So many items: 0, 1, 2, ..."},
        {"type": "string", "description": "TASK.outputs, TASK.outputs/PATTERN, TASK.result, or ${{ expression }}."},
        _object(fields.FOREACH, minProperties=1, maxProperties=1),
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": NAME,
        "title": "Windlass graph",
        "description": "A graph of tasks for Windlass, document version 1.",
        **_object(fields.GRAPH, required=["windlass", "tasks"]),
        "$defs": {
            "task": {"description": "One node of the graph.", **task},
            "defaults": _object(defaults),
            "resources": _object(fields.RESOURCES),
            "limits": _object(fields.LIMITS),
            "retries": _object(fields.RETRIES),
            "canvas": _object(fields.CANVAS),
            "frame": _object(fields.FRAME),
            "note": _object(fields.NOTE),
            "need": {"anyOf": [{"type": "string"}, _object(fields.NEED, required=["task"])]},
            "foreach": {"anyOf": foreach},
            "size": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": _SIZE}]},
            "duration": {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": _DURATION}]},
        },
    }


def schema_text() -> str:
    return json.dumps(make_schema(), indent=2, ensure_ascii=False) + "\n"


def starter(name: str = "my-graph") -> str:
    """A commented document to begin from; it runs as it is."""
    return STARTER.replace("{name}", name)


STARTER = """\
# yaml-language-server: $schema=graph.schema.json
# (`windlass schema > graph.schema.json` writes that file; editors then complete and check what you type.)
#
#   windlass check FILE      says what is wrong, with line and column
#   windlass run FILE        runs it on this machine

windlass: 1                       # version of the document format
name: {name}

# Values that can be changed at every run: windlass run FILE --param words=5
params:
  words: 3

# What every task gets that does not say otherwise.
defaults:
  resources: {cpus: 1, memory: 64 MiB}
  retries: 1
  timeout: 5 min

tasks:
  # A script writes some files. What a task declares as outputs is kept, and given to the tasks that need it.
  write:
    script: |
      for number in $(seq 1 ${{ params.words }}); do
        echo "word $number" > "word-$number.txt"
      done
    outputs: ["word-*.txt"]

  # One item for each of these files. How many there are is known only once `write` has ended.
  shout:
    foreach: write.outputs
    # A command as a list is executed as it is; as a text it goes through the shell.
    # Values in ${{ }} are always quoted, whatever a file's name holds.
    command: tr a-z A-Z < ${{ item }} > ${{ item.stem }}.loud
    outputs: ["${{ item.stem }}.loud"]

  # All of the loud files in one.
  collect:
    needs: [shout]                # understood from `inputs` too; it may be said
    inputs: [shout.outputs]       # laid into the work directory under the same names
    command: cat *.loud > all.txt && cat all.txt
    outputs: [all.txt]

  # More that a task can say:
  #   python: module:function     instead of command or script, with args: [...] and kwargs: {...}
  #   matrix: {size: [1, 2]}      an item for each combination, ${{ matrix.size }}
  #   when: params.words > 1      skipped when this is false
  #   where: [os == linux]        conditions on the agent's labels
  #   env: {LEVEL: high}          environment variables
"""


if __name__ == "__main__":
    FILE.write_text(schema_text(), encoding="utf-8")
