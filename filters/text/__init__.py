"""Native text kernels over UTF-8 bytes, and Unicode helpers."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path


def _give_numba_a_cache() -> None:
    """Numba keeps compiled kernels beside their source or in the user's cache folder, and raises where neither can be
    written (a container with a read-only file system): then they go into a folder that ends with the process."""
    beside = os.access(Path(__file__).parent, os.W_OK)
    home = os.access(os.environ.get("XDG_CACHE_HOME") or Path.home(), os.W_OK)
    if "NUMBA_CACHE_DIR" not in os.environ and not beside and not home:
        folder = tempfile.mkdtemp(prefix="curate-kernels-")
        os.environ["NUMBA_CACHE_DIR"] = folder
        atexit.register(shutil.rmtree, folder, ignore_errors=True)


_give_numba_a_cache()
