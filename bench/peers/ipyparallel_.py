"""ipyparallel: a cluster of two engines and its load-balanced view. Its dependencies carry no values."""

import ipyparallel
from work import LAYER, SLOTS, Contestant, expect, main, no_op, true_command


class IPyParallel(Contestant):
    name = "ipyparallel"

    def start(self) -> None:
        self.cluster = ipyparallel.Cluster(n=SLOTS, log_level=40)
        self.client = self.cluster.start_and_connect_sync()
        self.client.wait_for_engines(SLOTS)
        self.view = self.client.load_balanced_view()

    def stop(self) -> None:
        self.client.close()
        self.cluster.stop_cluster_sync()

    def functions(self, count: int) -> None:
        expect(self.view.map_sync(no_op, range(count), chunksize=1), list(range(count)))

    def commands(self, count: int) -> None:
        expect(self.view.map_sync(true_command, range(count), chunksize=1), [0] * count)

    def call(self, number: int) -> None:
        expect(self.view.apply_sync(no_op, number), number)

    def command(self, number: int) -> None:
        expect(self.view.apply_sync(true_command, number), 0)

    def _after(self, before: list, value: int):
        with self.view.temp_flags(after=before):
            return self.view.apply_async(no_op, value)

    def chain(self, length: int) -> None:
        last = self.view.apply_async(no_op, 7)
        for _ in range(length - 1):
            last = self._after([last], 7)
        expect(last.get(), 7)

    def fan(self, width: int) -> None:
        first = self.view.apply_async(no_op, 1)
        with self.view.temp_flags(after=[first]):
            middle = [self.view.apply_async(no_op, number) for number in range(width)]
        expect(self._after(middle, width).get(), width)

    def layered(self, count: int) -> None:
        layers = max(count // LAYER, 1)
        row = [self.view.apply_async(no_op, place) for place in range(LAYER)]
        for _ in range(layers - 1):
            row = [self._after([row[place], row[(place + 1) % LAYER]], place) for place in range(LAYER)]
        expect([one.get() for one in row], list(range(LAYER)))


if __name__ == "__main__":
    main(IPyParallel())
