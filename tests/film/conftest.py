"""Let the tests of this folder import their helper, `films`."""

import sys
from pathlib import Path

# In pytest's importlib mode the folder of a test is not on the path.
sys.path.append(str(Path(__file__).parents[1] / "video"))
