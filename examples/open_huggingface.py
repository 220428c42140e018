"""Export clips for Hugging Face and open them in `datasets`: loaded, streamed, and drawn without any file.

    python examples/open_huggingface.py [folder]

Needs the extra `huggingface`.
"""

import sys
import tempfile

import datasets
import numpy as np

import segmnist
from segmnist.dataset import recipe_for
from segmnist.dataset.export import export
from segmnist.load.huggingface import iterable_dataset

place = sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()
recipe = recipe_for(segmnist.preset("standard"), num_clips=16, split="test", truth=("semantic", "boxes"))
folder = export(recipe, place, "huggingface")

loaded = datasets.load_dataset(folder, split="test", cache_dir=f"{place}/cache")
print(loaded)
names = loaded.features["digit_classes"].feature.int2str(loaded[3]["digit_classes"])
print(f"clip 3: {len(loaded[3]['video'])} frames of {loaded[3]['video'][0].size}, digits {', '.join(names)}")

streamed = next(iter(datasets.load_dataset(folder, split="test", streaming=True)))
drawn = next(iter(iterable_dataset("standard", split="test", length=16)))
same = np.array_equal(np.stack([np.asarray(frame) for frame in streamed["semantic"]]), drawn["semantic"])
print(f"streamed from Parquet and drawn anew, the masks of clip 0 are the same: {same}")
