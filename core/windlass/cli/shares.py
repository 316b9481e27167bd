"""`windlass shares`: who has how much of the machines, and whose turn it is."""

from __future__ import annotations

from rich.table import Table

from windlass.cli.common import CoreOption, JsonOption, cells, command, connected, console, print_json, say


@command
def shares(core: CoreOption = None, json: JsonOption = False) -> None:
    """Show what each owner or project has of the machines now and had lately; whoever stands first is next."""
    with connected(core) as client:
        info = client.info()
    owners = sorted(info["owners"], key=lambda row: (row["standing"], row["owner"]))
    if json:
        print_json({"order": info["order"], "owners": owners})
        return
    if not owners:
        say("nobody has used this core lately")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("owner", "weight", "now", "lately", "standing"):
        table.add_column(heading, justify="left" if heading == "owner" else "right")
    for row in owners:
        table.add_row(
            *cells(
                row["owner"], f"{row['weight']:g}", f"{row['share']:.1%}", f"{row['average']:.1%}",
                f"{row['standing']:.3f}",
            )
        )  # fmt: skip
    console().print(table)
    say(f"order of ready work: {', '.join(info['order'])}")
