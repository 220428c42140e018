"""The explorer: a web page, served from this machine, that plays clips with everything that is true of them."""

from segmnist.explore.app import create_app
from segmnist.explore.exhibit import Exhibit
from segmnist.explore.server import serve

__all__ = ["Exhibit", "create_app", "serve"]
