"""Draw the exact posteriors of one video, given one frame, the past or all frames, into ambiguity.png."""

from segmnist import ClipSource, preset
from segmnist.oracle import OBSERVERS, Oracle
from segmnist.views.posteriors import posterior_sheet

spec = preset("exact", sensor_sigma=50.0)
source = ClipSource(spec, split="test", truth=("semantic",))
clip, oracle = source[7], Oracle.of(source)
posteriors = [oracle.posterior(clip, observer) for observer in reversed(OBSERVERS)]
for posterior in posteriors:
    scores = ", ".join(f"{name} {value:.3f}" for name, value in posterior.expected().items())
    print(f"{posterior.observer:8} {scores}")
posterior_sheet(clip, posteriors).save("ambiguity.png")
