"""Which fields the inspector has, in their groups: label, what it means, and how it is read and shown."""

from __future__ import annotations

from windlass_gui.editor import fields as f
from windlass_gui.editor.fields import Choice, Field, Tick, judged

GRAPH = (
    Field("name", "Name", "What runs of it are called", f.parse_text, f.show_text),
    Field("description", "Description", "What the graph is for", f.parse_text, f.show_text, rows=3),
    Field("params", "Parameters", "Names and default values, such as {size: 4}; asked for at Submit",
          f.parse_yaml_mapping, f.show_yaml, rows=5, mono=True),
)  # fmt: skip
GRAPH_LIMITS = (
    Field("limits.running", "Running", "Most items of a whole run that are active at once",
          judged("limits.running", f.parse_yaml), f.show_text, example="no limit"),
    Field("limits.groups", "Groups", "Sizes of groups that tasks name, one NAME=NUMBER a line",
          judged("limits.groups", f.parse_amounts), f.show_pairs, rows=3, mono=True),
)  # fmt: skip
TITLE = Field("title", "Title", "What people read on the node", f.parse_text, f.show_text)
DESCRIPTION = Field("description", "Description", "What it is for", f.parse_text, f.show_text, rows=2)
COMMAND = Field("command", "Shell line", "Goes through the shell: pipes and quotes work", f.parse_text, f.show_command,
                rows=3, mono=True)  # fmt: skip
ARGUMENTS = Field("command", "Arguments", "The program and its arguments, one a line, run as they are", f.parse_lines,
                  f.show_command, rows=4, mono=True)  # fmt: skip
SCRIPT = Field("script", "Script", "A block of text for the interpreter", f.parse_block, f.show_text, rows=6, mono=True)
SHELL = Field("shell", "Interpreter", "sh -e if empty; or bash, python3, ...", f.parse_text, f.show_text, mono=True,
              example="sh -e")  # fmt: skip
PYTHON = Field("python", "Function", "module:function, found beside the graph or on the agent", f.parse_text,
               f.show_text, mono=True, example="module:function")  # fmt: skip
ARGS = Field("args", "Arguments", "A list, such as [1, fast]", f.parse_yaml_list, f.show_yaml, rows=2, mono=True)
KWARGS = Field("kwargs", "Named", "Names and values, such as {size: 4}", f.parse_yaml_mapping, f.show_yaml, rows=2,
               mono=True)  # fmt: skip
FOREACH = Field("foreach", "For each", "A list, {range: 10}, or TASK.outputs", judged("foreach", f.parse_yaml),
                f.show_text, rows=2, mono=True)  # fmt: skip
MATRIX = Field("matrix", "Matrix", "Names with lists: every combination is one item",
               judged("matrix", f.parse_yaml_mapping), f.show_yaml, rows=3, mono=True)  # fmt: skip
FILES = (
    Field("inputs", "Inputs", "Files it reads, one a line: a path or pattern beside the graph, or TASK.outputs",
          judged("inputs", f.parse_lines), f.show_lines, rows=2, mono=True),
    Field("outputs", "Outputs", "Files it makes and that are kept, one path or pattern a line",
          judged("outputs", f.parse_lines), f.show_lines, rows=2, mono=True),
)  # fmt: skip
RESOURCES = (
    Field("resources.cpus", "CPUs", "How many CPUs it keeps busy; 0.5 shares one",
          judged("resources.cpus", f.parse_yaml), f.show_text, example="1"),
    Field("resources.memory", "Memory", "What to reserve, such as 512 MiB",
          judged("resources.memory", f.parse_yaml), f.show_text, example="512 MiB"),
    Field("resources.disk", "Disk", "Room for its files, such as 2 GiB",
          judged("resources.disk", f.parse_yaml), f.show_text, example="2 GiB"),
    Field("resources.gpus", "GPUs", "Whole GPUs for itself",
          judged("resources.gpus", f.parse_yaml), f.show_text, example="0"),
    Field("resources.gpu-memory", "GPU memory",
          "What each of its GPUs must have; without GPUs, a part of one GPU that others share",
          judged("resources.gpu-memory", f.parse_yaml), f.show_text, example="8 GiB"),
    Field("resources.named", "Licences", "Licences and other counted things, one NAME=NUMBER a line",
          judged("resources.named", f.parse_amounts), f.show_pairs, rows=2, mono=True),
)  # fmt: skip
PLACE = (
    Field("where", "Only on", "Constraints on the agents' labels, one a line, such as os == linux",
          judged("where", f.parse_lines), f.show_lines, rows=2, mono=True),
    Choice("placement", "Placement", "Which of the agents that could take it",
           (("pack", "Fill one agent first"), ("spread", "Spread over agents"))),
    Field("apart", "Apart from", "Tasks whose attempts never share an agent with this one's; its own id: one an agent",
          judged("apart", f.parse_names), f.show_names, mono=True, example="other, tasks"),
    Tick("exclusive", "Alone on its agent", "exclusive: the agent runs nothing else beside an attempt of it"),
    Tick("pin", "CPUs of its own", "pin: each attempt gets CPUs that no other uses, as many as it asks for"),
)  # fmt: skip
LIMITS = (
    Field("limit", "At most", "Most of its items that are active at once",
          judged("limit", f.parse_yaml), f.show_text, example="no limit"),
    Field("groups", "Groups", "Groups that it shares a limit with: their sizes stand in the graph's limits (click the "
          "empty canvas) or at the core", judged("groups", f.parse_names), f.show_names, mono=True,
          example="database"),
)  # fmt: skip
FAILURE = (
    Field("retries", "Retries", "How often a failure is tried again: 2, or {max: 2, backoff: 5 s}",
          judged("retries", f.parse_yaml), f.show_text, example="0"),
    Field("timeout", "Timeout", "How long one attempt may take, such as 10 min",
          judged("timeout", f.parse_yaml), f.show_text, example="10 min"),
    Tick("continue-on-error", "Others go on when it fails",
         "continue-on-error: what needs it runs although it failed"),
)  # fmt: skip
ORDER = (
    Field("when", "Condition", "Runs only if this is true, such as params.crf > 20",
          judged("when", f.parse_condition), f.show_text, mono=True, example="params.size > 2"),
    Field("priority", "Priority", "Higher goes first; 0 is usual",
          judged("priority", f.parse_yaml), f.show_text, example="0"),
    Field("deadline", "Deadline", "How long after the submit it should have ended, such as 2 h; the nearest goes first",
          judged("deadline", f.parse_yaml), f.show_text, example="2 h"),
)  # fmt: skip
MORE = (
    Field("env", "Environment", "Variables, one NAME=value a line",
          judged("env", f.parse_pairs), f.show_pairs, rows=2, mono=True),
    Field("workdir", "Directory", "Where it runs, below its work directory",
          judged("workdir", f.parse_text), f.show_text, mono=True, example="."),
)  # fmt: skip
