"""Let the tests of this folder import their helper, `films`; without PyAV there is none to run."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("av", reason="PyAV, of the extra [video], is not installed")

# In pytest's importlib mode the folder of a test is not on the path.
sys.path.append(str(Path(__file__).parent))
