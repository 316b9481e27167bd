"""Ray: a local instance with two CPUs, everything else as it comes."""

import os

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

import ray
from work import LAYER, SLOTS, Contestant, add, expect, layered_result, main, no_op, total, true_command


class Ray(Contestant):
    name = "ray"

    def start(self) -> None:
        ray.init(num_cpus=SLOTS, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        self.no_op, self.add, self.true = ray.remote(no_op), ray.remote(add), ray.remote(true_command)
        self.total = ray.remote(lambda *values: total(list(values)))

    def stop(self) -> None:
        ray.shutdown()

    def functions(self, count: int) -> None:
        expect(ray.get([self.no_op.remote(number) for number in range(count)]), list(range(count)))

    def commands(self, count: int) -> None:
        expect(ray.get([self.true.remote(number) for number in range(count)]), [0] * count)

    def call(self, number: int) -> None:
        expect(ray.get(self.no_op.remote(number)), number)

    def command(self, number: int) -> None:
        expect(ray.get(self.true.remote(number)), 0)

    def chain(self, length: int) -> None:
        value = 7
        for _ in range(length):
            value = self.no_op.remote(value)
        expect(ray.get(value), 7)

    def fan(self, width: int) -> None:
        first = self.no_op.remote(1)
        middle = [self.add.remote(number, first) for number in range(width)]
        expect(ray.get(self.total.remote(*middle)), sum(range(1, width + 1)))

    def layered(self, count: int) -> None:
        layers = max(count // LAYER, 1)
        values = [self.no_op.remote(place) for place in range(LAYER)]
        for _ in range(layers - 1):
            values = [self.add.remote(values[place], values[(place + 1) % LAYER]) for place in range(LAYER)]
        expect(ray.get(values), layered_result(layers))


if __name__ == "__main__":
    main(Ray())
