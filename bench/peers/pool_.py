"""The standard library's ProcessPoolExecutor: one machine, nothing durable, no graph. The floor for plain calls."""

import platform
from concurrent.futures import ProcessPoolExecutor

from work import SLOTS, Contestant, expect, main, no_op, true_command


class Pool(Contestant):
    name = "pool"

    def version(self) -> str:
        return platform.python_version()

    def start(self) -> None:
        self.pool = ProcessPoolExecutor(SLOTS)

    def stop(self) -> None:
        self.pool.shutdown()

    def functions(self, count: int) -> None:
        expect(list(self.pool.map(no_op, range(count))), list(range(count)))

    def commands(self, count: int) -> None:
        expect(list(self.pool.map(true_command, range(count))), [0] * count)

    def call(self, number: int) -> None:
        expect(self.pool.submit(no_op, number).result(), number)

    def command(self, number: int) -> None:
        expect(self.pool.submit(true_command, number).result(), 0)


if __name__ == "__main__":
    main(Pool())
