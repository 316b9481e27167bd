"""A layered layout of a graph, left to right, without Qt.

Five steps, each linear or nearly so in the size of the graph: tasks go to columns by their longest path from a
source, and from there as far right as brings them nearer to what needs them; a link that passes columns gets a way
point in each; barycentre sweeps order the columns so that few links cross, parts that no link joins one below the
other; every node moves as near to the middle of its neighbours as its column's order allows, which is an isotonic
regression and therefore exact; and last the way points go to where the link's curve is really drawn, so that nodes
make way for it. Tasks that touch no link are laid in a block below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NODE_WIDTH = 200.0
NODE_HEIGHT = 68.0
NODE: Point = (NODE_WIDTH, NODE_HEIGHT)
COLUMN_GAP = 90.0
ROW_GAP = 32.0
WAY_POINT_HEIGHT = 14.0
WAY_POINT_GAP = 10.0
"""Between a way point and what is beside it."""
PART_GAP = 40.0
"""More than between nodes, between parts of the graph that no link joins."""
SWEEPS = 12
MAKING_WAY = 3
"""How often nodes make way for the curves: each time the curves' ends have moved a little."""
WAY_POINT_WEIGHT = 6.0
"""Nodes move for a link, the link hardly for nodes: it is drawn where its ends are."""
WAY_POINTS_PER_NODE = 12
"""Links longer than the budget allows are drawn straight instead of being given way points."""


def layout(needs: Mapping[str, Sequence[str]], sizes: Mapping[str, Point] | None = None) -> dict[str, Point]:
    """Top-left corners, in scene units, for every task of `needs` (task -> what it needs, unknown names ignored).

    `sizes`: width and height of those that are larger than a node, such as a whole frame.
    """
    ids, sizes = list(needs), sizes or {}
    index = {task: i for i, task in enumerate(ids)}
    links = [(index[n], index[t]) for t in ids for n in dict.fromkeys(needs[t]) if n in index and n != t]
    linked = np.zeros(len(ids), dtype=bool)
    for source, target in links:
        linked[source] = linked[target] = True
    columns = _nearer(_columns(len(ids), links), links)
    points: dict[str, Point] = {}
    bottom = 0.0
    kept = np.flatnonzero(linked)
    if len(kept):
        size = np.array([sizes.get(ids[i], NODE) for i in kept])
        widths = np.full(int(columns[kept].max()) + 1, NODE_WIDTH)
        np.maximum.at(widths, columns[kept], size[:, 0])
        lefts = np.concatenate(([0.0], np.cumsum(widths + COLUMN_GAP)[:-1]))
        ys = _rows(kept, columns, links, size, lefts, widths)
        top = min(ys.values())
        for i, y in ys.items():
            points[ids[i]] = (round(float(lefts[columns[i]])), round(y - top))
        bottom = max(ys[int(i)] - top + high for i, high in zip(kept, size[:, 1], strict=True)) + 2 * ROW_GAP
    return points | _block([ids[i] for i in range(len(ids)) if not linked[i]], sizes, bottom)


