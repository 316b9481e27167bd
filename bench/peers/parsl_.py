"""Parsl: its high-throughput executor with two workers, everything else as it comes."""

import tempfile

import parsl
from parsl.config import Config
from parsl.executors import HighThroughputExecutor
from parsl.providers import LocalProvider
from work import LAYER, SLOTS, Contestant, add, expect, layered_result, main, no_op, true_command


def total_of(inputs: list = ()) -> int:  # Parsl resolves futures in an argument of this name
    return sum(inputs)


class Parsl(Contestant):
    name = "parsl"

    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="bench-parsl-")
        executor = HighThroughputExecutor(
            label="bench",
            max_workers_per_node=SLOTS,
            cores_per_worker=1,
            address="127.0.0.1",
            provider=LocalProvider(init_blocks=1, max_blocks=1),
        )
        parsl.load(Config(executors=[executor], strategy="none", run_dir=self.folder.name))
        app = parsl.python_app
        self.no_op, self.add, self.true, self.total = app(no_op), app(add), app(true_command), app(total_of)

    def stop(self) -> None:
        parsl.dfk().cleanup()
        parsl.clear()
        self.folder.cleanup()

    def functions(self, count: int) -> None:
        futures = [self.no_op(number) for number in range(count)]
        expect([future.result() for future in futures], list(range(count)))

    def commands(self, count: int) -> None:
        futures = [self.true(number) for number in range(count)]
        expect([future.result() for future in futures], [0] * count)

    def call(self, number: int) -> None:
        expect(self.no_op(number).result(), number)

    def command(self, number: int) -> None:
        expect(self.true(number).result(), 0)

    def chain(self, length: int) -> None:
        future = 7
        for _ in range(length):
            future = self.no_op(future)
        expect(future.result(), 7)

    def fan(self, width: int) -> None:
        first = self.no_op(1)
        middle = [self.add(number, first) for number in range(width)]
        expect(self.total(inputs=middle).result(), sum(range(1, width + 1)))

    def layered(self, count: int) -> None:
        layers = max(count // LAYER, 1)
        values = [self.no_op(place) for place in range(LAYER)]
        for _ in range(layers - 1):
            values = [self.add(values[place], values[(place + 1) % LAYER]) for place in range(LAYER)]
        expect([value.result() for value in values], layered_result(layers))


if __name__ == "__main__":
    main(Parsl())
