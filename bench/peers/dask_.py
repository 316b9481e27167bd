"""dask.distributed: a LocalCluster of two processes with one thread each, everything else as it comes."""

from distributed import Client, LocalCluster
from work import LAYER, SLOTS, Contestant, add, expect, layered_result, main, no_op, total, true_command


class Dask(Contestant):
    name = "distributed"

    def start(self) -> None:
        self.cluster = LocalCluster(n_workers=SLOTS, threads_per_worker=1, processes=True, dashboard_address=None)
        self.client = Client(self.cluster)

    def stop(self) -> None:
        self.client.close()
        self.cluster.close()

    def functions(self, count: int) -> None:
        expect(self.client.gather(self.client.map(no_op, range(count), pure=False)), list(range(count)))

    def commands(self, count: int) -> None:
        expect(self.client.gather(self.client.map(true_command, range(count), pure=False)), [0] * count)

    def call(self, number: int) -> None:
        expect(self.client.submit(no_op, number, pure=False).result(), number)

    def command(self, number: int) -> None:
        expect(self.client.submit(true_command, number, pure=False).result(), 0)

    def chain(self, length: int) -> None:
        future = 7
        for _ in range(length):
            future = self.client.submit(no_op, future, pure=False)
        expect(future.result(), 7)

    def fan(self, width: int) -> None:
        first = self.client.submit(no_op, 1, pure=False)
        middle = self.client.map(add, range(width), [first] * width, pure=False)
        expect(self.client.submit(total, middle, pure=False).result(), sum(range(1, width + 1)))

    def layered(self, count: int) -> None:
        layers = max(count // LAYER, 1)
        graph = {("n", 0, place): (no_op, place) for place in range(LAYER)}
        for layer in range(1, layers):
            for place in range(LAYER):
                graph["n", layer, place] = (add, ("n", layer - 1, place), ("n", layer - 1, (place + 1) % LAYER))
        last = [("n", layers - 1, place) for place in range(LAYER)]
        expect(list(self.client.get(graph, last)), layered_result(layers))


if __name__ == "__main__":
    main(Dask())