def _block(alone: list[str], sizes: Mapping[str, Point], top: float) -> dict[str, Point]:
    """Those that no link joins, in rows and columns from `top` on."""
    across = max(1, ceil(sqrt(len(alone) / 2)))
    widths, heights = [0.0] * across, [0.0] * ceil(len(alone) / across)
    for at, task in enumerate(alone):
        row, column = divmod(at, across)
        width, height = sizes.get(task, NODE)
        widths[column], heights[row] = max(widths[column], width), max(heights[row], height)
    lefts = list(accumulate((width + COLUMN_GAP for width in widths), initial=0.0))
    tops = list(accumulate((height + ROW_GAP for height in heights), initial=top))
    return {task: (round(lefts[at % across]), round(tops[at // across])) for at, task in enumerate(alone)}


def _columns(count: int, links: list[tuple[int, int]]) -> Ints:
    """Each node's longest path from a source. Nodes of a cycle (a document may hold one) are cut where met first."""
    after: list[list[int]] = [[] for _ in range(count)]
    waits = [0] * count
    for source, target in links:
        after[source].append(target)
        waits[target] += 1
    column = np.zeros(count, dtype=np.int64)
    done = [False] * count
    queue = [i for i in range(count) if waits[i] == 0]
    left = count
    next_cut = 0
    while left:
        if not queue:
            while done[next_cut]:
                next_cut += 1
            queue.append(next_cut)
        node = queue.pop()
        if done[node]:
            continue
        done[node] = True
        left -= 1
        for target in after[node]:
            if done[target]:
                continue
            column[target] = max(column[target], column[node] + 1)
            waits[target] -= 1
            if waits[target] == 0:
                queue.append(target)
    return column


def _nearer(columns: Ints, links: list[tuple[int, int]]) -> Ints:
    """Tasks with more links to the right than to the left go as far right as they may, from the last column on."""
    count = len(columns)
    after: list[list[int]] = [[] for _ in range(count)]
    lean = [0] * count
    for source, target in links:
        if columns[target] > columns[source]:
            after[source].append(target)
            lean[source] += 1
            lean[target] -= 1
    column: list[int] = columns.tolist()
    for node in sorted(range(count), key=lambda node: -column[node]):
        if lean[node] > 0:
            column[node] = min(column[target] for target in after[node]) - 1
    return np.array(column, dtype=np.int64)


def _parts(count: int, links: list[tuple[int, int]]) -> Ints:
    """For each node the number of the part of the graph that it belongs to, in the order of their first nodes."""
    beside: list[list[int]] = [[] for _ in range(count)]
    for source, target in links:
        beside[source].append(target)
        beside[target].append(source)
    part = [-1] * count
    number = 0
    for first in range(count):
        if part[first] >= 0:
            continue
        part[first] = number
        stack = [first]
        while stack:
            for other in beside[stack.pop()]:
                if part[other] < 0:
                    part[other] = number
                    stack.append(other)
        number += 1
    return np.array(part, dtype=np.int64)


def _rows(
    nodes: Ints, columns: Ints, links: list[tuple[int, int]], size: Floats, lefts: Floats, widths: Floats
) -> dict[int, float]:
    """The top of each node, by sweeps over the columns. `lefts` and `widths` are those of the columns."""
    layer = [int(columns[i]) for i in nodes]
    height = size[:, 1].tolist()
    local = {int(i): at for at, i in enumerate(nodes)}
    part = _parts(len(columns), links)[nodes].tolist()
    short: list[tuple[int, int]] = []
    long: list[tuple[int, int, int]] = []
    budget = WAY_POINTS_PER_NODE * len(nodes) + 1000
    for source, target in links:
        a, b = local[source], local[target]
        span = layer[b] - layer[a]
        if span < 1 or span - 1 > budget:
            continue
        budget -= span - 1
        last = a
        for column in range(layer[a] + 1, layer[b]):
            layer.append(column)
            height.append(WAY_POINT_HEIGHT)
            part.append(part[a])
            long.append((len(layer) - 1, a, b))
            short.append((last, len(layer) - 1))
            last = len(layer) - 1
        short.append((last, b))
    layers = np.array(layer, dtype=np.int64)
    heights = np.array(height, dtype=np.float64)
    pairs = np.array(short, dtype=np.int64).reshape(-1, 2)
    parts = np.array(part, dtype=np.int64)
    orders = _ordered(layers, pairs, parts)
    centre = _straightened(orders, layers, heights, pairs, parts)
    if long:
        ways = np.array(long, dtype=np.int64)
        points, sources, targets = layers[ways.T]
        ports = lefts[sources] + size[ways[:, 1], 0]
        edges = lefts[points] - ports, lefts[points] + widths[points] - ports
        _make_way(orders, layers, heights, parts, ways, centre, edges, lefts[targets] - ports)
    ys = centre - heights / 2
    return {int(node): float(ys[at]) for at, node in enumerate(nodes)}


def _ordered(layers: Ints, pairs: Ints, parts: Ints) -> list[Ints]:
    """The order of each column with the fewest crossings that the sweeps met."""
    depth = int(layers.max()) + 1
    orders: list[Ints] = [np.flatnonzero(layers == column) for column in range(depth)]
    orders = [order[np.argsort(parts[order], kind="stable")] for order in orders]
    place = np.zeros(len(layers), dtype=np.float64)
    for order in orders:
        place[order] = np.arange(len(order))
    by_layer = [pairs[layers[pairs[:, 0]] == column] for column in range(depth - 1)] if len(pairs) else []
    best, fewest = [order.copy() for order in orders], _crossings(by_layer, place)
    for sweep in range(SWEEPS):
        if fewest == 0:
            break
        forward = sweep % 2 == 0
        for column in range(1, depth) if forward else range(depth - 2, -1, -1):
            near = by_layer[column - 1] if forward else by_layer[column]
            own, other = (near[:, 1], near[:, 0]) if forward else (near[:, 0], near[:, 1])
            degree = np.bincount(own, minlength=len(layers))
            total = np.bincount(own, weights=place[other], minlength=len(layers))
            order = orders[column]
            wish = np.where(degree[order] > 0, total[order] / np.maximum(degree[order], 1), place[order])
            orders[column] = order[np.lexsort((wish, parts[order]))]
            place[orders[column]] = np.arange(len(order))
        crossings = _crossings(by_layer, place)
        if crossings < fewest:
            best, fewest = [order.copy() for order in orders], crossings
    return best


def _crossings(by_layer: list[Ints], place: Floats) -> int:
    total = 0
    for pairs in by_layer:
        source, target = place[pairs[:, 0]], place[pairs[:, 1]]
        total += _inversions(target[np.lexsort((target, source))])
    return total


def _inversions(values: Floats) -> int:
    """How many pairs stand in the wrong order: a merge sort that counts, each level in one numpy step."""
    _, ranks = np.unique(values, return_inverse=True)
    ranks = ranks.astype(np.int64)
    count = len(ranks)
    total, width = 0, 1
    span = int(ranks.max()) + 1 if count else 1
    while width < count:
        # Blocks of `width` are sorted; one global search finds, for each element of a right block, how many of its
        # left block are not greater, because the block's number is folded into the key.
        block = np.arange(count) // (2 * width)
        right = (np.arange(count) // width) % 2 == 1
        keys = block * span + ranks
        left_keys = keys[~right]
        at = np.searchsorted(left_keys, keys[right], side="right")
        ends = np.searchsorted(left_keys, (block[right] + 1) * span, side="left")
        total += int((ends - at).sum())
        ranks = np.sort(keys, kind="stable") % span
        width *= 2
    return total


def _offsets(order: Ints, heights: Floats, parts: Ints) -> Floats:
    """How far each centre is from the first one of its column when all stand as close as allowed."""
    step, part = heights[order], parts[order]
    node = step >= NODE_HEIGHT
    gaps = (step[1:] + step[:-1]) / 2 + np.where(node[1:] & node[:-1], ROW_GAP, WAY_POINT_GAP)
    return np.concatenate(([0.0], np.cumsum(gaps + np.where(part[1:] != part[:-1], PART_GAP, 0.0))))


def _straightened(orders: list[Ints], layers: Ints, heights: Floats, pairs: Ints, parts: Ints) -> Floats:
    """Centres that keep each column's order and bring every node near the middle of its neighbours."""
    centre = np.zeros(len(layers), dtype=np.float64)
    offsets: list[Floats] = []
    for order in orders:
        offset = _offsets(order, heights, parts)
        offsets.append(offset)
        centre[order] = offset - offset[-1] / 2
    if len(pairs) == 0:
        return centre
    for sweep in range(8):
        forward = sweep % 2 == 0
        both = sweep >= 6
        own = pairs[:, 1] if forward else pairs[:, 0]
        other = pairs[:, 0] if forward else pairs[:, 1]
        if both:
            own, other = np.concatenate((own, other)), np.concatenate((other, own))
        degree = np.bincount(own, minlength=len(layers))
        for column in range(len(orders)) if forward else range(len(orders) - 1, -1, -1):
            order = orders[column]
            mask = layers[own] == column if len(orders) < 40 else None
            o, n = (own[mask], other[mask]) if mask is not None else (own, other)
            total = np.bincount(o, weights=centre[n], minlength=len(layers))
            wish = np.where(degree[order] > 0, total[order] / np.maximum(degree[order], 1), centre[order])
            centre[order] = _isotonic(wish - offsets[column]) + offsets[column]
    return centre


def _make_way(
    orders: list[Ints],
    layers: Ints,
    heights: Floats,
    parts: Ints,
    long: Ints,
    centre: Floats,
    edges: tuple[Floats, Floats],
    way: Floats,
) -> None:
    """Move the nodes beside long links away from the curves. `long`: way point, source, target of its link.

    `edges`: how far from the link's start the nodes beside it begin and end; `way`: how far away it ends.
    """
    points, sources, targets = long.T
    # How much of its way up or down the curve (see `link_item.link_path`) has made there.
    share = np.linspace(0.0, 1.0, 33)
    across, down = 1.5 * share - 1.5 * share**2 + share**3, 3 * share**2 - 2 * share**3
    first, last = (np.interp(edge / way, across, down) for edge in edges)
    weight = np.where(heights < NODE_HEIGHT, WAY_POINT_WEIGHT, 1.0)
    heights = heights.copy()
    for _ in range(MAKING_WAY):
        rise = centre[targets] - centre[sources]
        centre[points] = centre[sources] + rise * (first + last) / 2
        heights[points] = WAY_POINT_HEIGHT + np.minimum(np.abs(rise * (last - first)), NODE_HEIGHT / 2)
        for column in np.unique(layers[points]).tolist():
            order = orders[column]
            order = order[np.argsort(centre[order], kind="stable")]
            orders[column] = order
            offset = _offsets(order, heights, parts)
            centre[order] = _isotonic(centre[order] - offset, weight[order]) + offset


def _isotonic(wish: Floats, weight: Floats | None = None) -> Floats:
    """The rising sequence nearest to `wish` in (weighted) squares: pool adjacent violators."""
    means: list[float] = []
    weights: list[float] = []
    counts: list[int] = []
    own = weight.tolist() if weight is not None else [1.0] * len(wish)
    for value, heavy in zip(wish.tolist(), own, strict=True):
        mean, count = value, 1
        while means and means[-1] > mean:
            last, size, other = means.pop(), counts.pop(), weights.pop()
            mean = (mean * heavy + last * other) / (heavy + other)
            count += size
            heavy += other
        means.append(mean)
        weights.append(heavy)
        counts.append(count)
    return np.repeat(np.array(means), np.array(counts))
