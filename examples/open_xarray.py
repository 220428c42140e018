"""Store clips as Zarr and open them in xarray: selection and statistics by named dimension.

    python examples/open_xarray.py [folder]

Needs xarray beside segmnist.
"""

import sys
import tempfile

import xarray

import segmnist
from segmnist.dataset import generate, recipe_for

place = sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()
recipe = recipe_for(segmnist.preset("standard"), num_clips=64, split="test", truth=("semantic", "visibility"))
data = xarray.open_zarr(generate(recipe, place))

print(data)
print("mean grey level of the first frame and the last:")
print(data.video.isel(time=[0, -1]).mean(["clip", "y", "x"]).values.round(2))
print("share of pixels that show a digit, over time:")
print((data.semantic < 10).mean(["clip", "y", "x"]).values.round(3))
real = data.digit < data.num_digits
print(f"mean visibility of the {int(real.sum())} digits: {float(data.visibility.where(real).mean()):.3f}")
