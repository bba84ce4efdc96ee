"""The command curate, with the file system of the tests: python -m tests.engines.drive run …"""

import tests.engines.store  # noqa: F401 - Beam finds the file system by its class
from curate.cli import main
from tests.engines.emulators import no_credentials

if __name__ == "__main__":
    no_credentials()
    main()
