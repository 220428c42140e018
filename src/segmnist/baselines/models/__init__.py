"""One file a model, found by `segmnist.baselines.catalog`; `segmnist.baselines` says how to add one."""
