"""Windlass as it comes: core, agent with two slots and client as processes of their own, durable store, CURVE."""

from pathlib import Path

import psutil
from work import LAYER, SLOTS, Contestant, add, expect, layered_result, main, no_op, total

from windlass import Client, Executor, Graph
from windlass.client.submit import Package
from windlass.model import graph as model

TRUE = model.Command(["/bin/true"])


class Windlass(Contestant):
    name = "windlass"

    def start(self) -> None:
        self.client = Client.embedded(agents=1, cpus=SLOTS)
        self.executor = Executor(SLOTS, core=self.client)

    def stop(self) -> None:
        self.executor.shutdown()
        self.client.close()

    def _succeed(self, graph: Graph | Package) -> object:
        run = self.client.submit(graph)
        expect(run.wait(), "succeeded")
        return run

    def functions(self, count: int) -> None:
        expect(self.client.map(no_op, range(count)), list(range(count)))

    def commands(self, count: int) -> None:
        self._succeed(Package(_graph(_array("items", count))))

    def call(self, number: int) -> None:
        expect(self.executor.submit(no_op, number).result(), number)

    def command(self, number: int) -> None:
        self._succeed(Package(_graph(model.Task(id="one", action=TRUE))))

    def chain(self, length: int) -> None:
        graph = Graph("chain")
        node = graph.call(no_op, 7)
        for _ in range(length - 1):
            node = graph.call(no_op, node)
        expect(self._succeed(graph).result(node), 7)

    def fan(self, width: int) -> None:
        graph = Graph("fan")
        first = graph.call(no_op, 1)
        middle = graph.map(add, range(width), [first] * width)
        last = graph.call(total, middle)
        expect(self._succeed(graph).result(last), sum(range(1, width + 1)))

    def layered(self, count: int) -> None:
        layers = max(count // LAYER, 1)
        graph = Graph("layered")
        nodes = [graph.call(no_op, place) for place in range(LAYER)]
        for _ in range(layers - 1):
            nodes = [graph.call(add, nodes[place], nodes[(place + 1) % LAYER]) for place in range(LAYER)]
        run = self._succeed(graph)
        expect([run.result(node) for node in nodes], layered_result(layers))

    def command_chain(self, length: int) -> None:
        tasks = [
            model.Task(id=f"t{place}", action=TRUE, needs=[model.Need(f"t{place - 1}")] if place else [])
            for place in range(length)
        ]
        self._succeed(Package(_graph(*tasks)))

    def command_fan(self, width: int) -> None:
        middle = _array("middle", width, "first")
        last = model.Task(id="last", action=TRUE, needs=[model.Need("middle")])
        self._succeed(Package(_graph(model.Task(id="first", action=TRUE), middle, last)))

    def waiting(self, count: int) -> float:
        with Client.embedded(agents=0) as client:
            process = psutil.Process(client.core.core_process.pid)
            before = 0
            for size in (10, count):
                before = process.memory_full_info().uss
                client.submit(Package(_graph(*(model.Task(id=f"t{place}", action=TRUE) for place in range(size)))))
            return (process.memory_full_info().uss - before) / count


def _array(id: str, count: int, after: str = "") -> model.Task:
    needs = [model.Need(after)] if after else []
    return model.Task(id=id, action=TRUE, needs=needs, foreach=model.Foreach(range=(0, count, 1)))


def _graph(*tasks: model.Task) -> model.Graph:
    return model.Graph(name=Path(__file__).stem, tasks=list(tasks))


if __name__ == "__main__":
    main(Windlass())
